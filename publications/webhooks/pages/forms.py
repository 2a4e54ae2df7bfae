"""The form of an address."""

from __future__ import annotations

from django import forms

from campaigns.models import Campaign
from config.events.kinds import PUBLICATION_SUCCEEDED
from config.public_ids import CAMPAIGN, key_of
from publications.webhooks.check_address import AddressRefused, read_url
from publications.webhooks.models import EVENT_GROUPS

MOST_CAMPAIGNS = 50


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
        choices=[
            (group, [(kind, f"{words} ({kind})") for kind, words in kinds.items()])
            for group, kinds in EVENT_GROUPS.items()
        ],
        widget=forms.CheckboxSelectMultiple({"class": "grouped"}),
        initial=[PUBLICATION_SUCCEEDED],
        error_messages={"required": "Select at least one event."},
    )
    campaigns = forms.CharField(
        label="Only of these campaigns",
        required=False,
        max_length=20_000,
        widget=forms.Textarea({"rows": 3, "placeholder": "All campaigns", "spellcheck": "false"}),
        help_text=f"One name or ID per line, up to {MOST_CAMPAIGNS}. What is about no campaign, such as a changed customer, is sent in any case.",
    )
    single_column = True

    def clean_campaigns(self) -> list[int]:
        """Their keys, in order and each once."""
        named = [line.strip() for line in self.cleaned_data["campaigns"].splitlines() if line.strip()]
        if len(named) > MOST_CAMPAIGNS:
            raise forms.ValidationError(f"Name at most {MOST_CAMPAIGNS} campaigns.")
        live = Campaign.objects.live()
        by_name = dict(live.filter(name__in=named).values_list("name", "pk"))
        keys = {line: key_of(CAMPAIGN, line) for line in named}
        there = set(live.filter(pk__in=[key for key in keys.values() if key]).values_list("pk", flat=True))
        found = {line: by_name.get(line) or (keys[line] if keys[line] in there else None) for line in named}
        if missing := [line for line, key in found.items() if key is None]:
            raise forms.ValidationError([f"There is no campaign “{line}”." for line in missing[:5]])
        return sorted({key for key in found.values() if key})

    def clean_url(self) -> str:
        try:
            read_url(self.cleaned_data["url"])
        except AddressRefused as refused:
            raise forms.ValidationError(str(refused)) from None
        return self.cleaned_data["url"]
