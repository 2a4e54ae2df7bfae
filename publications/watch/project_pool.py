"""How a pool runs dry: arithmetic, without the database."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

HORIZON = 365  # days that are looked ahead
A_CODE = 1e-6  # what is left of one by rounding is none


WEEK, MONTH = 7, 28  # days that the two paces look back


def pace_of(codes: float, *, days: int, age: int) -> float:
    """Codes a day: so many were taken in the last `days`, or since the campaign began, `age` days ago."""
    return codes / min(days, max(age, 1))


class Planned(NamedTuple):
    """What will be taken at once, on a day."""

    day: date
    codes: int
    key: int  # whose it is


class Projection(NamedTuple):
    """`empty_on`: the first day at whose end nothing is left, or on which something planned is short."""

    empty_on: date | None
    short: Planned | None
    short_by: int


def project_pool(left: int, *, pace: float, planned: Sequence[Planned], today: date, until: date | None) -> Projection:
    """`pace` is codes a day from today on. What is planned takes its codes in the morning, before the day's pace.

    Nothing is looked for beyond `until` (the campaign's last day) or HORIZON. Something planned that is short takes what
    there is, as a distribution does before it pauses.
    """
    by_day: dict[date, list[Planned]] = {}
    for one in planned:
        by_day.setdefault(max(one.day, today), []).append(one)
    last = min(until or date.max, today + timedelta(days=HORIZON))
    rest: float = left
    empty_on: date | None = today if left <= 0 else None
    short: Planned | None = None
    short_by = 0
    day = today
    while day <= last:
        for one in sorted(by_day.get(day, ())):
            if one.codes > rest and short is None:
                short, short_by = one, round(one.codes - max(rest, 0))
            rest -= one.codes
        rest -= pace
        if empty_on is None and rest < A_CODE and (pace > 0 or by_day.get(day)):
            empty_on = day
        if empty_on is not None and (short is not None or not any(later > day for later in by_day)):
            break
        day += timedelta(days=1)
    return Projection(empty_on, short, short_by)
