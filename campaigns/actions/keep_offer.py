"""Copies a campaign's current offer onto the codes already given out that have none of their own, so that a change no
longer affects them.

Nobody sees a difference, so this can be done in chunks beforehand, interrupted and repeated. Codes given out in the
meantime are copied last, in the transaction that changes the campaign (change_campaign.py).
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from django.db import connection, transaction

from campaigns.check_value import MOST_REDEMPTIONS
from campaigns.models import Campaign

DISCOUNT = {"discount_type", "discount_value", "unit_type"}
OFFER = {*DISCOUNT, "gift_amount", "redemption_limit"}  # columns of Campaign, and of Voucher
CHUNK = 5_000

# Of a voucher `v`: somebody has it, or had it and may still know it.
GIVEN_OUT = "(v.published_at IS NOT NULL OR v.withdrawn_why IN ('used', 'retired')) AND v.deleted_at IS NULL"
# Of a voucher `v` of the campaign `c`: what it has of the campaign, among what is to change.
OWES_DISCOUNT = (
    "(%(discount)s AND v.discount_type IS NULL AND v.type <> 'GIFT_VOUCHER' AND c.discount_type IS NOT NULL)"
)
OWES_GIFT = "(%(gift)s AND v.gift_amount IS NULL AND v.type = 'GIFT_VOUCHER' AND c.gift_amount IS NOT NULL)"
OWES_LIMIT = "(%(limit)s AND v.redemption_limit IS NULL)"
INHERITING = f"""campaigns_campaign c JOIN codes_voucher v ON v.campaign_id = c.id
 WHERE c.id = %(campaign)s AND {GIVEN_OUT} AND ({OWES_DISCOUNT} OR {OWES_GIFT} OR {OWES_LIMIT})"""

# Where there is no limit, the largest stands for it: an empty one would be the campaign's again.
KEEP = f"""
WITH kept AS MATERIALIZED (
    SELECT v.id FROM {INHERITING} AND v.id < %(before)s ORDER BY v.id DESC LIMIT %(most)s FOR NO KEY UPDATE OF v
)
UPDATE codes_voucher v
   SET discount_type = CASE WHEN {OWES_DISCOUNT} THEN c.discount_type ELSE v.discount_type END,
       discount_value = CASE WHEN {OWES_DISCOUNT} THEN c.discount_value ELSE v.discount_value END,
       unit_type = CASE WHEN {OWES_DISCOUNT} THEN c.unit_type ELSE v.unit_type END,
       gift_amount = CASE WHEN {OWES_GIFT} THEN c.gift_amount ELSE v.gift_amount END,
       redemption_limit = CASE WHEN {OWES_LIMIT} THEN coalesce(c.redemption_limit, {MOST_REDEMPTIONS})
                               ELSE v.redemption_limit END
  FROM kept, campaigns_campaign c
 WHERE v.id = kept.id AND c.id = %(campaign)s
RETURNING v.id
"""  # noqa: S608 - our own constants


def count_inheriting(campaign: Campaign, columns: Collection[str]) -> int:
    """How many codes already given out would change with these columns of the campaign."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {INHERITING}", _values(campaign, columns))  # noqa: S608 - our own constant
        return cursor.fetchone()[0]


def keep_in_chunks(campaign: Campaign, columns: Collection[str]) -> int:
    """Handles the codes in chunks, each in its own transaction; returns how many there were."""
    kept, before = 0, 2**63 - 1
    while True:
        with transaction.atomic():
            keys = _keep(campaign, columns, before=before, most=CHUNK)
        kept += len(keys)
        if len(keys) < CHUNK:
            return kept
        before = min(keys)


def keep_the_last(campaign: Campaign, columns: Collection[str]) -> int:
    """Handles all remaining codes, in the caller's transaction."""
    return len(_keep(campaign, columns, before=2**63 - 1, most=2**63 - 1))


def hold_codes() -> None:
    """Blocks giving out and using codes until the transaction ends. Call it before locking any row.

    It waits for those already at work, but not so long that others queue up behind it: then it raises OperationalError,
    and the caller retries.
    """
    with connection.cursor() as cursor:
        # After `deadlock_timeout` (1 s) PostgreSQL breaks off an autovacuum that stands in the way, which may take minutes.
        cursor.execute("SET LOCAL lock_timeout = '1500ms'")
        cursor.execute("LOCK TABLE codes_voucher IN SHARE ROW EXCLUSIVE MODE")


def most_redeemed(campaign: Campaign) -> Decimal:
    """The most that any code with the campaign's gift amount has paid."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT coalesce(max(redeemed_amount), 0) FROM codes_voucher
                WHERE campaign_id = %s AND gift_amount IS NULL AND deleted_at IS NULL""",
            [campaign.pk],
        )
        return cursor.fetchone()[0]


def _keep(campaign: Campaign, columns: Collection[str], *, before: int, most: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(KEEP, _values(campaign, columns) | {"before": before, "most": most})
        return [key for (key,) in cursor.fetchall()]


def _values(campaign: Campaign, columns: Collection[str]) -> dict:
    return {
        "campaign": campaign.pk,
        "discount": not DISCOUNT.isdisjoint(columns),
        "gift": "gift_amount" in columns,
        "limit": "redemption_limit" in columns,
    }
