"""Counts the codes of campaigns for gauges, all campaigns of a page in one query."""

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
        """The share of published codes."""
        return self.published * 100 // self.total if self.total else 0

    @property
    def percent_redeemed(self) -> int:
        """Redeemed codes as a share of published ones. A code may also be redeemed unpublished."""
        return self.redeemed * 100 // self.published if self.published else 0


def count_codes(campaigns: Iterable[Campaign]) -> dict[int, CodeCount]:
    """Each campaign's count, by key. For a large campaign it is the stored count, usually at most a few minutes old.

    Join `kept_count` for lists; otherwise it is read for each campaign separately.
    """
    counts = {campaign.pk: kept_count(campaign) for campaign in campaigns}
    if fresh := [key for key, count in counts.items() if count is None]:
        with plan_for_values(), connection.cursor() as cursor:
            cursor.execute(COUNT, [fresh])
            counts |= {key: CodeCount(*count) for key, *count in cursor.fetchall()}
    return {key: count or CodeCount(0, 0, 0) for key, count in counts.items()}


def kept_count(campaign: Campaign) -> CodeCount | None:
    """None for a campaign not known to be large: that one is counted when it is displayed."""
    kept = getattr(campaign, "kept_count", None)
    if kept is None or kept.rows <= LARGE:
        return None
    return CodeCount(kept.total, kept.published, kept.in_pool, kept.redeemed, kept.counted_at)


def is_pool_empty(campaign: Campaign, count: CodeCount) -> bool:
    """There were codes, none is left, and none will be generated. Only said of campaigns that could otherwise publish."""
    over = campaign.deleted_at or (campaign.expiration_date and campaign.expiration_date <= timezone.now())
    return not (over or campaign.auto_update or campaign.standalone or count.left) and count.total > 0
