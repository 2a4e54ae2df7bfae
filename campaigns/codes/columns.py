"""The columns that a file of codes may have, and how a row becomes a voucher."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, cast

from django.db.models import TextField

from campaigns.check_value import MOST_REDEMPTIONS, check_dates, check_value
from campaigns.codes.code_space import LONGEST_CODE, RESERVED
from campaigns.codes.headings import OTHER_LANGUAGES
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.imports.csv.cells import (
    RowRefused,
    count_of,
    flag_of,
    line_of,
    lines_of,
    object_of,
    shown,
)
from config.imports.csv.columns import Field, mapped_columns
from config.imports.csv.formats import PLAIN, Formats, decimal_of, moment_of
from config.imports.csv.known_files import known_file
from config.metadata import MAX_BYTES, MetadataRefused, check_metadata

TEXTS = [cast(TextField, Voucher._meta.get_field(name)) for name in Voucher.TEXTS]
OTHER_HEADINGS = {"additional_info": ("additional information",)}
_FIELDS = (
    Field(
        "code",
        "Code",
        (
            "voucher code",
            "coupon code",
            "coupon",
            "voucher",
            "voucher no",
            "voucher number",
            "discount code",
            "promo code",
        ),
        "code",
    ),
    Field("type", "Voucher type"),
    Field("active", "Active", ("enabled",)),
    Field("start_date", "Start date", ("valid from", "start", "starts at"), "date"),
    Field(
        "expiration_date",
        "Expiration date",
        (
            *("expiry date", "expiry", "expiration", "valid until", "valid to", "expires", "expires at", "expires on"),
            *("end date", "ends at"),
        ),
        "expiry",
    ),
    Field("discount_type", "Discount type", ("value type",)),
    Field("discount_value", "Value", ("discount value", "discount", "amount"), "money"),
    Field("unit_type", "Unit", ("unit type", "discount unit type")),
    Field(
        "gift_amount",
        "Gift amount",
        ("gift value", "initial value", "initial balance", "original value", "initial amount"),
        "money",
    ),
    Field(
        "gift_balance", "Gift balance", ("balance", "current balance", "remaining balance", "remaining value"), "money"
    ),  # what is left of the amount; it becomes the code's amount
    Field("category", "Category"),
    Field(
        "redemption_limit",
        "Redemption limit",
        ("redemption quantity", "usage limit", "usage limit per code", "max uses"),
    ),
    Field("redeemed_quantity", "Redeemed quantity", ("redemption count", "times used", "uses")),
    *(Field(text.name, str(text.verbose_name), OTHER_HEADINGS.get(text.name, ())) for text in TEXTS),
    Field("metadata", "Metadata as JSON", ("metadata",)),  # the other columns may become one key of it each
)
FIELDS = tuple(field._replace(headings=(*field.headings, *OTHER_LANGUAGES.get(field.name, ()))) for field in _FIELDS)
# What an export from Voucherify holds besides: ids and moments of that system. A person may still choose them.
IGNORED = (
    *("id", "campaign", "campaign id", "campaign name", "qr code", "bar code", "creation date", "created at"),
    *("last update date", "updated at", "is referral code", "customer id", "customer source id"),
    *("loyalty balance", "loyalty card balance", "discount amount limit", "discount effect", "discount unit effect"),
    *("formula", "barcode", "validity timeframe interval", "validity timeframe duration", "validity day of week"),
    *("validation rules id", "currency", "customer name", "customer email", "email", "last characters", "order name"),
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
_DISCOUNTS = {kind.value: kind.value for kind in Discount} | {
    "PERCENTAGE": Discount.PERCENT.value,
    "%": Discount.PERCENT.value,
    "FIXED_AMOUNT": Discount.AMOUNT.value,  # as shops call it: an amount off
}
# A state rather than a truth; what has expired, or is not valid yet, is told by its dates.
_STATES = {"scheduled": True, "expired": True, "enabled": True, "disabled": False, "deactivated": False}


NO_DISCOUNT_TYPE = "is missing. Write PERCENT or AMOUNT, or import into a campaign, whose value then applies."
_VALUE = ("discount_type", "discount_value", "unit_type", "gift_amount")
_OF_VALUE = {*_VALUE, "type", "gift_balance"}
_OF_GIFTS, _OF_DISCOUNTS = ("gift_amount", "gift_balance"), {"discount_type", "discount_value"}


@lru_cache(maxsize=1000)  # a file has few different values and a million rows
def _value_errors(gift: bool, needed: bool, *value: Any) -> dict[str, str]:
    voucher = Voucher(**{name: given for name, given in zip(_VALUE, value, strict=True) if given is not None})
    return check_value(voucher, gift=gift, needed=needed)


def _type_by_value(given: Mapping[str, Any]) -> str:
    """Of a row that does not say it: what has an amount or a balance, and no discount, is a gift card."""
    is_gift = any(given.get(name) for name in _OF_GIFTS) and given.keys().isdisjoint(_OF_DISCOUNTS)
    return str((Type.GIFT if is_gift else Type.DISCOUNT).value)


def _code_of(text: str) -> str:
    if text in RESERVED:
        raise RowRefused("is reserved by the API. Choose another code.")
    if text.isprintable() and len(text) <= LONGEST_CODE:
        return text
    raise RowRefused(f"has more than {LONGEST_CODE} characters, or an invisible one. Correct it.")


def _stored(metadata: dict[str, Any]) -> str:
    """As JSON. Texts without control characters can only be refused for their size, and objects have been checked: the
    rest is not checked a million times."""
    text = json.dumps(metadata)
    if len(text) > MAX_BYTES // 4:
        try:
            check_metadata(metadata)
        except MetadataRefused as refused:
            raise RowRefused(str(refused)) from None
    return text


def _one_of(choices: dict[str, str], what: str, text: str) -> str:
    if found := choices.get(text.upper().replace(" ", "_")):
        return found
    raise RowRefused(f"{shown(text)} is not a valid {what}. Write {' or '.join(dict.fromkeys(choices.values()))}.")


def _count_of(text: str, *, least: int) -> int:
    if (count := count_of(text, least=least)) <= MOST_REDEMPTIONS:
        return count
    raise RowRefused(f"{shown(text)} is too large. The maximum is {MOST_REDEMPTIONS:,}.")


_READ: dict[str, Callable[[str], Any]] = {
    "code": _code_of,
    "type": partial(_one_of, _TYPES, "voucher type"),
    "active": lambda text: _STATES[word] if (word := text.lower()) in _STATES else flag_of(text),
    "discount_type": partial(_one_of, _DISCOUNTS, "discount type"),
    "unit_type": partial(line_of, longest=100),
    "category": partial(line_of, longest=100),
    "redemption_limit": partial(_count_of, least=1),
    "redeemed_quantity": partial(_count_of, least=0),
    **{text.name: partial(lines_of, longest=text.max_length or 0) for text in TEXTS},
    "metadata": object_of,
}


def _discount_of(text: str, formats: Formats, *, negative: bool = False) -> Decimal:
    """Of 10 %, and of -10.0 in the files of a shop that writes discounts as `negative` amounts, the number."""
    return decimal_of(text.removeprefix("-" if negative else "").removesuffix("%").strip(), formats, places=4)


# What is read as the file writes it: these take its formats as well.
_READ_AS_WRITTEN: dict[str, Callable[..., Any]] = {
    "start_date": moment_of,
    "expiration_date": partial(moment_of, end=True),
    "discount_value": _discount_of,
    "gift_amount": partial(decimal_of, places=2),
    "gift_balance": partial(decimal_of, places=2),
}


class CodeReader:
    """Reads the rows of one file, given its headings, what they are mapped to, and the campaign the codes go to."""

    def __init__(
        self, headings: Sequence[str], mapping: dict[str, str], campaign: Campaign | None, formats: Formats = PLAIN
    ) -> None:
        self.campaign, self.text_of = campaign, formats.text_of
        columns = mapped_columns(headings, mapping)
        self.labels = {column.field: column.heading for column in columns}
        read = _READ | {name: partial(parse, formats=formats) for name, parse in _READ_AS_WRITTEN.items()}
        if known_file(headings, FIELDS):
            read["discount_value"] = partial(_discount_of, formats=formats, negative=True)
        self.columns = [(*column, column.metadata_key, read.get(column.field)) for column in columns]

    def code(self, cells: Sequence[str]) -> str:
        """The row's code, whatever else is wrong with the row."""
        return next((self.text_of(cells[place]) for place, _, field, *_ in self.columns if field == "code"), "")

    def stored(self, cells: Sequence[str]) -> dict[int, Any]:
        """{position of a column: what its cell becomes, or the cell itself if it cannot be read}"""
        values: dict[int, Any] = {}
        for place, _, _, _, parse in self.columns:
            text = self.text_of(cells[place])
            values[place] = text
            if parse and text:
                with suppress(RowRefused):
                    values[place] = parse(text)
        return values

    def read(self, cells: Sequence[str]) -> dict[str, Any]:
        """The voucher's columns that the row gives; an empty cell gives none. `used`: somebody has made use of it before.

        Raises RowRefused with all that is wrong."""
        given, metadata, unread = self._parse(cells)
        wrong = list(unread.values())
        if "code" not in given and "code" not in unread:
            wrong.append(self._of("code", "is empty. Every row needs a code."))
        if metadata := {**given.pop("metadata", {}), **metadata}:
            try:
                given["metadata"] = _stored(metadata)
            except RowRefused as refused:
                wrong.append(str(refused))
        if unread.keys().isdisjoint(_OF_VALUE):  # else what is missing is known already
            wrong += self._settle_value(given)
        given["used"] = given.get("used", False) or given.get("redeemed_quantity", 0) > 0
        for field, error in check_dates(given.get("start_date"), given.get("expiration_date")).items():
            wrong.append(self._of(field, error))
        if wrong:
            raise RowRefused(*wrong)
        return given

    def _parse(self, cells: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
        """The cells that are not empty: ({field: value}, {metadata key: text}, {field that cannot be read: why})."""
        given: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        unread: dict[str, str] = {}
        for place, heading, field, metadata_key, parse in self.columns:
            if not (text := self.text_of(cells[place])):
                continue
            try:
                if parse:
                    given[field] = parse(text)
                else:
                    metadata[metadata_key] = lines_of(text, 10_000)
            except RowRefused as refused:
                # Columns of metadata share one field.
                unread[field] = " ".join(filter(None, (unread.get(field), f"{heading}: {refused}")))
        return given, metadata, unread

    def _settle_value(self, given: dict[str, Any]) -> list[str]:
        """Type and value of a row must go together, and with the campaign's; nothing that was written is dropped.
        Returns what is wrong."""
        campaigns = str(self.campaign.voucher_type) if self.campaign else None
        kind = given.setdefault("type", campaigns or _type_by_value(given))
        if campaigns and kind != campaigns:
            what = f"{kind} does not match the campaign, whose codes are {campaigns}. Correct it, or choose another campaign."
            return [self._of("type", what)]
        gift = kind == Type.GIFT
        balance = given.pop("gift_balance", None)
        foreign = [] if gift or not balance else ["gift_balance"]  # an export may write 0 for what has none
        if balance is not None and gift:
            worth = given.get("gift_amount", given.pop("discount_value", balance))
            given["gift_amount"], given["used"] = balance, balance == 0 or balance < worth
        if gift and "gift_amount" not in given and "discount_value" in given:  # files with one column for all values
            given["gift_amount"] = given.pop("discount_value")
            if given["gift_amount"] != round(given["gift_amount"], 2):
                return [self._of("discount_value", "has more than two decimals.")]
        others = ("discount_type", "discount_value", "unit_type") if gift else ("gift_amount",)
        if foreign := [*foreign, *(field for field in others if field in given)]:
            what = f"does not belong to a {kind}. Empty the cell, or correct the voucher type."
            return [self._of(field, what) for field in foreign]
        if self.campaign and "discount_value" in given and "discount_type" not in given:
            given["discount_type"] = self.campaign.discount_type
            given.setdefault("unit_type", self.campaign.unit_type)
        if not self.campaign and not gift and "discount_type" not in given:
            return [self._of("discount_type", NO_DISCOUNT_TYPE)]
        if gift and balance == 0:  # a card that is used up stays one, with nothing on it
            return []
        errors = _value_errors(gift, self.campaign is None, *map(given.get, _VALUE))
        return [self._of(field, error) for field, error in errors.items()]

    def _of(self, field: str, what: str) -> str:
        label = self.labels.get(field) or next(f.label for f in FIELDS if f.name == field)
        return f"{label}: {what}"
