"""The forms of the user's own account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpRequest
from django_otp.util import random_hex

KEY_SALT = "handout.second_factor_key"
KEY_SECONDS = 3600


class NameForm(forms.ModelForm):
    all_optional = True
    single_column = True

    class Meta:
        model = User
        fields = ["first_name", "last_name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"


class PasswordConfirmed(forms.Form):
    """Asks for the password again before security settings change: a browser left open must not be enough."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    single_column = True

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        # By the backends, so that guesses count as they do at the sign-in page.
        if not authenticate(self.request, username=self.request.user.get_username(), password=password):
            raise forms.ValidationError("This is not your password.")
        return password


class SetUpForm(PasswordConfirmed):
    """The form carries the key, signed; the key is stored only once the app has produced a valid code for it."""

    second_factor_key = forms.CharField(widget=forms.HiddenInput, max_length=300)
    second_factor_code = forms.CharField(
        label="Code from the app",
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "spellcheck": "false"}),
    )
    field_order = ["second_factor_key", "second_factor_code", "password"]

    @property
    def key(self) -> str:
        """The form's key, or a new one if it has no valid key."""
        sent = self.data.get("second_factor_key", "")
        return _key_in(sent, self.request.user.pk) or self.drawn

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.drawn = random_hex(20)
        signed = signing.dumps([self.request.user.pk, self.key], salt=KEY_SALT)
        self.initial["second_factor_key"] = signed
        if self.is_bound:
            self.data = {**self.data.dict(), "second_factor_key": signed}


def _key_in(signed: str, user_pk: int | None) -> str:
    try:
        whose, key = signing.loads(signed, salt=KEY_SALT, max_age=KEY_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return key if whose == user_pk else ""
