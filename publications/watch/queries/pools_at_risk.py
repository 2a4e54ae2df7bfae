"""The pools that need somebody: low now, or empty soon."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.db.models import Q
from django.utils import timezone

from campaigns.models import Campaign
from publications.watch.in_words import in_words
from publications.watch.models import PoolForecast
from publications.watch.queries.low_pools import SHOWN, low_pools

SOON = timedelta(days=14)


class PoolAtRisk(NamedTuple):
    campaign: Campaign
    left: int
    forecast: str  # in a sentence; "" where nothing is foreseen


def pools_at_risk() -> list[PoolAtRisk]:
    """At most SHOWN: those that are low now, the emptiest first, then those that will be empty within SOON."""
    low = low_pools()
    until = timezone.localdate() + SOON
    soon = Q(empty_on_week__lte=until) | Q(empty_on_month__lte=until) | Q(short_by__gt=0)
    forecasts = list(
        PoolForecast.objects.filter(Q(campaign__in=low) | soon & Q(left__gt=0))
        .select_related("campaign", "short_for")
        .order_by("empty_on_week", "campaign_id")[: 2 * SHOWN]
    )
    by_campaign = {forecast.campaign_id: forecast for forecast in forecasts}
    risks = [
        PoolAtRisk(campaign, campaign.codes_left, in_words(by_campaign.pop(campaign.pk)))
        if campaign.codes_left and campaign.pk in by_campaign
        else PoolAtRisk(campaign, campaign.codes_left, "")
        for campaign in low
    ]
    for campaign in low:
        by_campaign.pop(campaign.pk, None)
    risks += [PoolAtRisk(forecast.campaign, forecast.left, in_words(forecast)) for forecast in by_campaign.values()]
    return risks[:SHOWN]
