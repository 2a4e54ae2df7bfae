"""The dialogs for ordering a file."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.models import User
from django.http import QueryDict
from django.utils.html import format_html

from campaigns.models import Campaign
from config.imports.csv.layout import Dates, Delimiter
from config.public_ids import CAMPAIGN, key_of
from config.staff.roles import MANAGE, may
from publications.exports.actions.remember_layout import PREFERRED, preferred, remember
from publications.exports.choose_columns import (
    METADATA,
    MOST,
    TooManyColumns,
    UnknownColumn,
    available,
    check_columns,
    heading_of,
    metadata_keys,
    usual,
)
from publications.exports.models import LONGEST_FOR_WHOM, Export, FileLayout, FilePreference, Format, Order
from publications.exports.report import LONGEST_FILTERS, NAMED

MadeFor, Mark = FilePreference.MadeFor, FilePreference.ByteOrderMark
CSV_SETTINGS = ("CSV settings", "", ["delimiter", "byte_order_mark", "dates"])


def _choice(label: str, text: str) -> str:
    return format_html('<span>{}<br><small class="muted">{}</small></span>', label, text)


class FileForm(forms.Form):
    """What the file is for, which decides how it is written. It starts with what the person chose last time."""

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
        help_text="Who gets the file, such as a shop, a printer or an agency. The history shows it with the codes.",
        error_messages={"required": "Enter who gets the file."},
    )
    fieldsets = [("", "", ["count", "everything", "for_whom", "made_for"]), CSV_SETTINGS]
    all_optional = True  # "optional" beside the number would mislead: it is needed unless all codes are wanted

    def __init__(self, data: QueryDict | None = None, *, user: User, in_pool: int) -> None:
        super().__init__(data, user=user)
        self.fields["everything"].label = f"All free codes in the pool (currently {in_pool:,})"

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if "count" not in self.errors and bool(cleaned.get("count")) == cleaned["everything"]:
            if cleaned["everything"]:
                self.add_error("count", "You chose all codes and also entered a number. Clear one of them.")
            else:
                self.add_error("count", "Enter how many codes the file should contain, or choose all.")
        return cleaned


class ColumnItem(NamedTuple):
    name: str
    heading: str
    chosen: bool


def moved(items: list[ColumnItem], act: str, metadata_key: str) -> list[ColumnItem]:
    """The columns after a button was pressed: "up:code", "down:code", or "add" for a metadata key."""
    way, _, name = act.partition(":")
    place = next((at for at, item in enumerate(items) if item.name == name), None)
    if act == "add" and (key := metadata_key.strip()):
        added = ColumnItem(METADATA + key, METADATA + key, True)
        return [*(item for item in items if item.name != added.name), added]
    other = {"up": -1, "down": 1}.get(way)
    if place is None or other is None or not 0 <= place + other < len(items):
        return items
    items[place], items[place + other] = items[place + other], items[place]
    return items


class ReportForm(FileForm):
    """What is reported comes with the link of a list page, and the form carries it on; else it is chosen here."""

    kind = forms.ChoiceField(label="Report of", widget=forms.RadioSelect)
    order = forms.ChoiceField(label="Order", required=False, choices=Order.choices)
    campaign = forms.CharField(widget=forms.HiddenInput, required=False)
    filters = forms.CharField(widget=forms.HiddenInput, required=False, max_length=LONGEST_FILTERS)
    fieldsets = [("", "", ["kind", "order", "made_for"]), CSV_SETTINGS]

    def __init__(self, data: QueryDict | None = None, *, user: User, initial: dict[str, Any] | None = None) -> None:
        super().__init__(data, user=user, initial=initial)
        names = {
            Export.Kind.CODES: "Codes",
            Export.Kind.PUBLICATIONS: "Publications",
            Export.Kind.CUSTOMERS: "Customers",
            Export.Kind.HOLDERS: "Customers with their codes",
            Export.Kind.REDEMPTIONS: "Redemptions",
            Export.Kind.TRANSACTIONS: "Gift voucher balances",
            Export.Kind.CAMPAIGNS: "Campaigns",
            Export.Kind.DISTRIBUTIONS: "Distributions",
            Export.Kind.FUNNEL: "Funnel",
            **({Export.Kind.AUDIT: "Audit log"} if may(user, MANAGE) else {}),
        }
        # Of one distribution, by the link on its page.
        of_one = {Export.Kind.RECIPIENTS: "Recipients", Export.Kind.FIRINGS: "Firings"}
        if (kind := self["kind"].value()) in of_one:
            names = {kind: of_one[kind]}
        self.fields["kind"].choices = names.items()
        self.chooses_columns = kind in names and (not data or data.get("act") or "listed" in data)
        if kind in names and (self.chooses_columns or not data):
            self.fields["kind"].widget = forms.HiddenInput()
        if kind not in NAMED:
            self.fields["order"].choices = Order.choices[:2]
        if not self.chooses_columns:
            del self.fields["order"]
        self.columns = self._columns() if self.chooses_columns else []

    @property
    def about(self) -> Export:
        """An export as it would be ordered, for showing it."""
        return Export(
            kind=self["kind"].value() or "",
            campaign=self._campaign(self["campaign"].value()),
            filters=self["filters"].value() or "",
        )

    def _columns(self) -> list[ColumnItem]:
        """All columns of this kind: what was chosen first, in its order, then the others."""
        kind = self["kind"].value()
        if self.is_bound and "listed" in self.data:
            listed, chosen = self.data.getlist("listed"), set(self.data.getlist("columns"))
        else:
            first = list(self.initial.get("columns") or usual(kind))
            listed, chosen = [*first, *available(kind), *metadata_keys(self.about)], set(first)
        items = [ColumnItem(name, heading_of(kind, name), name in chosen) for name in dict.fromkeys(listed)][: 3 * MOST]
        return moved(items, self.data.get("act", "") if self.is_bound else "", self.data.get("metadata_key", ""))

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if self.chooses_columns and "kind" in cleaned:
            cleaned["columns"] = [item.name for item in self.columns if item.chosen]
            if not cleaned["columns"]:
                self.add_error(None, "Choose at least one column.")
            try:
                check_columns(cleaned["kind"], cleaned["columns"])
            except (UnknownColumn, TooManyColumns) as wrong:
                self.add_error(None, str(wrong))
        return cleaned

    def clean_campaign(self) -> Campaign | None:
        given = self.cleaned_data["campaign"]
        campaign = self._campaign(given)
        if given and not campaign:
            raise forms.ValidationError("This campaign does not exist.")
        return campaign

    def _campaign(self, given: str | None) -> Campaign | None:
        return Campaign.objects.filter(pk=key_of(CAMPAIGN, given or "") or 0).first() if given else None
