"""Limits of codes a day, and what was used of them today. The ledger counts and decides (publications/ledger/limits.py)."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from config.staff.models import DayUse, ProjectSettings

Kind = DayUse.Kind

MOST = 1_000_000_000
MOST_CHANNELS = 100
LONGEST_CHANNEL = 100

# As SQL. It does not stand still while a statement waits for others.
TODAY = """(clock_timestamp() AT TIME ZONE coalesce((SELECT time_zone FROM staff_projectsettings WHERE id = 1), 'UTC'))::date"""


class InvalidLimits(ValueError):
    """The message says which line is wrong, and how to put it right."""


class Use(NamedTuple):
    """Of a limit a day: how many codes were given today, of how many. Just after the limit was changed that is not known
    (None): the next code counts the day anew."""

    used: int | None
    most: int

    @property
    def left(self) -> int:
        return max(0, self.most - (self.used or 0))


USED = f"CASE WHEN day >= {TODAY} THEN used ELSE 0 END"


def use_today(kind: DayUse.Kind, subject: int | str, most: int | None) -> Use | None:
    """None where there is no limit."""
    if most is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {USED} FROM staff_dayuse WHERE kind = %s AND subject = %s",  # noqa: S608 - our own constant
            [kind, str(subject)],
        )
        found = cursor.fetchone()
    return Use(found[0] if found else None, most)


def use_of_channels() -> list[tuple[str, Use]]:
    """Of the channels that have a limit, in alphabetical order."""
    limits = ProjectSettings.current().channel_limits
    if not limits:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT subject, {USED} FROM staff_dayuse WHERE kind = 'channel'")  # noqa: S608
        used = dict(cursor.fetchall())
    return [(name, Use(used.get(name), most)) for name, most in sorted(limits.items())]


def parse_channel_limits(text: str) -> dict[str, int]:
    """{channel: codes a day}, of lines such as "Newsletter: 500". Raises InvalidLimits."""
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
