"""Vouchers as the API returns them (docs/api.md, "Vouchers, campaigns, customers")."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from campaigns.codes import models
from campaigns.models import Campaign, Value
from config.api.door import hundredths, iso, number
from config.api.schemas import (
    MAYBE,
    SHOWN,
    Answer,
    CampaignId,
    CustomerId,
    Hundredths,
    Metadata,
    Moment,
    NeverSet,
    Nothing,
    Rules,
    VoucherId,
)


class PercentOff(Answer):
    type: Literal["PERCENT"]
    percent_off: int | float = Field(examples=[10])


class AmountOff(Answer):
    type: Literal["AMOUNT"]
    amount_off: Hundredths


class UnitsOff(Answer):
    type: Literal["UNIT"]
    unit_off: int
    unit_type: str


class FixedPrice(Answer):
    type: Literal["FIXED"]
    fixed_amount: Hundredths


Discount = PercentOff | AmountOff | UnitsOff | FixedPrice


class Gift(Answer):
    amount: Hundredths
    balance: Hundredths


class Redeemable(Answer):
    """How often the voucher can be redeemed, and how often it was."""

    object: Literal["list"]
    quantity: int | None = Field(examples=[1])
    """null: unlimited."""
    redeemed_quantity: int = Field(examples=[0])
    redeemed_amount: Hundredths = MAYBE
    """For gift vouchers."""
    url: str = Field(examples=["/v1/vouchers/AUTUMN-7GK2/redemptions?page=1&limit=10"])


class Holding(Answer):
    """The publication that gave the voucher to its holder."""

    customer_id: CustomerId | None
    customer: str | None = Field(examples=["12344"])
    """The customer's source_id."""
    channel: str = Field(examples=["newsletter_October"])
    published_at: Moment
    metadata: Metadata | None
    object: Literal["publication"]


class Published(Answer):
    object: Literal["list"]
    count: int = Field(ge=0, le=1)
    """1 while a customer holds the voucher, otherwise 0."""
    data_ref: Literal["entries"]
    entries: list[Holding] = Field(max_length=1)
    total: int = Field(ge=0, le=1)
    url: str = Field(examples=["/v1/vouchers/AUTUMN-7GK2/publications?page=1&limit=10"])


class NotMade(Answer):
    """Always empty."""


class Assets(Answer):
    """Pictures of the code are not made."""

    qr: NotMade
    barcode: NotMade


class Voucher(Answer):
    """A code, what it is worth, and who holds it. Fields that it does not set itself come from its campaign."""

    id: VoucherId
    code: str = Field(examples=["AUTUMN-7GK2"])
    """Masked (`••••••K2`) if it is unpublished and the key may not see it."""
    campaign: str | None = Field(examples=["Autumn coffee"])
    campaign_id: CampaignId | None
    category: str | None = Field(examples=[None])
    category_id: Nothing
    categories: NeverSet
    type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"]
    discount: Discount | None
    gift: Gift | None = Field(examples=[None])
    loyalty_card: Nothing
    start_date: Moment | None
    expiration_date: Moment | None
    validity_timeframe: Nothing
    validity_day_of_week: Nothing
    active: bool = Field(examples=[True])
    additional_info: str | None = Field(examples=[None])
    metadata: Metadata
    assets: Assets
    is_referral_code: bool
    created_at: Moment
    updated_at: Moment | None
    holder_id: CustomerId | None
    referrer_id: CustomerId = MAYBE
    """The holder of a published referral code."""
    redemption: Redeemable
    publish: Published
    validation_rules_assignments: Rules
    object: Literal["voucher"]


class ShortVoucher(Answer):
    """A voucher as lists of publications show it: with `discount` or `gift`."""

    code: str = Field(examples=["AUTUMN-7GK2"])
    object: Literal["voucher"]
    campaign: str | None = Field(examples=["Autumn coffee"])
    is_referral_code: bool
    discount: Discount | None = SHOWN
    gift: Gift = MAYBE


