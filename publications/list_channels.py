"""Which channels there are."""

from __future__ import annotations

from django.db import connection

from campaigns.models import Campaign
from publications.models import Publication

MOST = 50
# PostgreSQL has no loose index scan for DISTINCT before version 18: this steps from channel to channel.
OF_CAMPAIGN = """
WITH RECURSIVE step AS (
    (SELECT channel FROM publications_publication WHERE campaign_id = %(campaign)s ORDER BY channel LIMIT 1)
    UNION ALL
    SELECT (SELECT channel FROM publications_publication WHERE campaign_id = %(campaign)s AND channel > step.channel
             ORDER BY channel LIMIT 1)
      FROM step WHERE step.channel IS NOT NULL)
SELECT channel FROM step WHERE channel IS NOT NULL LIMIT %(most)s
"""
RECENT = 5_000


def list_channels(campaign: Campaign | None = None) -> list[str]:
    """The campaign's channels in alphabetical order, 50 at most; without a campaign: those of recent publications."""
    if campaign is None:
        recent = Publication.objects.order_by("-created_at", "-id").values_list("channel", flat=True)[:RECENT]
        return sorted(set(recent))[:MOST]
    with connection.cursor() as cursor:
        cursor.execute(OF_CAMPAIGN, {"campaign": campaign.pk, "most": MOST})
        return [channel for (channel,) in cursor.fetchall()]
