"""Reads the funnel from its tallies: in all, by week, and by what else is asked for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum

from publications.funnel.durations import in_words
from publications.funnel.models import FunnelProgress, FunnelTally, FunnelTime, Step

SHOWN = 25  # campaigns, channels or distributions, those with the most codes
COUNTS = ("published", "messages", "delivered", "redeemed", "amount")
KEYS = {"week": "week", "campaign": "campaign_id", "channel": "channel", "distribution": "distribution_id"}


class Counts(NamedTuple):
    """Of codes that were published; `messages` of them by a distribution that sends some."""

    published: int = 0
    messages: int = 0
    delivered: int = 0
    redeemed: int = 0
    amount: int = 0  # of orders, in hundredths

    def __add__(self, other: Any) -> Counts:
        return Counts(*map(sum, zip(self, other, strict=True)))


class Line(NamedTuple):
    """One line of the table: `key` is a week, a channel, or the key of a campaign or distribution; None: all of them."""

    key: Any
    counts: Counts
    medians: Mapping[int, int]  # by step, buckets

    @property
    def order_amount(self) -> Decimal | None:
        """None: no order told its amount."""
        return Decimal(self.counts.amount) / 100 if self.counts.amount else None

    @property
    def delivered_share(self) -> str:
        return share(self.counts.delivered, self.counts.messages)

    @property
    def redeemed_share(self) -> str:
        return share(self.counts.redeemed, self.counts.published)

    @property
    def delivered_after(self) -> str:
        return in_words(self.medians.get(Step.DELIVERED))

    @property
    def redeemed_after(self) -> str:
        return in_words(self.medians.get(Step.REDEEMED))


class Funnel(NamedTuple):
    total: Line
    weeks: dict[date, Counts]
    lines: list[Line]
    more: bool  # there are others than those in `lines`


def share(part: int, of: int) -> str:
    """ "12.5%", "80%": rounded down, so that 100% means all; "" of nothing."""
    if not of:
        return ""
    tenths = 1000 * part // of
    if part and not tenths:
        return "under 0.1%"
    return f"{tenths // 10}.{tenths % 10}%".replace(".0%", "%")


def counted_at() -> datetime | None:
    """All that had happened by then is counted. None: not all of it, yet."""
    return FunnelProgress.objects.values_list("as_of", flat=True).first()


def read_funnel(
    by: str,
    *,
    rows: QuerySet[FunnelTally],
    times: QuerySet[FunnelTime],
    each: QuerySet[FunnelTally],
    each_time: QuerySet[FunnelTime],
    weeks: Iterable[date],
) -> Funnel:
    """`by` is one of KEYS. `rows` and `times` are what to sum up, `each` and `each_time` the same, told apart by `by`."""
    of_week = _sums(rows, "week")
    by_week = {week: of_week.get(week, Counts()) for week in weeks}
    total = Line(None, sum(by_week.values(), Counts()), _medians(times, None).get(None, {}))
    if by == "week":
        found = {week: counts for week, counts in reversed(by_week.items()) if counts.published}
    else:
        found = _sums(each, KEYS[by], most=SHOWN + 1)
    keys = list(found)[: None if by == "week" else SHOWN]
    medians = _medians(each_time.filter(**{f"{KEYS[by]}__in": keys}), KEYS[by])
    lines = [Line(key, found[key], medians.get(key, {})) for key in keys]
    return Funnel(total, by_week, lines, len(found) > len(keys))


def _sums(rows: QuerySet[FunnelTally], key: str, *, most: int | None = None) -> dict[Any, Counts]:
    """By key, those with the most codes first."""
    summed = rows.order_by().values(key).annotate(**{f"all_{name}": Sum(name) for name in COUNTS})
    found = summed.filter(all_published__gt=0).order_by("-all_published", key)[:most]
    return {row[key]: Counts(*(int(row[f"all_{name}"]) for name in COUNTS)) for row in found}


def _medians(times: QuerySet[FunnelTime], key: str | None) -> dict[Any, dict[int, int]]:
    """By key and step, the bucket of the median: of an even number the lower of the two in the middle."""
    names = [*([key] if key else []), "step", "bucket"]
    buckets: dict[tuple[Any, int], Counter[int]] = defaultdict(Counter)
    for *of, step, bucket, codes in (
        times.order_by().values(*names).annotate(all=Sum("codes")).values_list(*names, "all")
    ):
        buckets[(of or [None])[0], step][bucket] += codes
    medians: dict[Any, dict[int, int]] = defaultdict(dict)
    for (of_what, step), counted in buckets.items():
        if codes := counted.total():
            medians[of_what][step] = _median(counted, codes)
    return medians


def _median(counted: Counter[int], codes: int) -> int:
    reached = 0
    for bucket in sorted(counted):
        reached += counted[bucket]
        if 2 * reached >= codes:
            return bucket
    raise AssertionError("The buckets add up to all codes.")
