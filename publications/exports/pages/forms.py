"""The dialogs that order a file."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils.html import format_html

from campaigns.models import Campaign
from config.imports.csv.layout import Dates, Delimiter
from config.public_ids import CAMPAIGN, key_of
from publications.exports.actions.remember_layout import PREFERRED, preferred, remember
from publications.exports.models import LONGEST_FOR_WHOM, Export, FileLayout, FilePreference, Format
from publications.exports.report import LONGEST_FILTERS

MadeFor, Mark = FilePreference.MadeFor, FilePreference.ByteOrderMark
CSV_SETTINGS = ("CSV settings", "", ["delimiter", "byte_order_mark", "dates"])


def _choice(label: str, text: str) -> str:
    return format_html('<span>{}<br><small class="muted">{}</small></span>', label, text)


class FileForm(forms.Form):
    """What the file is for, which decides how it is written. It begins with what the person chose last time."""

    made_for = forms.ChoiceField(
        label="Format",
        widget=forms.RadioSelect,
        initial=MadeFor.XLSX,
        choices=[
            (
                MadeFor.XLSX,
                _choice("Excel workbook (.xlsx)", "Opens right everywhere: codes are text, dates are dates."),
            ),
            (
                MadeFor.EXCEL,
                _choice(
                    "CSV for Excel", "Codes that Excel would change, such as 00012345 or 12-MAR, are marked as text."
                ),
            ),
            (
                MadeFor.SPREADSHEET,
                _choice(
                    "CSV for another spreadsheet", "Google Sheets, LibreOffice, Numbers. Formulas are neutralised."
                ),
            ),
            (
                MadeFor.PROGRAM,
                _choice("CSV for a program", "Every character as stored. Do not open this file in a spreadsheet."),
            ),
        ],
    )
    delimiter = forms.ChoiceField(
        label="Separator",
        required=False,
        choices=Delimiter.choices,
        help_text="Excel expects a semicolon where numbers have a decimal comma, as in German or French.",
    )
    byte_order_mark = forms.ChoiceField(
        label="Byte order mark",
        required=False,
        choices=Mark.choices,
        help_text="Without it, Excel shows accents wrong; some programs cannot read it.",
    )
    dates = forms.ChoiceField(label="Dates", required=False, choices=Dates.choices)
    # The same form sent twice orders once.
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    single_column = True

    def __init__(self, data: QueryDict | None = None, *, user: User, initial: dict[str, Any] | None = None) -> None:
        self.user = user
        super().__init__(data, initial={**preferred(user), **(initial or {})})

    @property
    def layout(self) -> FileLayout:
        """For `order_hand_out` and `order_report`."""
        made_for = self.cleaned_data["made_for"]
        mark = self.cleaned_data["byte_order_mark"] or Mark.AS_NEEDED
        if made_for == MadeFor.XLSX:
            return FileLayout(format=Format.XLSX)
        return FileLayout(
            for_excel=made_for == MadeFor.EXCEL,
            lossless=made_for == MadeFor.PROGRAM,
            byte_order_mark=mark == Mark.ALWAYS or (mark == Mark.AS_NEEDED and made_for == MadeFor.EXCEL),
            delimiter=self.cleaned_data["delimiter"] or Delimiter.COMMA,
            dates=self.cleaned_data["dates"] or Dates.ISO,
        )

    def remember(self) -> None:
        chosen = {name: self.cleaned_data[name] for name in PREFERRED if self.cleaned_data[name]}
        remember(self.user, **chosen)


class HandOutForm(FileForm):
    count = forms.IntegerField(
        label="Number of codes",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    everything = forms.BooleanField(required=False)
    for_whom = forms.CharField(
        label="For whom",
        max_length=LONGEST_FOR_WHOM,
        help_text="Who gets the file, such as a shop, a printer or an agency. It stands in the history beside the codes.",
        error_messages={"required": "Enter who gets the file."},
    )
    fieldsets = [("", "", ["count", "everything", "for_whom", "made_for"]), CSV_SETTINGS]
    all_optional = True  # "optional" beside the number would mislead: it is needed unless all codes are wanted

    def __init__(self, data: QueryDict | None = None, *, user: User, in_pool: int) -> None:
        super().__init__(data, user=user)
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
    fieldsets = [("", "", ["kind", "made_for"]), CSV_SETTINGS]

    def __init__(self, data: QueryDict | None = None, *, user: User, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, user=user, initial=initial)
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
