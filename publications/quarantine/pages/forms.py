"""The forms of the page After a restore."""

from __future__ import annotations

from typing import Any

from django import forms

from campaigns.codes.queries.find import CampaignNotFound, find_campaign
from campaigns.models import Campaign
from config.staff.pages.widgets import Combobox

LARGEST = 20 * 1024 * 1024  # bytes, which a request works through; manage.py after_restore takes any size


def _file(label: str, help_text: str) -> forms.FileField:
    return forms.FileField(label=label, allow_empty_file=True, help_text=help_text)


class UploadForm(forms.Form):
    single_column = True

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(
                f"The file is larger than {LARGEST // 1024 // 1024} MB. Use manage.py after_restore on the server for it."
            )
        return file


class NextForm(forms.Form):
    count = forms.IntegerField(
        label="Number of codes",
        min_value=1,
        max_value=100_000,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        help_text="The next codes, in the order they are published. If in doubt, withdraw more: you can return them to the pool one by one.",
    )
    single_column = True


class ListedForm(UploadForm):
    file = _file("CSV file", "With a column “code” and, if available, “campaign”. Up to 20 MB.")
    campaign = forms.CharField(
        label="Campaign of unknown codes",
        max_length=255,
        required=False,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Campaign name"}),
        help_text="Codes created after the backup are added as withdrawn. Needed if the file does not name a campaign.",
    )

    def clean_campaign(self) -> Campaign | None:
        if not (typed := self.cleaned_data["campaign"].strip()):
            return None
        try:
            return find_campaign(typed)
        except CampaignNotFound:
            raise forms.ValidationError(f"There is no campaign “{typed}”.") from None


class SentForm(UploadForm):
    file = _file("Log of the mail server", "Any text with the Message-IDs of messages sent since then. Up to 20 MB.")
