"""Sums up what customers redeemed and ordered, for the API's answers and exports (docs/api.md: a customer's `summary`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import F, Field, Func, TextField

from config.api.door import iso

# Each is SQL of one row; `{customer}` stands for the customer's key. Amounts are in hundredths.
# Failed attempts count as often as they were made, as long as they are kept. Of several codes used together each counts,
# and the row that holds them together does not; but a rollback of them that failed is that row's alone.
REDEMPTIONS = """
SELECT coalesce(sum(r.attempts) FILTER (WHERE r.kind = 'redemption'), 0) AS total_redeemed,
       coalesce(sum(r.attempts) FILTER (WHERE r.kind = 'redemption' AND r.result = 'FAILURE'), 0) AS total_failed,
       count(*) FILTER (WHERE r.kind = 'redemption' AND r.result = 'SUCCESS') AS total_succeeded,
       count(*) FILTER (WHERE r.kind = 'rollback' AND r.result = 'SUCCESS') AS total_rolled_back,
       coalesce(sum(r.attempts) FILTER (WHERE r.kind = 'rollback' AND r.result = 'FAILURE'), 0) AS total_rollback_failed,
       count(*) FILTER (WHERE r.kind = 'rollback' AND r.result = 'SUCCESS') AS total_rollback_succeeded,
       coalesce(sum(CASE r.kind WHEN 'redemption' THEN r.amount ELSE -r.amount END)
                FILTER (WHERE r.result = 'SUCCESS') * 100, 0)::bigint AS redeemed_amount
  FROM redemptions_redemption r
 WHERE r.customer_id = {customer} AND (r.voucher_id IS NOT NULL OR r.result = 'FAILURE')
"""

# What is left on the gift vouchers that the customer holds.
GIFTS = """
SELECT coalesce(sum(greatest(coalesce(v.gift_amount, g.gift_amount, 0) - v.redeemed_amount, 0)) * 100, 0)::bigint
       AS amount_to_go
  FROM (SELECT l.voucher_id FROM publications_publication p
          JOIN publications_publishedvoucher l ON l.publication_id = p.id AND l.released_at IS NULL
         WHERE p.customer_id = {customer} AND p.result = 'SUCCESS'
        UNION ALL
        SELECT voucher_id FROM publications_publishedvoucher
         WHERE settled_to_id = {customer} AND released_at IS NULL) AS l
  JOIN codes_voucher v ON v.id = l.voucher_id AND v.type = 'GIFT_VOUCHER' AND v.deleted_at IS NULL
  LEFT JOIN campaigns_campaign g ON g.id = v.campaign_id
"""

# Orders that are paid or fulfilled. None is stored by itself: several redemptions for one order, by its id or source_id,
# are one order as the newest tells it. One that was rolled back is cancelled, unless the rollback says otherwise.
ORDERS = """
SELECT coalesce(sum(amount), 0)::bigint AS total_amount, count(*) AS total_count,
       coalesce(round(avg(coalesce(amount, 0))), 0)::bigint AS average_amount,
       coalesce((array_agg(amount ORDER BY created_at DESC, id DESC))[1], 0)::bigint AS last_order_amount,
       max(created_at) AS last_order_date
  FROM (SELECT DISTINCT ON (coalesce(r.order ->> 'id', r.order ->> 'source_id', r.id::text)) r.id, r.created_at,
               coalesce(back.order ->> 'status', CASE WHEN back.id IS NOT NULL THEN 'CANCELED' END,
                        r.order ->> 'status', 'PAID') AS status,
               (coalesce(back.order ->> 'amount', r.order ->> 'amount'))::numeric AS amount
          FROM redemptions_redemption r
          LEFT JOIN redemptions_redemption back
                 ON back.undoes_id = r.id AND back.kind = 'rollback' AND back.result = 'SUCCESS'
         WHERE r.customer_id = {customer} AND r.kind = 'redemption' AND r.result = 'SUCCESS' AND r.stack_id IS NULL
           AND r.order IS NOT NULL
         ORDER BY coalesce(r.order ->> 'id', r.order ->> 'source_id', r.id::text), r.created_at DESC, r.id DESC) AS orders
 WHERE status IN ('PAID', 'FULFILLED')
"""

STATEMENT = f"""
SELECT asked.id, redemptions.*, gifts.*, orders.*
  FROM unnest(%s::bigint[]) AS asked (id),
       LATERAL ({REDEMPTIONS}) AS redemptions, LATERAL ({GIFTS}) AS gifts, LATERAL ({ORDERS}) AS orders
""".format(customer="asked.id")  # noqa: S608 - our own constants


def summarise_customers(customers: Sequence[int]) -> dict[int, dict[str, Any]]:
    """{the customer's key: {"redemptions": {"total_redeemed": 3, …}, "orders": {…}}}, in one query for all."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, [list(customers)])
        names = [column.name for column in cursor.description]
        return {row[0]: _told(dict(zip(names, row, strict=True))) for row in cursor.fetchall()}


def sum_of(sums: str, what: str, *, output: Field | None = None) -> Func:
    """As text unless told: one of the sums (SQL of a column of REDEMPTIONS or ORDERS) of each customer of a query."""
    one = f"(SELECT {what} FROM ({sums.format(customer='%(expressions)s')}) AS sums)"  # noqa: S608 - our own constants
    return Func(F("pk"), template=one, output_field=output or TextField())


def _told(sums: dict[str, Any]) -> dict[str, Any]:
    orders = {name: sums[name] for name in ("total_amount", "total_count", "average_amount", "last_order_amount")}
    if sums["last_order_date"]:
        orders["last_order_date"] = iso(sums["last_order_date"])
    return {
        "redemptions": {
            **{name: int(sums[name]) for name in sums if name.startswith("total_") and name not in orders},
            "gift": {"redeemed_amount": sums["redeemed_amount"], "amount_to_go": sums["amount_to_go"]},
            "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
        },
        "orders": orders,
    }
