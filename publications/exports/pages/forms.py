"""The dialogs that order a file."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.html import format_html

from campaigns.models import Campaign
from config.public_ids import CAMPAIGN, key_of
from publications.exports.models import Export
from publications.exports.report import LONGEST_FILTERS

EXCEL, SPREADSHEET, PROGRAM = "excel", "spreadsheet", "program"


def _choice(label: str, text: str) -> str:
    return format_html('<span>{}<br><small class="muted">{}</small></span>', label, text)


class FileForm(forms.Form):
    """What the file is for, which decides how it is written."""

    made_for = forms.ChoiceField(
        label="Format",
        widget=forms.RadioSelect,
        initial=EXCEL,
        choices=[
            (EXCEL, _choice("Excel", "Shows accents correctly; formulas are neutralised.")),
            (
                SPREADSHEET,
                _choice("Other spreadsheet", "Google Sheets, LibreOffice, Numbers. Formulas are neutralised."),
            ),
            (
                PROGRAM,
                _choice("Other program", "Every character as stored. Do not open this file in a spreadsheet."),
            ),
        ],
    )
    # The same form sent twice orders once.
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    single_column = True

    @property
    def options(self) -> dict:
        """For `order_hand_out` and `order_report`."""
        made_for = self.cleaned_data["made_for"]
        return {
            "for_excel": made_for == EXCEL,
            "lossless": made_for == PROGRAM,
            "form_token": self.cleaned_data["token"],
        }


class HandOutForm(FileForm):
    count = forms.IntegerField(
        label="Number of codes",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    everything = forms.BooleanField(required=False)
    field_order = ["count", "everything", "made_for"]
    all_optional = True  # "optional" beside the number would mislead: it is needed unless all codes are wanted

    def __init__(self, data: QueryDict | None = None, *, in_pool: int) -> None:
        super().__init__(data)
        self.fields["everything"].label = f"All codes in the pool (currently {in_pool:,})"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "count" not in self.errors and bool(cleaned.get("count")) == cleaned["everything"]:
            if cleaned["everything"]:
                self.add_error("count", "You chose all codes and also entered a number. Clear one of them.")
            else:
                self.add_error("count", "Enter how many codes the file should contain, or choose all.")
        return cleaned


class ReportForm(FileForm):
    """What is reported comes with the link of a list page, and the form carries it on; else it is chosen here."""

    kind = forms.ChoiceField(label="Report of", widget=forms.RadioSelect)
    campaign = forms.CharField(widget=forms.HiddenInput, required=False)
    filters = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LONGEST_FILTERS)
    field_order = ["kind", "made_for"]

    def __init__(self, data: QueryDict | None = None, *, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, initial=initial)
        names = {
            Export.Kind.CODES: "Codes",
            Export.Kind.PUBLICATIONS: "Publications",
            Export.Kind.CUSTOMERS: "Customers",
        }
        # Of one distribution, by the link on its page.
        of_one = {Export.Kind.RECIPIENTS: "Recipients", Export.Kind.FIRINGS: "Firings"}
        if (kind := self["kind"].value()) in of_one:
            names = {kind: of_one[kind]}
        self.fields["kind"].choices = names.items()
        if self["kind"].value() in names:
            self.fields["kind"].widget = forms.HiddenInput()

    @property
    def about(self) -> Export:
        """An export as it would be ordered, for showing it."""
        return Export(
            kind=self["kind"].value() or "",
            campaign=self._campaign(self["campaign"].value()),
            filters=self["filters"].value() or "",
        )

    def clean_campaign(self) -> Campaign | None:
        given = self.cleaned_data["campaign"]
        campaign = self._campaign(given)
        if given and not campaign:
            raise forms.ValidationError("This campaign does not exist.")
        return campaign

    def _campaign(self, given: str | None) -> Campaign | None:
        return Campaign.objects.filter(pk=key_of(CAMPAIGN, given or "")).first() if given else None
