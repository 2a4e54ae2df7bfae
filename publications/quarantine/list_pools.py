"""The pools held by a quarantine: how many codes each has, and how fast they went before."""

from __future__ import annotations

from datetime import datetime

from django.db.models import BigIntegerField, QuerySet
from django.db.models.expressions import RawSQL

from campaigns.codes.pool import IN_POOL
from campaigns.models import Campaign

COUNT_UP_TO = 100_000  # codes of a pool

# `id + 0`: only the pool's own index serves that order (ADR 0003).
CODES_LEFT = f"""(SELECT count(*) FROM (SELECT FROM codes_voucher v
    WHERE v.campaign_id = campaigns_campaign.id AND {IN_POOL} ORDER BY v.id + 0 LIMIT {COUNT_UP_TO + 1}) AS pool)"""  # noqa: S608 - our own constants
GIVEN = """(SELECT coalesce(sum(p.voucher_count), 0) FROM publications_publication p
    WHERE p.campaign_id = campaigns_campaign.id AND p.result = 'SUCCESS'
      AND p.created_at > %s - interval '1 hour' AND p.created_at <= %s)"""
WITHDRAWN = """(SELECT count(*) FROM codes_voucher v
    WHERE v.campaign_id = campaigns_campaign.id AND v.withdrawn_why = 'held_back' AND v.withdrawn_at >= %s)"""


def list_pools(*, lost_since: datetime, opened_at: datetime) -> QuerySet[Campaign]:
    """Live campaigns, those that gave the most first to come. Each has `.codes_left` (counted up to COUNT_UP_TO + 1),
    `.given_before` (codes in the last hour before `lost_since`) and `.withdrawn` (held back since `opened_at`)."""
    return (
        Campaign.objects.live()
        .annotate(
            codes_left=RawSQL(CODES_LEFT, [], BigIntegerField()),  # noqa: S611 - our own constants
            given_before=RawSQL(GIVEN, [lost_since, lost_since], BigIntegerField()),  # noqa: S611 - our own constants
            withdrawn=RawSQL(WITHDRAWN, [opened_at], BigIntegerField()),  # noqa: S611 - our own constants
        )
        .order_by("-created_at", "-id")
    )
