"""The form of a new API key."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from config.api.limits.networks import NetworkRefused, networks_of
from config.api.models import ApiKey
from config.staff.day_limits import MOST
from config.staff.pages.widgets import DateTimeInput

LONGEST_OVERLAP = timedelta(days=90)


class NetworksField(forms.CharField):
    """One a line; the cleaned value is a list, as a key keeps it."""

    widget = forms.Textarea

    def widget_attrs(self, widget: Any) -> dict:
        return {**super().widget_attrs(widget), "class": "mono", "rows": 3, "spellcheck": "false"}

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else "\n".join(value or [])

    def clean(self, value: Any) -> list[str]:
        try:
            return networks_of(super().clean(value).splitlines())
        except NetworkRefused as refused:
            raise forms.ValidationError(str(refused)) from None


class Limits(forms.Form):
    """Until when, from where, and for how much a key may be used."""

    expires_at = forms.DateTimeField(
        label="Expires",
        required=False,
        widget=DateTimeInput,
        help_text="Managers are warned two weeks before. Leave empty for a key that does not expire.",
    )
    codes_per_day = forms.IntegerField(
        label="Codes per day, at most",
        required=False,
        min_value=1,
        max_value=MOST,
        help_text="Published with this key, from midnight to midnight in the project’s time zone. Leave empty for no limit.",
    )
    networks = NetworksField(label="Only from these networks", required=False, max_length=5000)

    def __init__(self, *args: Any, caller: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = f" Your own address is {caller}." if caller else ""
        self.fields[
            "networks"
        ].help_text = f"One per line, such as 203.0.113.0/24 or 2001:db8::/32. Leave empty for anywhere.{here}"

    def clean_expires_at(self) -> datetime | None:
        ends = self.cleaned_data["expires_at"]
        if ends and ends <= timezone.now() and "expires_at" in self.changed_data:
            raise forms.ValidationError("Choose a moment in the future. To end a key now, revoke it.")
        return ends


class ApiKeyForm(Limits):
    # Drawn with the form, so that the same form sent twice makes one key.
    app_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4, required=False)
    name = forms.CharField(max_length=100, help_text="What will use the key, such as “Web shop”.")
    scope = forms.ChoiceField(
        label="Permissions",
        choices=[
            (ApiKey.Scope.ALL, "Full access"),
            (ApiKey.Scope.PUBLISH, "Publish and read"),
            (ApiKey.Scope.READ, "Read only"),
            (ApiKey.Scope.REDEEM, "Validate, redeem and roll back"),
        ],
        widget=forms.RadioSelect,
        initial=ApiKey.Scope.ALL,
    )
    for_integrations = forms.BooleanField(
        label="For integrations that can only send GET requests",
        required=False,
        help_text="Lets the key publish through GET /v1/publications/create. Leave this off unless a tool needs it: URLs "
        "end up in logs, and anyone who repeats one publishes again.",
    )
    single_column = True
    field_order: Sequence[str] = ["app_id", "name", "scope", "for_integrations"]


class EditKeyForm(Limits):
    name = forms.CharField(max_length=100)
    single_column = True
    field_order: Sequence[str] = ["name"]


class RotateForm(forms.Form):
    seen = forms.IntegerField(widget=forms.HiddenInput)
    until = forms.DateTimeField(
        label="The old token works until",
        required=False,
        widget=DateTimeInput,
        help_text="Both tokens work until then. Leave empty to end the old one now, for example because it leaked.",
    )
    single_column = True

    def clean_until(self) -> datetime | None:
        until = self.cleaned_data["until"]
        if until and not timezone.now() < until <= timezone.now() + LONGEST_OVERLAP:
            raise forms.ValidationError(f"Choose a moment within the next {LONGEST_OVERLAP.days} days.")
        return until
