"""What the pool is, and its version: how a process knows that a campaign which it found empty may hold codes again."""

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


def lock_pool(campaign: Campaign) -> None:
    """One at a time for this campaign, until the end of the transaction."""
    Lock.POOL.hold(campaign.pk)


def left_in_pool(campaign: Campaign, *, up_to: int) -> int:
    """How many codes the pool holds, counted no further than `up_to`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT count(*) FROM (SELECT 1 FROM codes_voucher v
                 WHERE v.campaign_id = %s AND {IN_POOL} LIMIT %s) AS pool""",  # noqa: S608 - our own constants
            [campaign.pk, up_to],
        )
        return cursor.fetchone()[0]


def raise_pool_version(campaign_id: int | None) -> None:
    """Called by every verb that adds, enables or releases codes or changes dates, in that verb's own transaction.

    Call it last: the campaign's row stays locked until the commit. A standalone code (None) has no pool.
    """
    if campaign_id is not None:
        Campaign.objects.filter(pk=campaign_id).update(pool_version=F("pool_version") + 1)
