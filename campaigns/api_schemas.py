"""Campaigns and vouchers in the OpenAPI document: what campaigns/answers.py answers with."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.api.schemas import (
    MAYBE,
    SHOWN,
    Answer,
    CampaignId,
    CustomerId,
    Hundredths,
    Listed,
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
    """How often the voucher may be used, and was."""

    object: Literal["list"]
    quantity: int | None = Field(examples=[1])
    """null: without limit."""
    redeemed_quantity: int = Field(examples=[0])
    redeemed_amount: Hundredths = MAYBE
    """Of a gift voucher."""
    url: str = Field(examples=["/v1/vouchers/AUTUMN-7GK2/redemptions?page=1&limit=10"])


class Holding(Answer):
    """The publication that gave the voucher to whoever holds it."""

    object: Literal["publication"]
    customer_id: CustomerId | None
    customer: str | None = Field(examples=["12344"])
    """The customer's source_id."""
    channel: str = Field(examples=["newsletter_October"])
    published_at: Moment
    metadata: Metadata | None


class Published(Answer):
    object: Literal["list"]
    data_ref: Literal["entries"]
    count: int = Field(ge=0, le=1)
    """1 while a customer holds the voucher, else 0."""
    entries: list[Holding] = Field(max_length=1)
    total: int = Field(ge=0, le=1)
    url: str = Field(examples=["/v1/vouchers/AUTUMN-7GK2/publications?page=1&limit=10"])


class Voucher(Answer):
    """A code, what it is worth, and who holds it. What it does not say itself is its campaign's."""

    id: VoucherId
    code: str = Field(examples=["AUTUMN-7GK2"])
    """Masked (`••••••K2`) where it is not published and the key may not see it."""
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
    is_referral_code: bool
    created_at: Moment
    updated_at: Moment | None
    holder_id: CustomerId | None
    referrer_id: CustomerId = MAYBE
    """Of a referral code that is published: who holds it."""
    redemption: Redeemable
    publish: Published
    validation_rules_assignments: Rules
    object: Literal["voucher"]


class VoucherList(Listed):
    data_ref: Literal["vouchers"]
    vouchers: list[Voucher]


class ShortVoucher(Answer):
    """A voucher as lists of publications show it: with `discount` or `gift`."""

    code: str = Field(examples=["AUTUMN-7GK2"])
    object: Literal["voucher"]
    campaign: str | None = Field(examples=["Autumn coffee"])
    is_referral_code: bool
    discount: Discount | None = SHOWN
    gift: Gift = MAYBE


class CodeConfig(Answer):
    length: int = Field(examples=[8])
    """How many characters are drawn at random."""
    charset: str = Field(examples=["23456789ABCDEFGHJKLMNPQRSTUVWXYZ"])
    pattern: str = Field(examples=["AUTUMN-########"])
    prefix: str = MAYBE
    postfix: str = MAYBE


class RedemptionLimit(Answer):
    quantity: int | None = Field(examples=[1])


class CampaignVoucher(Answer):
    """What the campaign's vouchers are: with `discount` or `gift`."""

    type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"]
    discount: Discount | None = SHOWN
    gift: Gift = MAYBE
    redemption: RedemptionLimit
    code_config: CodeConfig
    is_referral_code: bool
    start_date: Moment | None
    expiration_date: Moment | None


class Campaign(Answer):
    """A set of vouchers that are worth the same."""

    id: CampaignId
    name: str = Field(examples=["Autumn coffee"])
    description: str | None = Field(examples=[None])
    campaign_type: Literal["DISCOUNT_COUPONS", "GIFT_VOUCHERS", "REFERRAL_PROGRAM"]
    type: Literal["STATIC", "AUTO_UPDATE", "STANDALONE"] = Field(examples=["AUTO_UPDATE"])
    """AUTO_UPDATE makes codes when its pool is empty; STANDALONE has one named code."""
    voucher: CampaignVoucher
    auto_join: Literal[False]
    join_once: bool
    use_voucher_metadata_schema: Literal[False]
    start_date: Moment | None = SHOWN
    """Absent in the answer to the call that cleared it, as `expiration_date` is."""
    expiration_date: Moment | None = SHOWN
    validity_timeframe: Nothing
    validity_day_of_week: Nothing
    activity_duration_after_publishing: str | None = Field(examples=["P24D"])
    vouchers_count: int = Field(examples=[100])
    active: bool = Field(examples=[True])
    metadata: Metadata
    created_at: Moment
    updated_at: Moment | None
    category: str | None = Field(examples=[None])
    category_id: Nothing
    categories: NeverSet
    creation_status: Literal["DONE", "IN_PROGRESS", "FAILED"]
    vouchers_generation_status: Literal["DONE", "IN_PROGRESS", "FAILED"]
    protected: Literal[False]
    validation_rules_assignments: Rules
    object: Literal["campaign"]


class Empty(Answer):
    """An object without fields."""


class CampaignSummary(Answer):
    """What happened in a campaign, counted. Amounts are in hundredths; the last ones depend on its type."""

    object: Literal["campaign_summary"]
    campaign: Campaign
    redemptions: int
    redemptions_succeeded: int
    redemptions_failed: int
    rollbacks: int
    rollbacks_succeeded: int
    rollbacks_failed: int
    validations: Literal[0]
    validations_succeeded: Literal[0]
    validations_failed: Literal[0]
    vouchers_created: int
    vouchers_deleted: int
    publications: int
    publications_succeeded: int
    publications_failed: int
    orders_amount: int
    orders_rolledback_amount: int
    discounted_amount: Literal[0] = MAYBE
    rolledback_discounted_amount: Literal[0] = MAYBE
    referred_customers: int = MAYBE
    """Of a referral program."""
    created_vouchers_amount: int = MAYBE
    amount_added: Literal[0] = MAYBE
    amount_deleted: Literal[0] = MAYBE
    amount_redeemed: int = MAYBE
    amount_rolledback: int = MAYBE
    amount_subtracted: Literal[0] = MAYBE
