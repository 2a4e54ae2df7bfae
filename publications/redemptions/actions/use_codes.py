"""The one statement that counts a use of codes: of all that were asked for, or of none.

It locks the vouchers, in the order of their ids; looks at them as they are then; and only if each may be used, counts
the use, takes the amount from a gift voucher's balance and writes the redemptions. Nothing outside of it is trusted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from psycopg.types.json import Jsonb

from campaigns.codes.balance import BALANCE
from config.actor import Actor
from config.api.actions.idempotency import NOT_ONCE, Once, keeping
from config.events.kinds import VOUCHER_REDEEMED
from config.events.note import noting
from config.postgres.deadlocks import again_after_a_deadlock
from customers.models import Customer
from publications.redemptions.actions.anonymise import if_kept, order_as_kept, personal
from publications.redemptions.price_order import Priced, Worth
from publications.redemptions.verdict import refused_sql

ORDER, METADATA = order_as_kept("%(order)s::jsonb"), if_kept("%(metadata)s::jsonb")

REFUSED = refused_sql(customer="%(customer)s::bigint", amount="asked.amount")
CHANGED = "changed"
# What the order was priced by (price_order.py), looked at again under the lock: a code may have been changed meanwhile.
WORTH = """CASE WHEN v.discount_type IS NOT NULL THEN (v.discount_type::text, v.discount_value, v.unit_type::text)
                        ELSE (c.discount_type::text, c.discount_value, coalesce(c.unit_type, '')::text) END"""
# Who holds the code stands in the ledger, which a statement that waited for the code's lock still sees as it was before.
# Where that matters, a code that was published or released while it waited is looked at anew.
HOLDER_CHANGED = """(c.only_holder = 'refuse' OR c.kind = 'REFERRAL_PROGRAM') AND v.published_at IS DISTINCT FROM
                    (SELECT before.published_at FROM codes_voucher before WHERE before.id = v.id)"""
# A program rewards by what is noted here, whether or not anybody listens (publications/referrals/actions/convert.py).
IS_REFERRAL = (
    """EXISTS (SELECT FROM campaigns_campaign c WHERE c.id = made.campaign_id AND c.kind = 'REFERRAL_PROGRAM')"""
)

# Whoever uses a code that nobody was given has it from somewhere: it leaves the pool in the same statement (ADR 0024). Of a
# published one the columns keep their values, so that its row stays a HOT update.
# PostgreSQL itself can run into a circle here: the UPDATE goes by the row as the statement first saw it, and where a failed attempt's
# foreign key still locks that one, it queues behind somebody who waits for us. It is broken after a second, and we begin again.
# After waiting for another's lock, `held` holds the row as the other left it: limit, dates and balance included.
STATEMENT = f"""
WITH asked AS (
    SELECT * FROM unnest(%(vouchers)s::bigint[], %(amounts)s::numeric[], %(kinds)s::text[], %(values)s::numeric[],
                         %(units)s::text[], %(applied)s::bigint[], %(totals)s::bigint[])
             WITH ORDINALITY AS asked (voucher_id, amount, kind, value, unit, applied, total, place)
), held AS MATERIALIZED (
    SELECT v.id, asked.amount, asked.applied, asked.total, asked.place, v.redeemed_quantity, coalesce(v.redemption_limit, c.redemption_limit) AS redemption_limit,
           {BALANCE} AS balance,
           coalesce(v.start_date, c.start_date) AS starts, coalesce(v.expiration_date, c.expiration_date) AS ends,
           coalesce(CASE WHEN {HOLDER_CHANGED} THEN '{CHANGED}' END, {REFUSED}, CASE WHEN asked.applied IS NOT NULL AND v.type <> 'GIFT_VOUCHER'
                     AND {WORTH} IS DISTINCT FROM (asked.kind, asked.value, asked.unit) THEN '{CHANGED}' END) AS refused
      FROM asked
      JOIN codes_voucher v ON v.id = asked.voucher_id
      LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
     ORDER BY v.id FOR NO KEY UPDATE OF v
), {personal("SELECT %(customer)s::bigint")}, good AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE refused IS NULL) = %(count)s::int AS all_of_them FROM held
), stack AS (
    INSERT INTO redemptions_redemption (customer_id, "order", metadata, applied_discount, total_discount,
                                         actor_kind, actor_id, actor_label)
    SELECT %(customer)s::bigint, {ORDER}, {METADATA},
           (SELECT max(total) FROM asked), (SELECT max(total) FROM asked),
           %(actor_kind)s::text, %(actor_id)s::bigint, %(actor_label)s::text
      FROM good WHERE all_of_them AND %(count)s::int > 1
    RETURNING id
), used AS (
    UPDATE codes_voucher v
       SET redeemed_quantity = v.redeemed_quantity + 1, redeemed_amount = v.redeemed_amount + coalesce(held.amount, 0),
           withdrawn_at = CASE WHEN v.published_at IS NULL THEN coalesce(v.withdrawn_at, now()) ELSE v.withdrawn_at END,
           withdrawn_why = CASE WHEN v.published_at IS NULL THEN 'used' ELSE v.withdrawn_why END,
           updated_at = now()
      FROM held, good
     WHERE v.id = held.id AND good.all_of_them
    RETURNING v.id, v.campaign_id, v.redeemed_quantity, held.redemption_limit, held.amount,
              held.applied, held.total, held.place,
              CASE WHEN held.amount IS NOT NULL THEN held.balance - held.amount END AS balance
), made AS (
    INSERT INTO redemptions_redemption (voucher_id, campaign_id, customer_id, stack_id, amount, redeemed_quantity,
                                         redemption_limit, balance, applied_discount, total_discount, "order", metadata,
                                         actor_kind, actor_id, actor_label)
    SELECT used.id, used.campaign_id, %(customer)s::bigint, (SELECT id FROM stack), used.amount, used.redeemed_quantity,
           used.redemption_limit, used.balance, used.applied, used.total,
           CASE WHEN %(count)s::int = 1 THEN {ORDER} END, CASE WHEN %(count)s::int = 1 THEN {METADATA} END,
           %(actor_kind)s::text, %(actor_id)s::bigint, %(actor_label)s::text
      FROM used ORDER BY used.place
    RETURNING id, voucher_id, campaign_id
), noted AS (
    {noting(VOUCHER_REDEEMED, of="made")} OR {IS_REFERRAL}
), kept AS (
    {keeping("coalesce((SELECT id FROM stack), (SELECT min(id) FROM made))")}
)
SELECT held.id, held.refused, held.redeemed_quantity, held.redemption_limit, held.balance, held.starts, held.ends, made.id
  FROM held LEFT JOIN made ON made.voucher_id = held.id
