"""How far off the forecast of a pool is, over made-up histories of demand; no database and no clock are asked.

    .venv/bin/python -m bench.forecast [--histories 1000]

Each history is four weeks of the past, which the forecast sees, and a future, which it does not. The pool is as large as what
the future takes in 3 to 60 days, so that the day on which it really becomes empty is known. "shown" is the earlier of the
two days, which pages and alerts tell. Errors are in days: the middle one, that of nine in ten, and how many were told
more than two days too late, which is what hurts. The same seed makes the same histories.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable
from datetime import date, timedelta
from statistics import median

from bench.installation import machine
from publications.watch.project_pool import MONTH, WEEK, Planned, pace_of, project_pool

TODAY = date(2026, 11, 30)  # a Monday
LONGEST = 61
LATE = 2

Demand = Callable[[int], float]  # codes expected on a day; 0 is today, -1 yesterday


def _kinds(dice: random.Random) -> dict[str, Demand]:
    level = math.exp(dice.uniform(math.log(2), math.log(500)))
    burst = {dice.randrange(-MONTH, LONGEST) for _ in range(4)}
    return {
        "steady": lambda day: level,
        "weekly rhythm": lambda day: level * (0.3 if (TODAY + timedelta(day)).weekday() >= 5 else 1.28),
        "growing 2 % a day": lambda day: level * 1.02**day,
        "fading 2 % a day": lambda day: level * 0.98**day,
        "launched 10 days ago": lambda day: 0 if day < -10 else level * (1 + 4 * 0.8 ** (day + 10)),
        "with four busy days": lambda day: level * (6 if day in burst else 1),
    }


def _drawn(dice: random.Random, expected: float) -> int:
    """As many as come where each comes by itself: Poisson, by its normal shape where they are many."""
    if expected > 50:
        return max(0, round(dice.gauss(expected, math.sqrt(expected))))
    end, count, product = math.exp(-expected), 0, dice.random()
    while product > end:
        count, product = count + 1, product * dice.random()
    return count


def _errors(dice: random.Random, demand: Demand, *, age: int, with_planned: bool) -> tuple[int, int, int]:
    """Of the pace of a week, of four weeks, and of what is shown; positive: told too late."""
    past = [_drawn(dice, demand(day)) for day in range(-MONTH, 0)]
    future = [_drawn(dice, demand(day)) for day in range(LONGEST)]
    empty_after = dice.randint(3, LONGEST - 1)
    planned: list[Planned] = []
    if with_planned:  # a distribution on the way takes a day's or a week's worth at once
        on = dice.randrange(empty_after)
        codes = round(sum(future[:empty_after]) * dice.uniform(0.05, 0.5))
        planned, future[on] = [Planned(TODAY + timedelta(on), codes, 1)], future[on] + codes
    left = max(sum(future[: empty_after + 1]), 1)
    really = next(day for day in range(LONGEST) if sum(future[: day + 1]) >= left)

    def told(days: int) -> int:
        pace = pace_of(sum(past[-days:]), days=days, age=age)
        found = project_pool(left, pace=pace, planned=planned, today=TODAY, until=None).empty_on
        return (found - TODAY).days if found else 365

    week, month = told(WEEK) - really, told(MONTH) - really
    return week, month, min(week, month)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--histories", type=int, default=1000, help="of each kind")
    count = options.parse_args().histories
    print(machine())
    dice = random.Random(2026)
    print(f"{count:,} histories of each kind; half of them with a distribution planned")
    print(
        f"{'error in days (median, of nine in ten)':40} {'7 days':>14} {'28 days':>14} {'shown':>14}   shown > {LATE} days late"
    )
    for kind in _kinds(dice):
        age = 10 if kind.startswith("launched") else MONTH
        errors = [_errors(dice, _kinds(dice)[kind], age=age, with_planned=n % 2 == 1) for n in range(count)]
        cells = []
        for column in zip(*errors, strict=True):
            off = sorted(abs(error) for error in column)
            cells.append(f"{median(off):6.1f} {off[int(len(off) * 0.9)]:7,}")
        late = sum(shown > LATE for *_, shown in errors)
        print(f"{kind:40} {' '.join(cells)}   {100 * late / count:10.1f} %")


if __name__ == "__main__":
    main()
