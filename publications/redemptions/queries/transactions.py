"""What was taken from gift vouchers' balances and added to them: redemptions, rollbacks, and changes by hand, in one list."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from campaigns.codes.balance import BALANCE

# A transaction's key is twice its row's, and one more for a change of the balance: one order for both tables.
# What the card held after each is the balance of now less all that came later; a redemption noted its own.
EVERY = f"""
SELECT t.key, t.created_at, t.voucher_id, v.campaign_id, t.kind, t.amount, t.source_id, t.reason, t.order_id, t.order_source_id,
       t.redemption_id, t.rollback_id, t.actor_kind,
       coalesce(t.balance, {BALANCE} - coalesce(sum(t.amount) OVER later, 0)) AS balance,
       coalesce(v.gift_amount, c.gift_amount, 0)
         - coalesce(sum(t.amount) FILTER (WHERE t.kind IN ('CREDITS_ADDITION', 'CREDITS_REMOVAL')) OVER later, 0) AS total
  FROM (SELECT r.id * 2 AS key, r.created_at, r.voucher_id,
               CASE r.kind WHEN 'rollback' THEN 'CREDITS_REFUND' ELSE 'CREDITS_REDEMPTION' END AS kind,
               CASE r.kind WHEN 'rollback' THEN r.amount ELSE -r.amount END AS amount, r.balance,
               NULL::text AS source_id, NULL::text AS reason,
               coalesce(made.order, head.order) ->> 'id' AS order_id,
               coalesce(made.order, head.order) ->> 'source_id' AS order_source_id,
               coalesce(r.undoes_id, r.id) AS redemption_id, CASE r.kind WHEN 'rollback' THEN r.id END AS rollback_id,
               NULL::text AS actor_kind
          FROM redemptions_redemption r
          JOIN redemptions_redemption made ON made.id = coalesce(r.undoes_id, r.id)
          LEFT JOIN redemptions_redemption head ON head.id = made.stack_id
         WHERE r.result = 'SUCCESS' AND r.amount IS NOT NULL AND {{of_redemptions}}
        UNION ALL
        SELECT b.id * 2 + 1, b.created_at, b.voucher_id,
               CASE WHEN b.amount > 0 THEN 'CREDITS_ADDITION' ELSE 'CREDITS_REMOVAL' END,
               b.amount, b.balance, b.source_id, b.reason, NULL, NULL, NULL, NULL, b.actor_kind
          FROM redemptions_balancechange b
         WHERE {{of_changes}}) AS t
  JOIN codes_voucher v ON v.id = t.voucher_id
  LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
WINDOW later AS (PARTITION BY t.voucher_id ORDER BY t.created_at DESC, t.key DESC
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
"""  # noqa: S608 - our own constants
OF_VOUCHER = EVERY.format(of_redemptions="r.voucher_id = %(voucher)s", of_changes="b.voucher_id = %(voucher)s")
# `beyond`: after which row, in the order asked for.
PAGE = """
SELECT * FROM ({every}) AS listed
 WHERE %(after)s::bigint IS NULL
    OR (created_at, key) {beyond} (SELECT created_at, key FROM ({every}) AS listed WHERE key = %(after)s::bigint)
 ORDER BY created_at {direction}, key {direction} LIMIT %(limit)s
"""
NEWEST_FIRST = PAGE.format(every=OF_VOUCHER, beyond="<", direction="DESC")
OLDEST_FIRST = PAGE.format(every=OF_VOUCHER, beyond=">", direction="ASC")


class Transaction(NamedTuple):
    """`amount` is negative where it was taken. `balance` and `total`: right after it."""

    key: int
    created_at: datetime
    voucher_id: int
    campaign_id: int | None
    kind: str
    amount: Decimal
    source_id: str | None
    reason: str | None
    order_id: str | None
    order_source_id: str | None
    redemption_id: int | None
    rollback_id: int | None
    actor_kind: str | None
    balance: Decimal
    total: Decimal


def list_transactions(voucher: int, *, newest_first: bool, after: int | None, limit: int) -> list[Transaction]:
    """Of one voucher (its key), from the transaction `after` (a key) on."""
    values: dict[str, Any] = {"voucher": voucher, "after": after, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_FIRST if newest_first else OLDEST_FIRST, values)
        return [Transaction(*row) for row in cursor.fetchall()]
