"""The form of an address."""

from __future__ import annotations

from django import forms

from config.events.kinds import PUBLICATION_SUCCEEDED
from publications.webhooks.check_address import AddressRefused, read_url
from publications.webhooks.models import EVENTS


class AddressForm(forms.Form):
    url = forms.CharField(
        label="URL",
        max_length=500,
        widget=forms.TextInput(
            attrs={
                "class": "mono",
                "inputmode": "url",
                "placeholder": "https://shop.example.com/webhooks",
                "spellcheck": "false",
            }
        ),
        help_text="It must respond to each request within 10 seconds with a 2xx status.",
    )
    events = forms.MultipleChoiceField(
        choices=[(kind, f"{words} ({kind})") for kind, words in EVENTS.items()],
        widget=forms.CheckboxSelectMultiple,
        initial=[PUBLICATION_SUCCEEDED],
        error_messages={"required": "Select at least one event."},
    )
    single_column = True

    def clean_url(self) -> str:
        try:
            read_url(self.cleaned_data["url"])
        except AddressRefused as refused:
            raise forms.ValidationError(str(refused)) from None
        return self.cleaned_data["url"]
