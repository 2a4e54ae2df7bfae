"""What the columns of a file of codes may be, and how a row of it becomes a voucher."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from campaigns.models import Campaign, Voucher
from config.csv_cells import RowRefused, count_of, decimal_of, flag_of, line_of, lines_of, moment_of, shown, text_of
from config.csv_columns import Field, mapped_columns
from config.metadata import MetadataRefused, check_metadata

FIELDS = (
    Field("code", "Code", ("voucher code", "coupon code", "coupon", "voucher")),
    Field("type", "Voucher type"),
    Field("active", "Active"),
    Field("start_date", "Start date", ("valid from",)),
    Field("expiration_date", "Expiration date", ("expiry date", "valid until", "expires", "expires at")),
    Field("discount_type", "Discount type"),
    Field("discount_value", "Value", ("discount value", "discount")),
    Field("unit_type", "Unit", ("unit type", "discount unit type")),
    Field("gift_amount", "Gift amount", ("gift value",)),
    Field("category", "Category"),
    Field("redemption_limit", "Redemption limit", ("redemption quantity",)),
    Field("redeemed_quantity", "Redeemed quantity", ("redemption count",)),
    Field("additional_info", "Additional info", ("additional information",)),
)
# What an export from Voucherify holds besides: ids and moments of that system. A person may still choose them.
IGNORED = (
    *("id", "campaign", "campaign id", "campaign name", "qr code", "bar code", "creation date", "created at"),
    *("last update date", "updated at", "is referral code", "customer id", "customer source id", "metadata"),
    *("gift balance", "loyalty balance", "discount amount limit", "discount unit effect"),
)

Type, Discount = Voucher.Type, Voucher.Discount
_TYPES = {
    "DISCOUNT_VOUCHER": Type.DISCOUNT.value,
    "DISCOUNT": Type.DISCOUNT.value,
    "COUPON": Type.DISCOUNT.value,
    "GIFT_VOUCHER": Type.GIFT.value,
    "GIFT": Type.GIFT.value,
    "GIFT_CARD": Type.GIFT.value,
}
_DISCOUNTS = {kind.value: kind.value for kind in Discount} | {"PERCENTAGE": Discount.PERCENT.value}


def _one_of(choices: dict[str, str], what: str, text: str) -> str:
    if found := choices.get(text.upper().replace(" ", "_")):
        return found
    raise RowRefused(f"{shown(text)} is no {what}. Write {' or '.join(dict.fromkeys(choices.values()))}.")


_READ: dict[str, Callable[[str], Any]] = {
    "code": partial(line_of, longest=255),
    "type": partial(_one_of, _TYPES, "voucher type"),
    "active": flag_of,
    "start_date": moment_of,
    "expiration_date": moment_of,
    "discount_type": partial(_one_of, _DISCOUNTS, "discount type"),
    "discount_value": partial(decimal_of, places=4),
    "unit_type": partial(line_of, longest=100),
    "gift_amount": partial(decimal_of, places=2),
    "category": partial(line_of, longest=100),
    "redemption_limit": partial(count_of, least=1),
    "redeemed_quantity": partial(count_of, least=0),
    "additional_info": partial(lines_of, longest=10_000),
}


class CodeReader:
    """Reads the rows of one file: its headings, what they were mapped to, and the campaign that the codes go to."""

    def __init__(self, headings: Sequence[str], mapping: dict[str, str], campaign: Campaign | None):
        self.columns = mapped_columns(headings, mapping)
        self.campaign = campaign
        self.labels = {column.field: column.heading for column in self.columns}

    def read(self, cells: Sequence[str]) -> dict[str, Any]:
        """The voucher's columns that the row gives; an empty cell gives none. Raises RowRefused with all that is wrong."""
        given: dict[str, Any] = {}
        metadata: dict[str, str] = {}
        wrong: list[str] = []
        for column in self.columns:
            if not (text := text_of(cells[column.index])):
                continue
            try:
                if key := column.metadata_key:
                    metadata[key] = lines_of(text, 10_000)
                else:
                    given[column.field] = _READ[column.field](text)
            except RowRefused as refused:
                wrong.append(f"{column.heading}: {refused}")
        if wrong:
            raise RowRefused(" ".join(wrong))
        if "code" not in given:
            raise self._wrong("code", "is empty. Every row needs a code.")
        if metadata:
            try:
                given["metadata"] = json.dumps(check_metadata(metadata))
            except MetadataRefused as refused:
                raise RowRefused(str(refused)) from None
        self._settle_type(given)
        if "start_date" in given and "expiration_date" in given and given["expiration_date"] <= given["start_date"]:
            raise self._wrong("expiration_date", "is not after the start date.")
        return given

    def _settle_type(self, given: dict[str, Any]) -> None:
        """Type and value: those of the row must go together, and with the campaign's."""
        campaigns = str(self.campaign.voucher_type) if self.campaign else None
        kind = given.setdefault("type", campaigns or Type.DISCOUNT.value)
        if campaigns and kind != campaigns:
            raise self._wrong(
                "type",
                f"{kind} does not fit: the campaign's codes are {campaigns}. Correct it, or choose another campaign.",
            )
        if kind == Type.GIFT:
            self._settle_gift(given)
        else:
            self._settle_discount(given)

    def _settle_gift(self, given: dict[str, Any]) -> None:
        for field in ("discount_type", "unit_type"):
            if field in given:
                raise self._wrong(field, "is for discounts; a gift voucher has a gift amount alone. Empty the cell.")
        value = given.pop("discount_value", None)  # files that have one column for all values
        if value is not None and (given.setdefault("gift_amount", value) != value or value != round(value, 2)):
            raise self._wrong("discount_value", "is not the gift amount. Give the amount once, with two decimals.")
        amount = given.get("gift_amount")
        if amount == 0 or (amount is None and not self.campaign):
            raise self._wrong("gift_amount", "A gift voucher needs an amount above 0.")

    def _settle_discount(self, given: dict[str, Any]) -> None:
        if "gift_amount" in given:
            raise self._wrong("gift_amount", f"is for gift vouchers. Empty it, or make the voucher type {Type.GIFT}.")
        value: Decimal | None = given.get("discount_value")
        kind = (
            given.get("discount_type") or (value is not None and self.campaign and self.campaign.discount_type) or None
        )
        if value is None and kind is None and self.campaign:
            return  # the campaign's value
        if kind is None:
            raise self._wrong(
                "discount_type", "is missing. Write PERCENT, AMOUNT, UNIT or FIXED, and the value beside it."
            )
        if value is None:
            raise self._wrong("discount_value", f"is missing. {kind} needs one, such as 10.")
        given["discount_type"] = kind
        if kind == Discount.PERCENT and not 0 < value <= 100:
            raise self._wrong("discount_value", f"{value} is no percentage. Write a number above 0 and up to 100.")
        if kind == Discount.UNIT and (value < 1 or value % 1):
            raise self._wrong("discount_value", f"{value} is no number of units. Write a whole number from 1 up.")
        if kind in (Discount.AMOUNT, Discount.FIXED) and value != round(value, 2):
            raise self._wrong("discount_value", f"{value} has more than two decimals.")
        if kind == Discount.AMOUNT and value == 0:
            raise self._wrong("discount_value", "must be above 0.")

    def _wrong(self, field: str, what: str) -> RowRefused:
        label = self.labels.get(field) or next(f.label for f in FIELDS if f.name == field)
        return RowRefused(f"{label}: {what}")
