"""A forecast in a sentence, as pages and alerts say it."""

from __future__ import annotations

from datetime import date

from django.utils import timezone

from publications.watch.models import PoolForecast

RARELY = 0.05  # codes a day, below which a pace is no pace


def when_empty(forecast: PoolForecast) -> str:
    """ "Empty on Thursday 10 December at the pace of the last 7 days (42 a day)."; "" where it lasts for a year."""
    if not forecast.left:
        return "The pool is empty."
    if forecast.reserved >= forecast.left:
        return "All codes left are reserved for distributions."
    if not forecast.empty_on:
        return ""
    by_week = forecast.empty_on == forecast.empty_on_week
    pace, days = (forecast.pace_week, 7) if by_week else (forecast.pace_month, 28)
    if pace < RARELY:
        return f"Empty on {day_in_words(forecast.empty_on)}, with what distributions will take."
    return f"Empty on {day_in_words(forecast.empty_on)} at the pace of the last {days} days ({_number(pace)} a day)."


def what_is_short(forecast: PoolForecast) -> str:
    """ "412 codes short for the distribution Advent on Saturday 12 December."; "" where all that is planned is there."""
    if not forecast.short_by or forecast.short_for is None or forecast.short_on is None:
        return ""
    codes = "1 code" if forecast.short_by == 1 else f"{forecast.short_by:,} codes"
    return f"{codes} short for the distribution {forecast.short_for} on {day_in_words(forecast.short_on)}."


def in_words(forecast: PoolForecast) -> str:
    """Both, or "" where there is nothing to say."""
    return " ".join(text for text in (when_empty(forecast), what_is_short(forecast)) if text)


def day_in_words(day: date) -> str:
    """ "Thursday 10 December"; with its year where that is another; "today"."""
    today = timezone.localdate()
    if day == today:
        return "today"
    return f"{day:%A} {day.day} {day:%B}" + (f" {day.year}" if day.year != today.year else "")


def _number(pace: float) -> str:
    return f"{pace:,.0f}" if pace >= 10 else f"{pace:.1f}".removesuffix(".0")
