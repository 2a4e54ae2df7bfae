"""Takes a use back: the code may be used once more, a gift voucher has its amount again. Once, whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from config.actor import Actor
from config.events.kinds import ROLLBACK_SUCCEEDED
from config.events.note import noting
from config.metadata import check_metadata
from config.postgres.deadlocks import again_after_a_deadlock
from config.public_ids import REDEMPTION, public_id
from customers.actions.upsert import upsert_customer
from customers.models import Customer
from publications.redemptions.actions.anonymise import if_kept, order_as_kept, personal
from publications.redemptions.actions.record_failure import record_failure
from publications.redemptions.check_order import check_order
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import AlreadyRolledBack, NothingToRollBack, PartOfStack

# The vouchers are locked first, in the order of their ids as everywhere; that two roll back at once is decided by the
# unique index on `undoes_id`. The rows come before the counts: the trigger `voucher_keeps_its_uses` looks for them.
# `uses` is a step of its own: an UPDATE whose row was changed while it waited looks at its FROM again, and PostgreSQL
# refuses to run the inserts for that ("ModifyTable should not be called during EvalPlanQual").
REASON, ORDER, METADATA = if_kept("%(reason)s::text"), order_as_kept("%(order)s::jsonb"), if_kept("%(metadata)s::jsonb")

STATEMENT = f"""
WITH undone AS (
    SELECT id, voucher_id, campaign_id, customer_id, amount FROM redemptions_redemption
     WHERE (id = %(redemption)s OR stack_id = %(redemption)s) AND kind = 'redemption' AND result = 'SUCCESS'
), held AS MATERIALIZED (
    SELECT id FROM codes_voucher WHERE id IN (SELECT voucher_id FROM undone) ORDER BY id FOR NO KEY UPDATE
), {personal("SELECT %(customer)s::bigint UNION ALL SELECT customer_id FROM undone")}, rollback AS (
    INSERT INTO redemptions_redemption (kind, undoes_id, voucher_id, campaign_id, customer_id, amount, reason, "order",
                                         metadata, actor_kind, actor_id, actor_label)
    SELECT 'rollback', id, voucher_id, campaign_id, coalesce(%(customer)s::bigint, customer_id), amount,
           {REASON}, {ORDER}, {METADATA},
           %(actor_kind)s::text, %(actor_id)s::bigint, %(actor_label)s::text
      FROM undone WHERE id = %(redemption)s AND (SELECT count(*) FROM held) > 0
    ON CONFLICT (undoes_id) WHERE kind = 'rollback' AND result = 'SUCCESS' DO NOTHING
    RETURNING id, voucher_id, customer_id, amount
), parts AS (
    INSERT INTO redemptions_redemption (kind, undoes_id, stack_id, voucher_id, campaign_id, customer_id, amount, reason,
                                         actor_kind, actor_id, actor_label)
    SELECT 'rollback', undone.id, rollback.id, undone.voucher_id, undone.campaign_id, rollback.customer_id, undone.amount,
           {REASON}, %(actor_kind)s::text, %(actor_id)s::bigint, %(actor_label)s::text
      FROM undone, rollback WHERE undone.id <> %(redemption)s
    RETURNING id, voucher_id, amount
), uses AS MATERIALIZED (
    SELECT id, voucher_id, amount FROM rollback WHERE voucher_id IS NOT NULL
     UNION ALL SELECT id, voucher_id, amount FROM parts
), noted AS (
    {noting(ROLLBACK_SUCCEEDED, of="uses")}
), given_back AS (
    UPDATE codes_voucher v
       SET redeemed_quantity = v.redeemed_quantity - 1, redeemed_amount = v.redeemed_amount - coalesce(uses.amount, 0),
           updated_at = now()
      FROM uses
     WHERE v.id = uses.voucher_id
)
SELECT id FROM rollback
"""  # noqa: S608 - our own constants


def roll_back(
    redemption: Redemption,
    *,
    reason: str = "",
    customer: Customer | Mapping[str, Any] | None = None,
    order: dict | None = None,
    metadata: dict | None = None,
    by: Actor,
) -> Redemption:
    """The rollback; of a stack its own row, whose `children` are the rollbacks of the single codes.

    Whole only: there is no giving back a part of a gift voucher's amount. It does not matter whether the code has
    expired or was disabled since. `customer`, `order` and `metadata` are those of the rollback; without a customer it is
    the redemption's. Of a customer who was erased the rollback is kept, without reason, order or metadata.

    Raises NothingToRollBack (it failed, or is a rollback itself), PartOfStack, AlreadyRolledBack, InvalidOrder, and CustomerNotFound
    or InvalidCustomer for fields as sent. Of two calls at once one rolls back, the other gets AlreadyRolledBack.
    """
    if redemption.kind != Redemption.Kind.REDEMPTION or redemption.result != Redemption.Result.SUCCESS:
        raise NothingToRollBack(f"{redemption.public_id} is not a successful redemption; use the id of one (r_…).")
    if redemption.stack_id:
        raise PartOfStack(
            "You can rollback only a redemption that does not have parent redemption.",
            f"It was redeemed together with others: roll back {public_id(REDEMPTION, redemption.stack_id)} instead.",
        )
    order, metadata = check_order(order), check_metadata(metadata) or None
    if customer is not None and not isinstance(customer, Customer):
        customer = upsert_customer(customer)
    values: dict[str, Any] = {
        "redemption": redemption.pk,
        "customer": customer.pk if customer else None,
        "reason": reason or None,
        "order": Jsonb(order) if order else None,
        "metadata": Jsonb(metadata) if metadata else None,
        "actor_kind": by.kind,
        "actor_id": by.id,
        "actor_label": by.label,
    }

    def act() -> int | None:
        with connection.cursor() as cursor:
            cursor.execute(STATEMENT, values)
            row = cursor.fetchone()
        return row[0] if row else None

    if key := again_after_a_deadlock(act):  # why there may be one: use_codes.py
        return Redemption.objects.get(pk=key)
    refused = AlreadyRolledBack("Redemption has been already rolled back.")
    record_failure(
        refused, voucher=redemption.voucher, customer=customer or redemption.customer, undoes=redemption,
        reason=reason or None, metadata=metadata, by=by,
    )  # fmt: skip
    raise refused
