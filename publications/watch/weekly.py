"""The past week in figures."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse

from config.alerts.actions.keep_alerts import Found
from publications.tallies.tally import tally_days
from publications.watch.in_words import in_words
from publications.watch.models import PoolForecast

FROM_HOUR = 8  # on Monday
SHOWN = 5


def past_week(now: datetime) -> list[Found]:
    """One, from Monday at eight until Sunday night, of `now`, which is in the project's time zone."""
    if now.weekday() == 0 and now.hour < FROM_HOUR:
        return []
    monday = now.date() - timedelta(days=now.weekday())
    since_monday = now.weekday() + 1  # days, today among them, that are not of the past week
    days = tally_days()
    codes, before = days.codes(last=7, before=since_monday), days.codes(last=7, before=since_monday + 7)
    lines = [
        f"{codes:,} codes published, {before:,} in the week before.",
        f"{days.failed(last=7, before=since_monday):,} attempts to publish failed.",
    ]
    soon = PoolForecast.objects.select_related("campaign", "short_for").filter(empty_on_week__isnull=False)
    lines += [f"{one.campaign}: {in_words(one)}" for one in soon.order_by("empty_on_week", "pk")[:SHOWN]]
    first, last = monday - timedelta(days=7), monday - timedelta(days=1)
    title = f"The week from {first.day} {first:%B} to {last.day} {last:%B}"
    return [Found(monday.isoformat(), title, "\n".join(lines), reverse("publications:history"))]
