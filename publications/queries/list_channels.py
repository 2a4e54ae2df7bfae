"""The channels in use."""

from __future__ import annotations

from django.db import connection

from campaigns.models import Campaign

MOST = 50
# PostgreSQL has no loose index scan for DISTINCT before version 18: this steps from channel to channel.
STEPS = """
WITH RECURSIVE step AS (
    (SELECT channel FROM publications_publication WHERE {scope} ORDER BY channel LIMIT 1)
    UNION ALL
    SELECT (SELECT channel FROM publications_publication WHERE {scope} AND channel > step.channel ORDER BY channel LIMIT 1)
      FROM step WHERE step.channel IS NOT NULL)
SELECT channel FROM step WHERE channel IS NOT NULL LIMIT %(most)s
"""
OF_CAMPAIGN, OF_ALL = STEPS.format(scope="campaign_id = %(campaign)s"), STEPS.format(scope="true")


def list_channels(campaign: Campaign | None = None) -> list[str]:
    """The channels of the campaign, or of everything, in alphabetical order; at most 50."""
    with connection.cursor() as cursor:
        cursor.execute(
            OF_CAMPAIGN if campaign else OF_ALL, {"campaign": campaign.pk if campaign else None, "most": MOST}
        )
        return [channel for (channel,) in cursor.fetchall()]
