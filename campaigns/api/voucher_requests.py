"""Vouchers as callers of the API send them, and what of them goes into which column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, create_model

from campaigns.api.requests import DATES, VOUCHER_NAMES, CodeConfigSent, DiscountSent, GiftSent, LimitSent, Time
from campaigns.check_value import InvalidFields
from campaigns.codes.models import Voucher
from config.api.bodies import Sent
from config.api.door import invalid_payload
from config.api.openapi import path_parameter
from config.metadata import MetadataRefused, check_metadata

VoucherRef = path_parameter("A voucher's code or `v_…` id.", "AUTUMN-7GK2")


@contextmanager
def named_as_sent() -> Iterator[None]:
    """What a verb says of columns, said of the fields of a voucher."""
    try:
        yield
    except InvalidFields as refused:
        wrong = "; ".join(f"{VOUCHER_NAMES.get(name, name)}: {message}" for name, message in refused.errors.items())
        raise invalid_payload(wrong) from None


class Described(Sent):
    category: str | None = None
    start_date: Time = None
    expiration_date: Time = None
    metadata: dict[str, Any] | None = None


def _texts(**limits: int) -> Any:
    return create_model("Texts", __base__=Sent, **dict.fromkeys(Voucher.TEXTS, (str | None, Field(None, **limits))))


class VoucherFields(_texts(), Described):
    """What may be said of a voucher wherever one is made or changed."""


class NewVoucherFields(VoucherFields):
    redemption: LimitSent | None = None

    def columns(self) -> dict[str, Any]:
        """What was given, as columns of Voucher."""
        given = {name: getattr(self, name) for name in VoucherFields.model_fields}
        if self.redemption:
            given["redemption_limit"] = self.redemption.quantity
        return {column: value for column, value in given.items() if value is not None}


class AddedVoucherSent(NewVoucherFields):
    """The body of POST /v1/campaigns/{id}/vouchers/{code}; of …/vouchers with `code` or `code_config`."""

    active: bool | None = None
    code: str | None = None
    """A code of your own; else one is made."""
    code_config: CodeConfigSent | None = None
    """How to make the code, where not as the campaign does."""

    def columns(self) -> dict[str, Any]:
        return super().columns() | ({} if self.active is None else {"active": self.active})


class VoucherSent(AddedVoucherSent):
    """The body of POST /v1/vouchers and /v1/vouchers/{code}: a standalone voucher, or one of the campaign named."""

    type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"] | None = None
    discount: DiscountSent | None = None
    """Of a voucher without a campaign."""
    gift: GiftSent | None = None
    campaign: str | None = None
    """A campaign’s name or id, for a voucher of it."""
    campaign_id: str | None = None

    def columns(self) -> dict[str, Any]:
        return super().columns() | value_columns(self)


class VoucherUpdateSent(VoucherFields):
    """The body of PUT /v1/vouchers/{code}. What is not in it stays. null clears a date; else it counts as not given."""

    active: bool | None = None
    discount: DiscountSent | None = None
    """Of the type that the voucher has."""

    def changes(self) -> dict[str, Any]:
        given = {name: getattr(self, name) for name in ("category", *Voucher.TEXTS, "active", "metadata")}
        changes = {column: value for column, value in given.items() if value is not None}
        changes |= {date: getattr(self, date) for date in DATES if date in self.model_fields_set}
        return changes | (self.discount.columns() if self.discount else {})


def _storable(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        return check_metadata(metadata)
    except MetadataRefused as refused:
        raise ValueError(str(refused)) from None


class ImportedVoucherSent(_texts(max_length=20_000), NewVoucherFields):
    """One of the vouchers that POST …/import is sent. What is wrong with a value, the import itself says later."""

    code: str | None = Field(None, max_length=1_000)
    category: str | None = Field(None, max_length=10_000)
    metadata: Annotated[dict[str, Any], AfterValidator(_storable)] | None = None
    active: bool | None = None
    type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"] | None = None
    discount: DiscountSent | None = None
    gift: GiftSent | None = None

    def row(self) -> Mapping[str, Any]:
        """{field of campaigns.codes.columns: value}"""
        return self.columns() | value_columns(self) | {"code": self.code, "active": self.active}


def value_columns(sent: VoucherSent | ImportedVoucherSent) -> dict[str, Any]:
    """Type and value, as far as given."""
    columns: dict[str, Any] = {}
    if sent.type or sent.gift:
        columns["type"] = sent.type or "GIFT_VOUCHER"
    if sent.discount and columns.get("type") != "GIFT_VOUCHER":
        columns |= sent.discount.columns()
    if sent.gift and columns["type"] == "GIFT_VOUCHER":
        columns["gift_amount"] = sent.gift.amount
    return columns