def discount_answer(value: Value) -> dict[str, Any] | None:
    """Percent as a number, money in hundredths, units as a whole number."""
    off = value.discount_value
    match value.discount_type:
        case Value.Discount.PERCENT:
            return {"type": "PERCENT", "percent_off": number(off)}
        case Value.Discount.AMOUNT:
            return {"type": "AMOUNT", "amount_off": hundredths(off)}
        case Value.Discount.UNIT:
            return {"type": "UNIT", "unit_off": int(off or 0), "unit_type": value.unit_type}
        case Value.Discount.FIXED:
            return {"type": "FIXED", "fixed_amount": hundredths(off)}
    return None


def gift_answer(value: Value, *, redeemed: Decimal = Decimal(0)) -> dict[str, Any] | None:
    """`redeemed`: what has been spent. It exceeds the amount only if the campaign's amount was lowered since."""
    if value.gift_amount is None:
        return None
    return {
        "amount": hundredths(value.gift_amount),
        "balance": hundredths(max(value.gift_amount - redeemed, Decimal(0))),
    }


def short_voucher_answer(voucher: models.Voucher, *, code: str) -> dict[str, Any]:
    """As in lists of publications; `code` is the code as this caller may see it."""
    return ShortVoucher.of(voucher, code=code, **_campaign_of(voucher), **value_answer(voucher))


def voucher_answer(
    voucher: models.Voucher, *, code: str, reference: str, publish: dict[str, Any], holder_id: str | None
) -> dict[str, Any]:
    """The whole voucher, with `campaign` joined. Fields that it does not set itself come from its campaign.

    `code` is the code as this caller may see it, `reference` its quoted stand-in for addresses; `publish` and
    `holder_id` say who holds it, which this app does not know.
    """
    campaign = voucher.campaign
    limit = voucher.redemption_limit
    if limit is None and campaign:
        limit = campaign.redemption_limit
    is_gift = voucher.type == models.Voucher.Type.GIFT
    of_campaign = _campaign_of(voucher)
    return Voucher.of(
        voucher,
        code=code,
        **of_campaign,
        campaign_id=campaign.public_id if campaign else None,
        category=voucher.category or (campaign.category if campaign else None) or None,
        **{"discount": None, "gift": None, **value_answer(voucher)},
        start_date=iso(voucher.start_date or (campaign.start_date if campaign else None)),
        expiration_date=iso(voucher.expiration_date or (campaign.expiration_date if campaign else None)),
        metadata=voucher.metadata or {},
        holder_id=holder_id,
        **({"referrer_id": holder_id} if holder_id and of_campaign["is_referral_code"] else {}),
        redemption={
            "quantity": limit,
            "redeemed_quantity": voucher.redeemed_quantity,
            **({"redeemed_amount": hundredths(voucher.redeemed_amount)} if is_gift else {}),
            "object": "list",
            "url": f"/v1/vouchers/{reference}/redemptions?page=1&limit=10",
        },
        publish=publish,
    )


def is_referral(campaign: Campaign | None) -> bool:
    return campaign is not None and campaign.kind == Campaign.Kind.REFERRAL_PROGRAM


def _campaign_of(voucher: models.Voucher) -> dict[str, Any]:
    campaign = voucher.campaign
    return {"campaign": campaign.name if campaign else None, "is_referral_code": is_referral(campaign)}


def value_answer(voucher: models.Voucher) -> dict[str, Any]:
    """`gift` or `discount`: its own, otherwise the campaign's."""
    if voucher.type == models.Voucher.Type.GIFT:
        own = voucher.gift_amount is not None or voucher.campaign is None
        return {"gift": gift_answer(voucher if own else voucher.campaign, redeemed=voucher.redeemed_amount)}
    own = voucher.discount_type is not None or voucher.campaign is None
    return {"discount": discount_answer(voucher if own else voucher.campaign)}
