"""How many codes are left to hand out."""

from __future__ import annotations

from django.db import connection

from campaigns.codes.pool import IN_POOL
from campaigns.models import Campaign


def pool_size(campaign: Campaign) -> int:
    """How many codes can be handed out now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM codes_voucher v WHERE v.campaign_id = %s AND {IN_POOL}",  # noqa: S608
            [campaign.pk],
        )
        return cursor.fetchone()[0]
