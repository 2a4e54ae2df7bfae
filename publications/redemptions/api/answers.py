"""Redemptions and rollbacks as the API answers with them. They come from `with_all_about`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import Field

from campaigns.codes.answers import ShortVoucher, Voucher, short_voucher_answer
from campaigns.codes.models import Voucher as Code
from config.api.auth import Key
from config.api.door import hundredths, iso
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
    VoucherId,
    id_of,
)
from config.public_ids import CAMPAIGN, CUSTOMER, REDEMPTION, public_id
from customers.answers import CustomerOfOrder, SimpleCustomer, simple_customer_answer
from publications.answers.answers import voucher_answers
from publications.answers.masked_codes import shown_code
from publications.redemptions import models
from publications.redemptions.api.stacking import SkippedRedeemable

RedemptionId = id_of("r|rf|rr|rrf", "r_Yq3TzN8kGm5LwX1c")


class VoucherOfRedemption(ShortVoucher):
    """A voucher as lists of redemptions show it."""

    id: VoucherId
    campaign_id: CampaignId | None


class Related(Answer):
    id: RedemptionId
    date: Moment


class RelatedRedemptions(Answer):
    rollbacks: list[Related] = Field(examples=[[]])
    redemptions: list[Related] = Field(examples=[[]])


class RedemptionChannel(Answer):
    channel_id: str = Field(examples=["131e9e3d-925a-4faa-a07c-dfd535db27bf"])
    channel_type: Literal["API", "USER"]


class GiftUsed(Answer):
    amount: Hundredths


class Order(Answer):
    """The order as it was sent, and what the codes took off it. Amounts are in hundredths."""

    model_config = {"extra": "allow"}

    object: Literal["order"]
    source_id: str | None = Field(examples=["order-1001"])
    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"] = Field(examples=["PAID"])
    amount: int = Field(default=None, examples=[2000])
    initial_amount: int = Field(default=None, examples=[2000])
    discount_amount: int = Field(default=None, examples=[200])
    total_discount_amount: int = Field(default=None, examples=[200])
    """The total discount of all codes so far."""
    applied_discount_amount: int = Field(default=None, examples=[200])
    total_applied_discount_amount: int = Field(default=None, examples=[200])
    """The discount of this redemption; for one of several codes, of that code alone."""
    total_amount: int = Field(default=None, examples=[1800])
    """The amount left to pay; never below 0."""
    items: list[dict[str, Any]] = MAYBE
    metadata: Metadata
    created_at: Moment
    updated_at: Moment | None
    customer_id: CustomerId | None
    customer: CustomerOfOrder | None
    referrer_id: CustomerId | None
    """The holder of the redeemed referral code."""
    redemptions: dict[str, Any] = Field(examples=[{}])


class Redemption(Answer):
    """A use of a code, or of several together, or a rollback of it."""

    id: RedemptionId
    object: Literal["redemption", "redemption_rollback"]
    date: Moment
    customer_id: CustomerId | None
    tracking_id: str | None = Field(examples=["12344"])
    """The customer's source_id."""
    metadata: Metadata | None
    """null if none was sent."""
    redemption: RedemptionId | None = Field(examples=[None])
    """The redemption a rollback undid; otherwise, the stack it is part of."""
    result: Literal["SUCCESS", "FAILURE"]
    status: Literal["SUCCEEDED", "FAILED", "ROLLED_BACK"]
    related_redemptions: RelatedRedemptions
    order: Order | None
    channel: RedemptionChannel
    customer: SimpleCustomer | None
    related_object_type: Literal["voucher", "redemption"]
    related_object_id: str = Field(examples=["v_k4GmRz81sXqTeB7u"])
    voucher: Voucher | VoucherOfRedemption = SHOWN
    """Absent for a stack."""
    amount: Hundredths = MAYBE
    """The amount taken from a gift voucher; negative if it was returned."""
    gift: GiftUsed = MAYBE
    reason: str | None = MAYBE
    """Why it was rolled back."""
    failure_code: str = Field(default=None, examples=["quantity_exceeded"])
    failure_message: str = Field(default=None, examples=["quantity exceeded"])


