"""The forms of single codes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone

from campaigns.codes.actions.change_code import CHANGEABLE
from campaigns.codes.actions.create_codes import FIELDS, MOST_AT_ONCE
from campaigns.codes.code_space import LONGEST_CODE
from campaigns.codes.models import Voucher
from campaigns.pages.forms import (
    CONFIGURATION,
    DISCOUNT_FIELDS,
    GIFT_FIELDS,
    MONO,
    CodeFields,
    ValueFields,
    VerbForm,
    of,
)
from config.staff.pages.forms import MetadataField
from config.staff.pages.widgets import DateTimeInput, Switch


class LinesField(forms.CharField):
    """Lines as they are kept, not as a browser sends them."""

    def clean(self, value: Any) -> str:
        return super().clean(value).replace("\r\n", "\n")


def _lines(name: str) -> forms.Field:
    return of(name, Voucher, form_class=LinesField, widget=forms.Textarea(attrs={"rows": 3}))


TextsForm: Any = type("TextsForm", (VerbForm,), {name: _lines(name) for name in Voucher.TEXTS})


class CodeForm(TextsForm):
    """What can be changed about a code."""

    start_date = of("start_date", Voucher, label="Valid from", widget=DateTimeInput)
    expiration_date = of("expiration_date", Voucher, label="Expires", widget=DateTimeInput)
    category = of("category", Voucher)
    active = of("active", Voucher, label="Active", widget=Switch)
    metadata = MetadataField()

    def __init__(self, data: QueryDict | None = None, *, voucher: Voucher | None = None) -> None:
        super().__init__(data)
        if voucher is not None:
            self.start_from(voucher)

    @property
    def fieldsets(self) -> list[Any]:
        return [
            ("Time", f"In the project’s time zone, {timezone.get_current_timezone_name()}.", ["start_date", "expiration_date"]),
            ("Code", "", ["category", "active", *Voucher.TEXTS, "metadata"]),
        ]  # fmt: skip

    def changes(self) -> dict[str, Any]:
        return self.changed(CHANGEABLE)


class NewCodesForm(CodeForm, ValueFields, CodeFields):
    """Standalone codes: one with a given text, or many random ones."""

    how = forms.ChoiceField(
        label="Create",
        choices=[("named", "One code of your choice"), ("random", "Random codes")],
        widget=forms.RadioSelect,
        initial="named",
    )
    code = forms.CharField(
        label="Code",
        max_length=LONGEST_CODE,
        required=False,
        widget=forms.TextInput(attrs={**MONO, "placeholder": "WELCOME10"}),
    )
    count = forms.IntegerField(
        label="Number of codes",
        min_value=1,
        max_value=MOST_AT_ONCE,
        initial=10,
        required=False,
        help_text=f"Up to {MOST_AT_ONCE:,}. For more, create a campaign.",
    )
    type = of("type", Voucher, label="Kind", widget=forms.RadioSelect, choices=Voucher.Type.choices)
    redemption_limit = of(
        "redemption_limit",
        Voucher,
        label="Redemptions per code",
        min_value=1,
        initial=1,
        help_text="Leave empty for no limit.",
    )
    active = of("active", Voucher, label="Active", widget=Switch, initial=True)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.initial["discount_type"] = Voucher.Discount.PERCENT

    @property
    def fieldsets(self) -> list[Any]:
        time, code = super().fieldsets
        return [
            ("Codes", "", ["how", "code", *CONFIGURATION, "count"]),
            ("Offer", "", ["type", *DISCOUNT_FIELDS, *GIFT_FIELDS, "redemption_limit", "gift_limit"]),
            time,
            ("More", "", code[2]),
        ]

    def clean(self) -> dict[str, Any]:
        super().clean()
        cleaned = self.cleaned_data
        if cleaned.get("how") == "named" and not cleaned.get("code") and "code" not in self.errors:
            self.add_error("code", "Enter the code.")
        if cleaned.get("how") == "random" and not cleaned.get("count") and "count" not in self.errors:
            self.add_error("count", "Enter the number of codes.")
        return cleaned

    def columns(self) -> dict[str, Any]:
        return self.given(FIELDS) | self.given_limit()
