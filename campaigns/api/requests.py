"""A campaign as API callers send it, and which column each field goes to."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from campaigns.models import Value
from config.api.bodies import Sent, array_of
from config.api.conditions import TIME_EXPECTED, parse_time

# column of a voucher -> what callers call it
VOUCHER_NAMES = {
    "discount_type": "discount.type",
    "discount_value": "discount",
    "unit_type": "discount.unit_type",
    "gift_amount": "gift.amount",
    "redemption_limit": "redemption.quantity",
    "count": "vouchers_count",
}
# column of a campaign -> what callers call it
NAMES = {
    **{column: f"voucher.{name}" for column, name in VOUCHER_NAMES.items()},
    **{f"code_{name}": f"voucher.code_config.{name}" for name in ("length", "charset", "prefix", "postfix", "pattern")},
    "count": "vouchers_count",
    "kind": "campaign_type",
    "auto_update": "type",
    "standalone": "type",
    "activity_duration": "activity_duration_after_publishing",
}


def _time(value: Any) -> Any:
    if value is None:
        return None
    moment = parse_time(value) if isinstance(value, str) else None
    if not moment:
        raise ValueError(TIME_EXPECTED)
    return moment


def _number(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return Decimal(str(value))


def _hundredths(value: Any) -> Any:
    number = _number(value)
    return None if number is None else number / 100


# With what callers send, which is what the API's reference tells.
Time = Annotated[datetime | None, BeforeValidator(_time, json_schema_input_type=datetime | None)]
Number = Annotated[Decimal | None, BeforeValidator(_number, json_schema_input_type=float | None)]
Money = Annotated[Decimal | None, BeforeValidator(_hundredths, json_schema_input_type=float | None)]  # hundredths


class DiscountSent(Sent):
    """Only the field that belongs to the type counts."""

    type: Literal["PERCENT", "AMOUNT", "UNIT", "FIXED"]
    percent_off: Number = None
    """0.01 to 100."""
    amount_off: Money = None
    """In hundredths: 1000 is 10.00."""
    unit_off: Number = None
    """The number of free units."""
    unit_type: str | None = None
    """What the units are."""
    fixed_amount: Money = None
    """The price, in hundredths."""

    def columns(self) -> dict[str, Any]:
        value = {
            Value.Discount.PERCENT: self.percent_off,
            Value.Discount.AMOUNT: self.amount_off,
            Value.Discount.UNIT: self.unit_off,
            Value.Discount.FIXED: self.fixed_amount,
        }[Value.Discount(self.type)]
        return {"discount_type": self.type, "discount_value": value, "unit_type": self.unit_type or ""}


class GiftSent(Sent):
    amount: Money = None
    """In hundredths: 5000 is 50.00."""


class LimitSent(Sent):
    quantity: int | None = Field(None, json_schema_extra={"minimum": 1})
    """How often each voucher can be redeemed; unlimited by default."""


class CodeConfigSent(Sent):
    length: Number = None
    """The number of random characters."""
    charset: str | None = None
    """The characters to choose from."""
    prefix: str | None = None
    postfix: str | None = None
    pattern: str | None = None
    """Each `#` becomes a random character, as in `TEA-####`; overrides `length`."""

    @field_validator("length")
    @classmethod
    def _is_whole(cls, length: Decimal | None) -> Decimal | None:
        if length is not None and length % 1:
            raise ValueError("must be a whole number")
        return length

    def given(self) -> dict[str, Any]:
        """The arguments of code_space() that were sent."""
        found = {name: value for name, value in self if value not in (None, "")}
        return {**found, "length": int(found["length"])} if "length" in found else found


class CampaignVoucherSent(Sent):
    type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"] | None = None
    discount: DiscountSent | None = None
    """For every campaign type except GIFT_VOUCHERS."""
    gift: GiftSent | None = None
    """For GIFT_VOUCHERS."""
    redemption: LimitSent | None = None
    code: str | None = None
    """For a STANDALONE campaign: its only code."""
    code_config: CodeConfigSent | None = None


DATES = ("start_date", "expiration_date")
CampaignType = Literal["STATIC", "AUTO_UPDATE", "STANDALONE"]


def _type_columns(type_: str | None) -> dict[str, bool]:
    return {"auto_update": type_ == "AUTO_UPDATE", "standalone": type_ == "STANDALONE"} if type_ else {}


class Named(Sent):
    name: str
    """Unique."""
    campaign_type: Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS", "REFERRAL_PROGRAM"] | None = None
    """By default, follows the voucher: DISCOUNT_COUPONS or GIFT_VOUCHERS."""


class CampaignFields(Sent):
    """What can be sent when a campaign is created or changed."""

    type: CampaignType | None = None
    """AUTO_UPDATE generates more codes on demand; STANDALONE has a single named code."""
    description: str | None = None
    category: str | None = None
    join_once: bool | None = None
    """A customer who already has a code of the campaign gets the same one again."""
    start_date: Time = None
    expiration_date: Time = None
    activity_duration_after_publishing: str | None = None
    """ISO 8601, such as P24D: how long after publication a code expires."""
    metadata: dict[str, Any] | None = None

    def texts(self) -> dict[str, Any]:
        """Those that were given, as columns of Campaign."""
        given = {name: getattr(self, name) for name in ("description", "category", "join_once")}
        given["activity_duration"] = self.activity_duration_after_publishing
        return {column: value for column, value in given.items() if value is not None} | _type_columns(self.type)


class CampaignSent(CampaignFields, Named):
    """The body of POST /v1/campaigns."""

    active: bool | None = None
    vouchers_count: int | None = Field(None, ge=0)
    """How many codes to generate, in the background."""
    voucher: CampaignVoucherSent

    @model_validator(mode="after")
    def _value_fits_the_kind(self) -> Self:
        voucher = self.voucher
        if not self.campaign_type and (
            voucher.type == "GIFT_VOUCHER" or (not voucher.type and voucher.gift and not voucher.discount)
        ):
            self.campaign_type = "GIFT_VOUCHERS"
        gift = self.campaign_type == "GIFT_VOUCHERS"
        if gift and not self.voucher.gift:
            raise ValueError("must have voucher.gift: it is required for a GIFT_VOUCHERS campaign")
        if not gift and not self.voucher.discount:
            kind = self.campaign_type or "DISCOUNT_COUPONS"
            raise ValueError(f"must have voucher.discount: it is required for a {kind} campaign")
        if self.voucher.type and gift != (self.voucher.type == "GIFT_VOUCHER"):
            raise ValueError("must have a voucher.type that goes with its campaign_type")
        return self

    @property
    def code(self) -> str:
        """Of a STANDALONE campaign: the text of its code, sent as it is or as a pattern without random characters."""
        config = self.voucher.code_config
        if self.type != "STANDALONE":
            return ""
        if config and config.pattern and "#" not in config.pattern:
            return (config.prefix or "") + config.pattern + (config.postfix or "")
        return self.voucher.code or ""

    def columns(self) -> dict[str, Any]:
        """What was sent, as columns of Campaign. What was not sent keeps the column's default."""
        given: dict[str, Any] = {
            name: getattr(self, name) for name in ("name", "active", "start_date", "expiration_date", "metadata")
        }
        given["kind"] = self.campaign_type
        voucher = self.voucher
        if voucher.gift and self.campaign_type == "GIFT_VOUCHERS":
            given["gift_amount"] = voucher.gift.amount
        elif voucher.discount:
            given |= voucher.discount.columns()
        if voucher.code_config and not self.code:
            given |= {f"code_{name}": value for name, value in voucher.code_config.given().items()}
        found = {column: value for column, value in given.items() if value is not None} | self.texts()
        found["redemption_limit"] = voucher.redemption.quantity if voucher.redemption else None  # without limit
        return found


class CampaignUpdateSent(CampaignFields):
    """The body of PUT /v1/campaigns/{id}. Fields that are not sent stay. null clears a date; elsewhere it counts as not
    sent.
    """

    discount: DiscountSent | None = None
    """For discount campaigns; the type cannot change."""
    gift: GiftSent | None = None
    """For gift voucher campaigns."""
    metadata: dict[str, Any] | None = None
    """Merged with the existing metadata."""
    unset_metadata_fields: array_of(str, most=1_000) | None = None
    """Metadata keys to remove."""

    def cleared(self) -> list[str]:
        return [date for date in DATES if date in self.model_fields_set and getattr(self, date) is None]

    def changes(self, *, gift: bool) -> dict[str, Any]:
        """As columns of a Campaign of gift vouchers or discounts; a value of the other kind is ignored."""
        changes = self.texts() | {date: getattr(self, date) for date in DATES if date in self.model_fields_set}
        if self.discount and not gift:
            changes |= self.discount.columns()
        if self.gift and gift:
            changes["gift_amount"] = self.gift.amount
        return changes