class RedemptionsOfVoucher(Listed):
    data_ref: Literal["redemption_entries"]
    redemption_entries: list[Redemption]
    quantity: int | None = Field(examples=[1])
    redeemed_quantity: int = Field(examples=[1])
    redeemed_amount: Hundredths = MAYBE
    url: str = Field(examples=["/v1/vouchers/AUTUMN-7GK2/redemptions?page=1&limit=10"])


class RedemptionsMade(Answer):
    redemptions: list[Redemption]
    parent_redemption: Redemption = MAYBE
    """The stack, if several codes were used together."""
    order: Order = MAYBE
    inapplicable_redeemables: list[Any] = Field(max_length=0, examples=[[]])
    skipped_redeemables: list[SkippedRedeemable] = Field(examples=[[]])
    """Those beyond the first five: they were not used."""


class RollbacksMade(Answer):
    rollbacks: list[Redemption]
    parent_rollback: Redemption
    order: Order = MAYBE


FAILURE = models.Redemption.Result.FAILURE
ROLLBACK = models.Redemption.Kind.ROLLBACK


def redemption_answers(redemptions: Sequence[models.Redemption], key: Key) -> list[dict[str, Any]]:
    """In full, with the vouchers as they are now."""
    vouchers = [redemption.voucher for redemption in redemptions if redemption.voucher]
    in_full = {voucher.pk: answer for voucher, answer in zip(vouchers, voucher_answers(vouchers, key), strict=True)}
    return [_answer(redemption, in_full.get(redemption.voucher_id)) for redemption in redemptions]


def listed_redemptions(redemptions: Sequence[models.Redemption], key: Key) -> list[dict[str, Any]]:
    """As in lists: the vouchers in short."""
    return [_answer(row, _in_short(row.voucher, key) if row.voucher else None) for row in redemptions]


def _in_short(voucher: Code, key: Key) -> dict[str, Any]:
    campaign_id = voucher.campaign.public_id if voucher.campaign else None
    short = short_voucher_answer(voucher, code=shown_code(voucher, key))
    return {"id": voucher.public_id, **short, "campaign_id": campaign_id}


def _answer(redemption: models.Redemption, voucher: dict[str, Any] | None) -> dict[str, Any]:
    is_rollback = redemption.kind == ROLLBACK
    customer = redemption.customer
    found: dict[str, Any] = {}
    if voucher:
        found["voucher"] = voucher
    if redemption.amount is not None:
        amount = hundredths(-redemption.amount if is_rollback else redemption.amount)
        found |= {"amount": amount, "gift": {"amount": amount}}
    if is_rollback:
        found["reason"] = redemption.reason
    if redemption.result == FAILURE:
        found |= {"failure_code": redemption.failure_code, "failure_message": redemption.failure_message}
    return Redemption.of(
        redemption,
        object="redemption_rollback" if is_rollback else "redemption",
        date=iso(redemption.created_at),
        customer_id=customer.public_id if customer else None,
        tracking_id=customer.source_id if customer else None,
        metadata=redemption.head.metadata or None,
        redemption=_parent_of(redemption),
        status=_status_of(redemption),
        related_redemptions=_related(redemption),
        order=order_of(redemption),
        channel=_channel_of(redemption),
        customer=simple_customer_answer(customer) if customer else None,
        related_object_type="voucher" if redemption.voucher else "redemption",
        related_object_id=redemption.voucher.public_id if redemption.voucher else redemption.public_id,
        **found,
    )


