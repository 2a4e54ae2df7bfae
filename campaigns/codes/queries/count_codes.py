"""Counts the codes of campaigns, for gauges: all of a page's campaigns in one query."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils import timezone

from campaigns.codes.pool import IN_POOL
from campaigns.models import Campaign
from config.postgres.plan_for_values import plan_for_values

# Codes; counting a million takes a sixth of a second. From here on pages use the count that is kept in the background. With
# 100,000 the slowest page was that of a campaign just below: it took twice as long as that of one above.
LARGE = 20_000

# Of vouchers `v`.
COUNTED = f"""count(*) FILTER (WHERE deleted_at IS NULL) AS total,
       count(published_at) FILTER (WHERE deleted_at IS NULL) AS published,
       count(*) FILTER (WHERE {IN_POOL}) AS in_pool,
       count(*) FILTER (WHERE deleted_at IS NULL AND redeemed_quantity > 0) AS redeemed"""

COUNT = f"""
SELECT campaign_id, {COUNTED} FROM codes_voucher v WHERE campaign_id = ANY(%s) GROUP BY campaign_id
"""  # noqa: S608 - our own constant


class CodeCount(NamedTuple):
    """Codes of a campaign: all, the published ones, those left in the pool (the rest is disabled, expired or withdrawn);
    and those that were redeemed, and not taken back. `as_of`: when a large campaign was counted; None: here and now. Whoever shows
    these numbers shows that moment with them.
    """

    total: int
    published: int
    left: int
    redeemed: int = 0
    as_of: datetime | None = None

    @property
    def percent(self) -> int:
        """How much of it is published."""
        return self.published * 100 // self.total if self.total else 0

    @property
    def percent_redeemed(self) -> int:
        """How many were redeemed, compared with how many are published. A code may also be redeemed unpublished."""
        return self.redeemed * 100 // self.published if self.published else 0


def count_codes(campaigns: Iterable[Campaign]) -> dict[int, CodeCount]:
    """By key, each campaign's count. Of a large one it is the count that was kept, usually some minutes old at most.

    Lists come with `kept_count` joined: else it is asked for of each campaign alone.
    """
    counts = {campaign.pk: kept_count(campaign) for campaign in campaigns}
    if fresh := [key for key, count in counts.items() if count is None]:
        with plan_for_values(), connection.cursor() as cursor:
            cursor.execute(COUNT, [fresh])
            counts |= {key: CodeCount(*count) for key, *count in cursor.fetchall()}
    return {key: count or CodeCount(0, 0, 0) for key, count in counts.items()}


def kept_count(campaign: Campaign) -> CodeCount | None:
    """None of one that is not known to be large: it is counted when it is looked at."""
    kept = getattr(campaign, "kept_count", None)
    if kept is None or kept.rows <= LARGE:
        return None
    return CodeCount(kept.total, kept.published, kept.in_pool, kept.redeemed, kept.counted_at)


def is_pool_empty(campaign: Campaign, count: CodeCount) -> bool:
    """There were codes, none is left, and none will be made: told of campaigns that would publish otherwise."""
    over = campaign.deleted_at or (campaign.expiration_date and campaign.expiration_date <= timezone.now())
    return not (over or campaign.auto_update or campaign.standalone or count.left) and count.total > 0
