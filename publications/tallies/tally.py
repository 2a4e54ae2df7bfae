"""Counts what the tiles and charts show: what the tallies hold already, and what came since (ADR 0021)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from campaigns.models import Campaign
from config.staff.time_zone import start_of
from publications.models import Publication
from publications.tallies.count_publications import LIVE_CODES
from publications.tallies.models import OF_EVERYTHING

DAYS = 24
SHOWN_CHANNELS = 4
OTHER, GREY = "Other", 5


class Days:
    """Codes published in the last DAYS days, by day of the project's time zone and channel; without those released since.

    Besides, by day: how many publications they went out in, and the failed attempts. A file of 500 codes is one
    publication. And of all days: which channels there were, and the failed attempts that are kept still.
    """

    def __init__(self) -> None:
        self._codes: Counter[tuple[date, str]] = Counter()
        self._publications: Counter[date] = Counter()
        self._failed: Counter[date] = Counter()
        self.channels: set[str] = set()
        self.failed_in_all = 0
        today = timezone.localdate()
        self.days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]

    def add(self, day: date | None, channel: str, result: str, publications: int, codes: int, attempts: int) -> None:
        """`day` is None for those before the first that is shown."""
        self.channels.add(channel)
        if result == Publication.Result.FAILURE:
            self.failed_in_all += attempts
        if day is None:
            return
        if result == Publication.Result.SUCCESS:
            self._codes[day, channel] += codes
            self._publications[day] += publications
        else:
            self._failed[day] += attempts

    def codes(self, *, last: int, before: int = 0) -> int:
        """Of the `last` days (1 is today alone), ending `before` days ago."""
        days = set(self._window(last, before))
        return sum(count for (day, _), count in self._codes.items() if day in days)

    def publications(self, *, last: int) -> int:
        return sum(self._publications[day] for day in self._window(last, 0))

    def failed(self, *, last: int, before: int = 0) -> int:
        return sum(self._failed[day] for day in self._window(last, before))

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


# How far the tallies had come when this process last looked: a hint, which the statement checks. As a constant it
# tells the planner how few publications are left to count; and where it was wrong, none is counted and it is asked again.
_counted_up_to = 0

# The counted days; then those of the rest, which are few: only where the counting has not kept up, or has begun again in
# another time zone, they are all that there are. A day before the first that is shown is null.
STATEMENT = """
WITH progress AS MATERIALIZED (
    SELECT coalesce(max(counted_up_to), 0) AS up_to FROM tallies_tallyprogress WHERE time_zone = %(zone)s
)
SELECT NULL::date AS day, NULL AS channel, NULL AS result, up_to AS publications, 0::bigint AS codes, 0::bigint AS attempts
  FROM progress
 UNION ALL
SELECT CASE WHEN day >= %(first_day)s THEN day END, channel, result,
       sum(publications)::bigint, sum(codes)::bigint, sum(attempts)::bigint
  FROM tallies_daytally
 WHERE campaign_id = %(scope)s AND (SELECT up_to FROM progress) > 0 {counted}
 GROUP BY 1, 2, 3
 UNION ALL
SELECT (created_at AT TIME ZONE %(zone)s::text)::date, channel, result, count(*), sum({live})::bigint, 0
  FROM publications_publication
 WHERE result = 'SUCCESS' AND id > %(after)s AND (SELECT up_to FROM progress) = %(after)s AND created_at >= %(since)s {made}
 GROUP BY 1, 2, 3
 UNION ALL
SELECT CASE WHEN created_at >= %(since)s THEN (created_at AT TIME ZONE %(zone)s::text)::date END, channel, result,
       count(*), 0, sum(attempts)::bigint
  FROM publications_publication
 WHERE result = 'FAILURE' AND id > %(after)s AND (SELECT up_to FROM progress) = %(after)s {made} {failed}
 GROUP BY 1, 2, 3
"""
LIVE = LIVE_CODES.format(publication="publications_publication")
OF_CAMPAIGN = STATEMENT.format(live=LIVE, counted="", made="AND campaign_id = %(scope)s", failed="")
OF_ALL = STATEMENT.format(live=LIVE, counted="AND day >= %(first_day)s", made="", failed="AND created_at >= %(since)s")


def tally_days(campaign: Campaign | None = None) -> Days:
    """Of the campaign, or of everything (then without what is told of all days). Exact at the time of asking."""
    days = Days()
    values: dict[str, Any] = {
        "scope": campaign.pk if campaign else OF_EVERYTHING,
        "zone": timezone.get_current_timezone_name(),
        "first_day": days.days[0],
        "since": start_of(days.days[0]),
    }
    for row in ask(OF_CAMPAIGN if campaign else OF_ALL, values):
        days.add(*row)
    return days


def ask(statement: str, values: dict[str, Any]) -> list[tuple]:
    """The statement's rows but for its first, which tells, as the fourth of six, how far the tallies have come. It is given
    that as `after`, beyond which it counts by itself, and is asked again where `after` was wrong.
    """
    global _counted_up_to
    with connection.cursor() as cursor:
        while True:
            cursor.execute(statement, {**values, "after": _counted_up_to})
            (*_, counted_up_to, _, _), *rows = cursor.fetchall()
            if counted_up_to == _counted_up_to:
                return rows
            _counted_up_to = counted_up_to
