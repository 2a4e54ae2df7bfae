"""Withdraws the next codes of a pool, which are the ones given out in the lost time unless more were."""

from __future__ import annotations

from django.db import connection, transaction

from campaigns.codes.pool import IN_POOL
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record

# In the order in which they are given (publications/ledger).
WITHDRAW = f"""
WITH next AS MATERIALIZED (
    SELECT v.id FROM codes_voucher v WHERE v.campaign_id = %(campaign)s AND {IN_POOL}
     ORDER BY v.id + 0 LIMIT %(count)s FOR UPDATE OF v
)
UPDATE codes_voucher v SET withdrawn_at = now(), withdrawn_why = 'held_back', updated_at = now()
  FROM next WHERE v.id = next.id
"""  # noqa: S608 - our own constants
CHUNK = 10_000  # in one transaction


def withdraw_next(campaign: Campaign, *, count: int, by: Actor) -> int:
    """How many were withdrawn: fewer than `count` if the pool has no more. They can still be redeemed."""
    withdrawn = 0
    while withdrawn < count and (more := _withdraw(campaign, min(CHUNK, count - withdrawn), by)):
        withdrawn += more
    return withdrawn


def _withdraw(campaign: Campaign, count: int, by: Actor) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(WITHDRAW, {"campaign": campaign.pk, "count": count})
        if cursor.rowcount:
            record(
                "codes.withdrawn", by=by, object_id=campaign.public_id, object_label=campaign.name,
                campaign_id=campaign.pk, count=cursor.rowcount,
            )  # fmt: skip
        return cursor.rowcount