"""  # noqa: S608 - our own constants


class Held(NamedTuple):
    """A voucher as the statement saw it, before the use: why it may not be used (`refused`: a verdict's Reason, or CHANGED),
    or its redemption's key."""

    voucher_id: int
    refused: str | None
    redeemed_quantity: int
    redemption_limit: int | None
    balance: Decimal
    starts: datetime | None
    ends: datetime | None
    redemption_id: int | None


def use_codes(
    vouchers: Sequence[int],
    amounts: Sequence[Decimal | None],
    worths: Sequence[Worth],
    priced: Sequence[Priced] | None,
    *,
    customer: Customer | None,
    order: dict | None,
    metadata: dict | None,
    by: Actor,
    once: Once | None = None,
) -> dict[int, Held]:
    """By the vouchers' keys. Either all have a `redemption_id`, or none has; `amounts` are those of gift vouchers.

    `priced` is what the order comes to by `worths`, if it tells; a code that is worth something else by now, or that went to
    another holder while its lock was waited for, is refused as CHANGED.
    """
    nothing = [None] * len(vouchers)
    values: dict[str, Any] = {
        "vouchers": list(vouchers),
        "amounts": list(amounts),
        "kinds": [worth.kind for worth in worths],
        "values": [worth.value for worth in worths],
        "units": [worth.unit for worth in worths],
        "applied": [each.applied for each in priced] if priced else nothing,
        "totals": [each.total for each in priced] if priced else nothing,
        "count": len(vouchers),
        "customer": customer.pk if customer else None,
        "order": Jsonb(order) if order else None,
        "metadata": Jsonb(metadata) if metadata else None,
        "actor_kind": by.kind,
        "actor_id": by.id,
        "actor_label": by.label,
        **(once.values() if once else NOT_ONCE),
    }

    def act() -> dict[int, Held]:
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT, values)
            return {row[0]: Held(*row) for row in cursor.fetchall()}

    return again_after_a_deadlock(act)
