"""Counts what the tiles and charts show. Small numbers are counted afresh; counting a million rows is done once a minute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from campaigns.models import Campaign
from config.time_zone import start_of
from publications.models import Publication

T = TypeVar("T")

DAYS = 24
SHOWN_CHANNELS = 4
OTHER, GREY = "Other", 5
LARGE = 100_000  # rows; from here on a count is remembered
REMEMBERED = 60  # seconds


class Days:
    """Codes published in the last DAYS days, by day of the project's time zone and channel, released ones included.

    Besides, by day: how many publications they went out in, and the failed attempts. A file of 500 codes is one
    publication.
    """

    def __init__(self, codes: Counter[tuple[date, str]], publications: Counter[date], failed: Counter[date]) -> None:
        self._codes, self._publications, self._failed = codes, publications, failed
        today = timezone.localdate()
        self.days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]

    def codes(self, *, last: int, before: int = 0) -> int:
        """Of the `last` days (1 is today alone), ending `before` days ago."""
        days = set(self._window(last, before))
        return sum(count for (day, _), count in self._codes.items() if day in days)

    def publications(self, *, last: int) -> int:
        return sum(self._publications[day] for day in self._window(last, 0))

    def failed(self, *, last: int) -> int:
        return sum(self._failed[day] for day in self._window(last, 0))

    def chart(self) -> dict[str, Any]:
        """For {% stacked_bars %}: the channels through which the most codes went, and Other in grey."""
        totals: Counter[str] = Counter()
        for (_, channel), count in self._codes.items():
            totals[channel] += count
        # One more is no better told as "Other".
        shown = SHOWN_CHANNELS if len(totals) > SHOWN_CHANNELS + 1 else SHOWN_CHANNELS + 1
        names = [name for name, _ in sorted(totals.items(), key=lambda total: (-total[1], total[0]))[:shown]]
        series: list[dict[str, Any]] = [
            {"name": name, "values": [self._codes[day, name] for day in self.days]} for name in names
        ]
        if len(totals) > len(names):
            rest = [sum(self._codes[day, name] for name in totals if name not in names) for day in self.days]
            series.append({"name": OTHER, "n": GREY, "values": rest})
        return {"labels": self.days, "series": series}

    def _window(self, last: int, before: int) -> list[date]:
        end = len(self.days) - before
        return self.days[end - last : end]


def tally_days(campaign: Campaign | None = None) -> Days:
    """Of the campaign, or of everything."""
    first_day = timezone.localdate() - timedelta(days=DAYS - 1)
    made = Publication.objects.filter(created_at__gte=start_of(first_day))
    if campaign is not None:
        made = made.filter(campaign=campaign)
    by_day = (
        made.order_by()
        .annotate(day=TruncDate("created_at"))
        .values_list("day", "channel", "result")
        .annotate(rows=Count("pk"), codes=Sum("voucher_count"), attempts=Sum("attempts"))
    )
    key = f"code-days:{campaign.pk if campaign else ''}:{timezone.get_current_timezone_name()}:{first_day}"
    published: Counter[tuple[date, str]] = Counter()
    publications: Counter[date] = Counter()
    failed: Counter[date] = Counter()
    for day, channel, result, rows, codes, attempts in _remembered(
        key, lambda: list(by_day), size=lambda counted: sum(row[3] for row in counted)
    ):
        if result == Publication.Result.SUCCESS:
            published[day, channel] += codes
            publications[day] += rows
        else:
            failed[day] += attempts
    return Days(published, publications, failed)


class Figures(NamedTuple):
    """Of a campaign. `publications` is counted up to 10,001; failures are those that are kept still."""

    publications: int
    failed: int
    last_failed_at: datetime | None
    exports: int


FIGURES = """
SELECT (SELECT count(*) FROM (SELECT FROM publications_publication WHERE campaign_id = %(campaign)s LIMIT 10001) AS p),
       (SELECT coalesce(sum(attempts), 0) FROM (SELECT attempts FROM publications_publication
         WHERE campaign_id = %(campaign)s AND result = 'FAILURE' LIMIT %(large)s) AS f),
       (SELECT max(created_at) FROM publications_publication WHERE campaign_id = %(campaign)s AND result = 'FAILURE'),
       (SELECT count(*) FROM publications_export WHERE campaign_id = %(campaign)s)
"""


def figures_of(campaign: Campaign) -> Figures:
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, {"campaign": campaign.pk, "large": LARGE})
        return Figures(*cursor.fetchone())


class Reached(NamedTuple):
    customers: int
    publications: int
    codes: int
    in_all: bool  # False: among LARGE of the publications only, so "at least"

    @property
    def each(self) -> float:
        """Codes a customer."""
        return self.codes / self.customers if self.customers else 0


REACHED = """
SELECT count(DISTINCT customer_id), count(*), coalesce(sum(voucher_count), 0) FROM (
    SELECT customer_id, voucher_count FROM publications_publication
     WHERE campaign_id = %(campaign)s AND result = 'SUCCESS' AND voided_at IS NULL AND customer_id IS NOT NULL
     LIMIT %(large)s) AS p
"""


def customers_reached(campaign: Campaign) -> Reached:
    """How many customers hold, or held, a code of the campaign."""

    def count() -> Reached:
        with connection.cursor() as cursor:
            cursor.execute(REACHED, {"campaign": campaign.pk, "large": LARGE})
            customers, publications, codes = cursor.fetchone()
            return Reached(customers, publications, codes, publications < LARGE)

    return _remembered(f"codes-reached:{campaign.pk}", count, size=lambda reached: reached.publications)


def _remembered(key: str, count: Callable[[], T], *, size: Callable[[T], int]) -> T:
    """What is small is exact and costs little; what is large changes little in a minute and costs a second."""
    known = cache.get(key)
    if known is None:
        known = count()
        if size(known) >= LARGE:
            cache.set(key, known, REMEMBERED)
    return known