def order_of(redemption: models.Redemption) -> dict[str, Any] | None:
    """The order as it was sent, and what the codes took off it; once rolled back it is cancelled, at its whole price. What a
    rollback says of the order counts for it."""
    if redemption.result == FAILURE:
        return None
    is_rollback = redemption.kind == ROLLBACK
    made = (redemption.undoes if is_rollback else None) or redemption  # a rollback always undoes one
    rollback = redemption if is_rollback else next(iter(redemption.undone_by), None)
    sent = made.head.order or {}
    sent_again = (redemption.head.order or {}) if is_rollback else {}
    if not sent and not sent_again:
        return None
    customer = redemption.customer
    status = "CANCELED" if rollback else sent.get("status", "PAID")
    items = sent_again.get("items", sent.get("items"))
    amounts = _amounts(made, sent | sent_again, is_undone=rollback is not None)
    if amounts:  # a caller may have sent a discount of an earlier answer
        sent = {name: value for name, value in sent.items() if name != "discount_amount"}
    return {
        "source_id": None,
        "metadata": {},
        **sent,
        "status": status,
        **sent_again,
        **amounts,
        **({"items": [item | {"object": "order_item"} for item in items]} if items is not None else {}),
        "created_at": iso(made.created_at),
        "updated_at": iso(rollback.created_at) if rollback else None,
        "customer_id": customer.public_id if customer else None,
        "customer": {"id": customer.public_id, "object": "customer"} if customer else None,
        "referrer_id": public_id(CUSTOMER, redemption.referrer) if customer and redemption.referrer else None,
        "redemptions": _entry(redemption, made, rollback),
        "object": "order",
    }


def _amounts(made: models.Redemption, order: dict[str, Any], *, is_undone: bool) -> dict[str, int]:
    """Nothing of uses that were made before discounts were kept."""
    totals = made.order_totals
    if not totals or not is_undone:
        return totals
    amount = order.get("amount", totals["amount"])
    return {"amount": amount, "initial_amount": order.get("initial_amount", amount), "total_amount": amount}


def _entry(
    redemption: models.Redemption, made: models.Redemption, rollback: models.Redemption | None
) -> dict[str, Any]:
    """What an order tells of its redemption: {"r_…": {…}}. Of a stack only the stack itself is named."""
    if made.stack_id:
        return {}
    entry: dict[str, Any] = {
        "date": iso(made.created_at),
        "related_object_type": "voucher" if redemption.voucher else "redemption",
        "related_object_id": redemption.voucher.public_id if redemption.voucher else made.public_id,
    }
    if redemption.campaign_id:
        entry["related_object_parent_id"] = public_id(CAMPAIGN, redemption.campaign_id)
    if rollback:
        entry |= {"rollback_id": rollback.public_id, "rollback_date": iso(rollback.created_at)}
    if redemption.parts:
        entry["stacked"] = [public_id(REDEMPTION, part.undoes_id or part.pk) for part in redemption.parts]
        if redemption is rollback:
            entry["rollback_stacked"] = [part.public_id for part in redemption.parts]
    return {made.public_id: entry}


def _parent_of(redemption: models.Redemption) -> str | None:
    """What a rollback undoes; else the stack."""
    key = redemption.undoes_id or redemption.stack_id
    return public_id(REDEMPTION, key) if key else None


def _status_of(redemption: models.Redemption) -> str:
    if redemption.result == FAILURE:
        return "FAILED"
    return "ROLLED_BACK" if redemption.undone_by else "SUCCEEDED"


def _related(redemption: models.Redemption) -> dict[str, Any]:
    return {
        name: [{"id": row.public_id, "date": iso(row.created_at)} for row in rows]
        for name, rows in (("rollbacks", redemption.undone_by), ("redemptions", redemption.parts))
    }


def _channel_of(redemption: models.Redemption) -> dict[str, Any]:
    by_user = redemption.actor_kind == "user"
    channel_id = redemption.actor_id if by_user else redemption.app_id
    return {"channel_id": str(channel_id or redemption.actor_label), "channel_type": "USER" if by_user else "API"}
