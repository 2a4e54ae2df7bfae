"""Campaigns as the API returns them (docs/api.md, "Vouchers, campaigns, customers")."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from campaigns import models
from campaigns.codes.answers import Discount, Gift, discount_answer, gift_answer, is_referral
from campaigns.codes.models import Voucher
from config.api.door import iso
from config.api.schemas import MAYBE, SHOWN, Answer, CampaignId, Metadata, Moment, NeverSet, Nothing, Rules


class CodeConfig(Answer):
    length: int = Field(examples=[8])
    """The number of random characters."""
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
    """AUTO_UPDATE generates codes when its pool is empty; STANDALONE has a single named code."""
    voucher: CampaignVoucher
    auto_join: Literal[False]
    join_once: bool
    use_voucher_metadata_schema: Literal[False]
    start_date: Moment | None = SHOWN
    """Absent in the response to the call that cleared it, like `expiration_date`."""
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
    """What happened in a campaign, in numbers. Amounts are in hundredths; the last fields depend on its type."""

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
    """For referral programs."""
    created_vouchers_amount: int = MAYBE
    amount_added: Literal[0] = MAYBE
    amount_deleted: Literal[0] = MAYBE
    amount_redeemed: int = MAYBE
    amount_rolledback: int = MAYBE
    amount_subtracted: Literal[0] = MAYBE


def campaign_answer(campaign: models.Campaign, *, vouchers_count: int, generation: str) -> dict[str, Any]:
    """`generation` is IN_PROGRESS, DONE or FAILED: the state of generating its codes."""
    dates = {"start_date": iso(campaign.start_date), "expiration_date": iso(campaign.expiration_date)}
    gift = campaign.voucher_type == Voucher.Type.GIFT
    return Campaign.of(
        campaign,
        description=campaign.description or None,
        campaign_type=campaign.kind,
        type="STANDALONE" if campaign.standalone else "AUTO_UPDATE" if campaign.auto_update else "STATIC",
        voucher=CampaignVoucher.of(
            type=campaign.voucher_type,
            **({"gift": gift_answer(campaign)} if gift else {"discount": discount_answer(campaign)}),
            redemption={"quantity": campaign.redemption_limit},
            code_config=_code_config(campaign),
            is_referral_code=is_referral(campaign),
            **dates,
        ),
        **dates,
        activity_duration_after_publishing=campaign.activity_duration or None,
        vouchers_count=vouchers_count,
        category=campaign.category or None,
        creation_status=generation,
        vouchers_generation_status=generation,
    )


def _code_config(campaign: Campaign) -> dict[str, Any]:
    pattern = campaign.code_pattern or "#" * campaign.code_length
    config = {"length": pattern.count("#"), "charset": campaign.code_charset, "pattern": pattern}
    if campaign.code_prefix:
        config["prefix"] = campaign.code_prefix
    if campaign.code_postfix:
        config["postfix"] = campaign.code_postfix
    return config
