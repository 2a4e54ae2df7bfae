"""Adds to a gift voucher's balance, or takes from it: exactly, also when it is redeemed at the same time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import connection

from campaigns.codes.balance import BALANCE
from campaigns.codes.models import Voucher
from config.actor import Actor
from config.api.actions.idempotency import NOT_ONCE, Once, keeping, refuse_repeat
from config.postgres.deadlocks import again_after_a_deadlock
from publications.redemptions.models import BalanceChange
from publications.redemptions.refusals import (
    BalanceTooHigh,
    GiftAmountExceeded,
    NoGiftVoucher,
    RedemptionRefused,
    VoucherGone,
    WorthlessVoucher,
)

LARGEST = "999999999999.99"
TOTAL = "coalesce(v.gift_amount, c.gift_amount, 0)"

# From then on the amount is the voucher's own. After waiting for another's lock, `held` holds the row as the other left it.
STATEMENT = f"""
WITH held AS MATERIALIZED (
    SELECT v.id, {TOTAL} AS total, {BALANCE} AS balance,
           CASE WHEN v.deleted_at IS NOT NULL OR c.deleted_at IS NOT NULL THEN 'gone'
                WHEN v.type <> 'GIFT_VOUCHER' THEN 'no gift'
                WHEN {BALANCE} + %(amount)s::numeric < 0 THEN 'too low'
                WHEN {TOTAL} + %(amount)s::numeric > {LARGEST} THEN 'too high'
                WHEN {TOTAL} + %(amount)s::numeric = 0 AND v.published_at IS NULL AND v.withdrawn_at IS NULL THEN 'worthless'
           END AS refused
      FROM codes_voucher v LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
     WHERE v.id = %(voucher)s FOR NO KEY UPDATE OF v
), changed AS (
    UPDATE codes_voucher v SET gift_amount = held.total + %(amount)s::numeric, updated_at = now()
      FROM held WHERE v.id = held.id AND held.refused IS NULL
    RETURNING v.id, v.gift_amount AS total, v.gift_amount - v.redeemed_amount AS balance
), made AS (
    INSERT INTO redemptions_balancechange (created_at, voucher_id, amount, total, balance, source_id, reason, actor_kind, actor_id,
                                            actor_label)
    SELECT clock_timestamp(), id, %(amount)s::numeric, total, balance, %(source_id)s::text, %(reason)s::text, %(actor_kind)s::text,
           %(actor_id)s::bigint, %(actor_label)s::text
      FROM changed
    RETURNING id
), kept AS (
    {keeping("(SELECT id FROM made)")}
)
SELECT held.refused, held.balance, (SELECT id FROM made) FROM held
"""  # noqa: S608 - our own constants


def change_balance(
    voucher: Voucher,
    amount: Decimal,
    *,
    source_id: str | None = None,
    reason: str | None = None,
    by: Actor,
    once: Once | None = None,
) -> BalanceChange:
    """`amount` is added, or if it is negative taken. It does not matter whether the code is published, disabled or expired.

    Raises RedemptionRefused: NoGiftVoucher, GiftAmountExceeded (less is left), BalanceTooHigh, WorthlessVoucher (a code of
    the pool would hold nothing) or VoucherGone; with `once` also HappenedBefore.
    """
    values: dict[str, Any] = {
        "voucher": voucher.pk,
        "amount": amount,
        "source_id": source_id or None,
        "reason": reason or None,
        "actor_kind": by.kind,
        "actor_id": by.id,
        "actor_label": by.label,
        **(once.values() if once else NOT_ONCE),
    }

    def act() -> tuple[Any, ...] | None:
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT, values)
            return cursor.fetchone()

    refused, balance, key = again_after_a_deadlock(act) or ("gone", None, None)  # why: use_codes.py
    if key:
        return BalanceChange.objects.get(pk=key)
    refuse_repeat(once)
    raise _why_not(refused, voucher, amount, balance)


def _why_not(refused: str, voucher: Voucher, amount: Decimal, balance: Any) -> RedemptionRefused:
    match refused:
        case "no gift":
            return NoGiftVoucher(f"{voucher.code} is not a gift voucher, so it has no balance.")
        case "too low":
            return GiftAmountExceeded(voucher, balance=balance, asked=-amount)
        case "too high":
            return BalanceTooHigh(f"{voucher.code} can hold at most {LARGEST}.")
        case "worthless":
            return WorthlessVoucher(
                f"{voucher.code} has not been published; disable or delete it rather than empty it."
            )
    return VoucherGone(voucher)
