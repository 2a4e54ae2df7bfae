"""Daily limits of codes, and how much of them is used today. The ledger counts and decides
(publications/ledger/limits.py).
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from config.staff.models import Limit

Kind = Limit.Kind

MOST = 1_000_000_000
MOST_CHANNELS = 100
LONGEST_CHANNEL = 100

# As SQL. It does not stand still while a statement waits for others.
TODAY = """(clock_timestamp() AT TIME ZONE coalesce((SELECT time_zone FROM staff_projectsettings WHERE id = 1), 'UTC'))::date"""


class InvalidLimits(ValueError):
    """The message says which line is wrong, and how to fix it."""


class Use(NamedTuple):
    """Use of a daily limit: how many codes of how many were given today. Unknown (None) just after the limit was
    changed: the next code recounts the day.
    """

    used: int | None
    most: int

    @property
    def left(self) -> int:
        return max(0, self.most - (self.used or 0))


USE = f"SELECT subject, CASE WHEN day >= {TODAY} THEN used WHEN day IS NOT NULL THEN 0 END, most FROM staff_limit"  # noqa: S608


def subject_of(kind: Limit.Kind, subject: int | str) -> str:
    """As `Limit.subject` has it."""
    return f"{kind.value}:{subject}"


def use_today(kind: Limit.Kind, subject: int | str) -> Use | None:
    """None if there is no limit."""
    with connection.cursor() as cursor:
        cursor.execute(f"{USE} WHERE subject = %s", [subject_of(kind, subject)])
        found = cursor.fetchone()
    return Use(*found[1:]) if found else None


def use_of_channels() -> list[tuple[str, Use]]:
    """For the channels with a limit, in alphabetical order."""
    with connection.cursor() as cursor:
        cursor.execute(f"{USE} WHERE subject LIKE 'channel:%' ORDER BY subject")
        return [(subject.removeprefix("channel:"), Use(used, most)) for subject, used, most in cursor.fetchall()]


def parse_channel_limits(text: str) -> dict[str, int]:
    """{channel: codes per day}, from lines such as "Newsletter: 500". Raises InvalidLimits."""
    limits: dict[str, int] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, colon, number = line.rpartition(":")
        name, number = " ".join(name.split()), number.strip().replace(",", "")
        if not colon or not name:
            raise InvalidLimits(f"“{line[:60]}”: write the channel, a colon and a number, such as “Newsletter: 500”.")
        if not (number.isascii() and number.isdecimal() and len(number) < 11 and 1 <= int(number) <= MOST):
            raise InvalidLimits(f"“{name[:60]}”: enter a number from 1 to {MOST:,}.")
        if len(name) > LONGEST_CHANNEL:
            raise InvalidLimits(f"“{name[:60]}…”: a channel’s name has at most {LONGEST_CHANNEL} characters.")
        if name in limits:
            raise InvalidLimits(f"“{name}” is listed twice.")
        limits[name] = int(number)
    if len(limits) > MOST_CHANNELS:
        raise InvalidLimits(f"Enter at most {MOST_CHANNELS} channels.")
    return limits
