"""What the pool is, and its version: how a process learns that a campaign it found empty may have codes again."""

from __future__ import annotations

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Now

from campaigns.codes.models import POOL_FLAGS
from campaigns.models import Campaign
from config.advisory_locks import Lock

# A voucher `v` that may be handed out, said once in SQL and once for querysets; `voucher_pool` indexes all but the clock.
IN_POOL = """v.published_at IS NULL AND v.withdrawn_at IS NULL AND v.active AND v.deleted_at IS NULL
         AND (v.expiration_date IS NULL OR v.expiration_date > now())"""
in_pool = POOL_FLAGS & (Q(expiration_date=None) | Q(expiration_date__gt=Now()))

# Of a campaign `k`. Looked at in the statements that hand out and send: one that was deleted or expired a moment ago
# gives nothing. A disabled one gives codes to whoever asks for them, unless the project's settings refuse it (they are
# read only then); but nothing is sent for it.
CAMPAIGN_LASTS = "k.deleted_at IS NULL AND (k.expiration_date IS NULL OR k.expiration_date > now())"
CAMPAIGN_IS_GOOD = f"k.active AND {CAMPAIGN_LASTS}"
CAMPAIGN_GIVES = f"""{CAMPAIGN_LASTS}
         AND (k.active OR NOT EXISTS (SELECT FROM staff_projectsettings WHERE refuse_disabled_campaigns))"""

# The id below which codes may be taken by anybody; of a campaign `k`. Compared with `v.id + 0`, which `voucher_pool` serves.
BEYOND_ALL = 2**63 - 1
NOT_RESERVED = f"coalesce(k.reserved_from, {BEYOND_ALL})"
LEFT = f"""SELECT count(*) FROM (SELECT FROM codes_voucher v
    WHERE v.campaign_id = %(campaign)s AND {IN_POOL}
      AND v.id + 0 < (SELECT coalesce(%(below)s, {NOT_RESERVED}) FROM campaigns_campaign k WHERE k.id = %(campaign)s)
    LIMIT %(up_to)s) AS pool"""  # noqa: S608 - our own constants


def lock_pool(campaign: Campaign) -> None:
    """One caller at a time for this campaign, until the transaction ends."""
    Lock.POOL.hold(campaign.pk)


def left_in_pool(campaign: Campaign, *, up_to: int, below: int | None = None) -> int:
    """How many codes of the pool anybody may take, counted no further than `up_to`; or with `below` (see `give()`) how
    many the taker of a reservation may."""
    with connection.cursor() as cursor:
        cursor.execute(LEFT, {"campaign": campaign.pk, "up_to": up_to, "below": below})
        return cursor.fetchone()[0]


def raise_pool_version(campaign_id: int | None) -> None:
    """Called by every verb that adds, enables or releases codes or changes dates, in that verb's transaction.

    Call it last: the campaign's row stays locked until the commit. A standalone code (None) has no pool.
    """
    if campaign_id is not None:
        Campaign.objects.filter(pk=campaign_id).update(pool_version=F("pool_version") + 1)
