"""What is foreseen for the pool of one campaign."""

from __future__ import annotations

from typing import NamedTuple

from campaigns.models import Campaign
from publications.watch.in_words import day_in_words, what_is_short, when_empty
from publications.watch.models import PoolForecast


class ForecastInWords(NamedTuple):
    forecast: PoolForecast
    empty: str  # a sentence; "" where the pool lasts for a year, or until the campaign ends
    other: str  # the other pace's day, where the two differ
    short: str


def forecast_of(campaign: Campaign) -> ForecastInWords | None:
    """None where nothing is forecast: the campaign fills itself up, is over, or was not looked at yet."""
    forecast = PoolForecast.objects.filter(campaign=campaign).select_related("short_for").first()
    if forecast is None or not forecast.left:
        return None
    return ForecastInWords(forecast, when_empty(forecast), _other(forecast), what_is_short(forecast))


def _other(forecast: PoolForecast) -> str:
    week, month = forecast.empty_on_week, forecast.empty_on_month
    if not forecast.empty_on or week == month:
        return ""
    by_week = forecast.empty_on == week
    later, days = (month, 28) if by_week else (week, 7)
    if later is None:
        return f"At the pace of the last {days} days it lasts."
    return f"At the pace of the last {days} days: {day_in_words(later)}."
