"""Campaigns and vouchers as the API answers with them (docs/api.md, "Vouchers, campaigns, customers")."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from campaigns.codes.models import Voucher
from campaigns.models import Campaign, Value
from config.api.door import hundredths, iso, number

NO_RULES = {"object": "list", "data_ref": "data", "data": [], "total": 0}


def discount_answer(value: Value) -> dict[str, Any] | None:
    """Percent as it is, money in hundredths, units as a whole number."""
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
    """`redeemed`: what was taken of it. More than the amount only where a campaign's was lowered since."""
    if value.gift_amount is None:
        return None
    return {
        "amount": hundredths(value.gift_amount),
        "balance": hundredths(max(value.gift_amount - redeemed, Decimal(0))),
    }


def short_voucher_answer(voucher: Voucher, *, code: str) -> dict[str, Any]:
    """As in lists of publications; `code` is the code as this caller may see it."""
    campaign = voucher.campaign
    answer: dict[str, Any] = {
        "code": code,
        "object": "voucher",
        "campaign": campaign.name if campaign else None,
        "is_referral_code": _is_referral(campaign),
    }
    if gift := _gift_of(voucher):
        answer["gift"] = gift
    else:
        answer["discount"] = _discount_of(voucher)
    return answer


def voucher_answer(
    voucher: Voucher, *, code: str, reference: str, publish: dict[str, Any], holder_id: str | None
) -> dict[str, Any]:
    """The whole voucher, with `campaign` joined. What it does not say itself is its campaign's.

    `code` is the code as this caller may see it, `reference` what stands for it in an address, quoted; `publish` and
    `holder_id` tell who holds it, which this app does not know.
    """
    campaign = voucher.campaign
    limit = voucher.redemption_limit
    if limit is None and campaign:
        limit = campaign.redemption_limit
    return {
        "id": voucher.public_id,
        "code": code,
        "campaign": campaign.name if campaign else None,
        "campaign_id": campaign.public_id if campaign else None,
        "category": voucher.category or (campaign.category if campaign else None) or None,
        "category_id": None,
        "categories": [],
        "type": voucher.type,
        "discount": None if voucher.type == Voucher.Type.GIFT else _discount_of(voucher),
        "gift": _gift_of(voucher),
        "loyalty_card": None,
        "start_date": iso(voucher.start_date or (campaign.start_date if campaign else None)),
        "expiration_date": iso(voucher.expiration_date or (campaign.expiration_date if campaign else None)),
        "validity_timeframe": None,
        "validity_day_of_week": None,
        "active": voucher.active,
        "additional_info": voucher.additional_info,
        "metadata": voucher.metadata or {},
        "is_referral_code": _is_referral(campaign),
        "created_at": iso(voucher.created_at),
        "updated_at": iso(voucher.updated_at),
        "holder_id": holder_id,
        **({"referrer_id": holder_id} if holder_id and _is_referral(campaign) else {}),
        "redemption": {
            "quantity": limit,
            "redeemed_quantity": voucher.redeemed_quantity,
            **({"redeemed_amount": hundredths(voucher.redeemed_amount)} if voucher.type == Voucher.Type.GIFT else {}),
            "object": "list",
            "url": f"/v1/vouchers/{reference}/redemptions?page=1&limit=10",
        },
        "publish": publish,
        "validation_rules_assignments": NO_RULES,
        "object": "voucher",
    }


def campaign_answer(campaign: Campaign, *, vouchers_count: int, generation: str) -> dict[str, Any]:
    """`generation` is IN_PROGRESS, DONE or FAILED: how far the making of its codes is."""
    dates = {"start_date": iso(campaign.start_date), "expiration_date": iso(campaign.expiration_date)}
    return {
        "id": campaign.public_id,
        "name": campaign.name,
        "description": campaign.description or None,
        "campaign_type": campaign.kind,
        "type": "STANDALONE" if campaign.standalone else "AUTO_UPDATE" if campaign.auto_update else "STATIC",
        "voucher": {
            "type": campaign.voucher_type,
            **_value_of(campaign),
            "redemption": {"quantity": campaign.redemption_limit},
            "code_config": _code_config(campaign),
            "is_referral_code": _is_referral(campaign),
            **dates,
        },
        "auto_join": False,
        "join_once": campaign.join_once,
        "use_voucher_metadata_schema": False,
        **dates,
        "validity_timeframe": None,
        "validity_day_of_week": None,
        "activity_duration_after_publishing": campaign.activity_duration or None,
        "vouchers_count": vouchers_count,
        "active": campaign.active,
        "metadata": campaign.metadata,
        "created_at": iso(campaign.created_at),
        "updated_at": iso(campaign.updated_at),
        "category": campaign.category or None,
        "category_id": None,
        "categories": [],
        "creation_status": generation,
        "vouchers_generation_status": generation,
        "protected": False,
        "validation_rules_assignments": NO_RULES,
        "object": "campaign",
    }


def _value_of(campaign: Campaign) -> dict[str, Any]:
    if campaign.voucher_type == Voucher.Type.GIFT:
        return {"gift": gift_answer(campaign)}
    return {"discount": discount_answer(campaign)}


def _discount_of(voucher: Voucher) -> dict[str, Any] | None:
    own = voucher.discount_type is not None or voucher.campaign is None
    return discount_answer(voucher if own else voucher.campaign)


def _gift_of(voucher: Voucher) -> dict[str, Any] | None:
    if voucher.type != Voucher.Type.GIFT:
        return None
    own = voucher.gift_amount is not None or voucher.campaign is None
    return gift_answer(voucher if own else voucher.campaign, redeemed=voucher.redeemed_amount)


def _is_referral(campaign: Campaign | None) -> bool:
    return campaign is not None and campaign.kind == Campaign.Kind.REFERRAL_PROGRAM


def _code_config(campaign: Campaign) -> dict[str, Any]:
    pattern = campaign.code_pattern or "#" * campaign.code_length
    config = {"length": pattern.count("#"), "charset": campaign.code_charset, "pattern": pattern}
    if campaign.code_prefix:
        config["prefix"] = campaign.code_prefix
    if campaign.code_postfix:
        config["postfix"] = campaign.code_postfix
    return config
