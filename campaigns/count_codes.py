"""Counts the codes of campaigns, for gauges: all of a page's campaigns in one query."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign

LARGE = 100_000  # codes; counting a million takes a sixth of a second, so from here on a count is remembered
REMEMBERED = 60  # seconds

COUNT = """
SELECT campaign_id, count(*), count(published_at),
       count(*) FILTER (WHERE published_at IS NULL AND active AND (expiration_date IS NULL OR expiration_date > now())),
       count(*) FILTER (WHERE redeemed_quantity > 0)
  FROM campaigns_voucher
 WHERE campaign_id = ANY(%s) AND deleted_at IS NULL
 GROUP BY campaign_id
"""


class CodeCount(NamedTuple):
    """Codes of a campaign: all, the published ones, those left in the pool (the rest is disabled or expired); and those
    that were redeemed, and not taken back.
    """

    total: int
    published: int
    left: int
    redeemed: int = 0

    @property
    def percent(self) -> int:
        """How much of it is published."""
        return self.published * 100 // self.total if self.total else 0

    @property
    def percent_redeemed(self) -> int:
        """How many were redeemed, compared with how many are published. A code may also be redeemed unpublished."""
        return self.redeemed * 100 // self.published if self.published else 0


def count_codes(campaign_ids: Iterable[int]) -> dict[int, CodeCount]:
    """Each campaign's count; one without codes has zeros. A large one is up to a minute old."""
    wanted = {f"codes:{key}": key for key in campaign_ids}
    counts = {wanted[name]: CodeCount(*count) for name, count in cache.get_many(wanted).items()}
    if missing := [key for key in wanted.values() if key not in counts]:
        with connection.cursor() as cursor:
            cursor.execute(COUNT, [missing])
            counted = {key: CodeCount(*count) for key, *count in cursor.fetchall()}
        large = {f"codes:{key}": tuple(count) for key, count in counted.items() if count.total > LARGE}
        if large:
            cache.set_many(large, REMEMBERED)
        counts |= {key: counted.get(key, CodeCount(0, 0, 0)) for key in missing}
    return counts


def is_pool_empty(campaign: Campaign, count: CodeCount) -> bool:
    """There were codes, none is left, and none will be made: told of campaigns that would publish otherwise."""
    over = campaign.deleted_at or (campaign.expiration_date and campaign.expiration_date <= timezone.now())
    return not (over or campaign.auto_update or campaign.standalone or count.left) and count.total > 0
