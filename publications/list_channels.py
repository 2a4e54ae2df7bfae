"""Which channels there are, and in which colours a page shows them."""

from __future__ import annotations

from itertools import cycle

from django.db import connection

from campaigns.models import Campaign
from config.templatetags.handout import CHANNELS
from publications.models import Publication

MOST = 50
OWN_COLOURS = (6, 8, 7, 3, 4, 2)  # the first ones are nobody's
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


def channel_colours(channels: list[str]) -> dict[str, int]:
    """{channel: its colour among charts' 1 to 8}: different ones as long as there are enough.

    The built-in channels keep theirs on every page, the grey one is that of "Other".
    """
    colours = {name: CHANNELS[name] for name in channels if name in CHANNELS}
    free = [colour for colour in OWN_COLOURS if colour not in colours.values()]
    own = (name for name in channels if name not in CHANNELS)
    return colours | dict(zip(own, cycle(free), strict=False))
