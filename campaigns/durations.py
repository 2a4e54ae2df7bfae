"""Durations: stored as ISO 8601 ("P30D"), typed and shown the way people say them ("30 days")."""

from __future__ import annotations

import re

# number of years, months, weeks, days, hours, minutes, seconds: what both ISO 8601 and PostgreSQL's interval know
_ISO = re.compile(
    r"P(?=[\dT])(?:(\d{1,6})Y)?(?:(\d{1,6})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?"
)
_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")
_LETTERS = ("Y", "M", "W", "D", "H", "M", "S")
_SHORT = {"h": "hour", "hr": "hour", "min": "minute", "sec": "second", "d": "day", "w": "week", "mo": "month"}
_IN_SECONDS = (31_557_600, 2_629_800, 604_800, 86_400, 3_600, 60, 1)
_AND = re.compile(r"\band\b|,")
_SPOKEN = re.compile(r"(?:\s*+\d{1,6}\s*+[a-z]++)++\s*+")
_NUMBER_AND_UNIT = re.compile(r"(\d{1,6})\s*+([a-z]++)")
LONGEST_TEXT = 200
LONGEST_YEARS = 100


class InvalidDuration(ValueError):
    """The text is not a usable duration; the message says what would be."""


def parse_duration(text: str) -> str:
    """ "30 days", "2 weeks 12 h" or "p30d" -> ISO 8601; "" stays "". Raises `InvalidDuration`."""
    text = text.strip()
    if not text:
        return ""
    numbers = (_iso(text.upper()) or _spoken(text)) if len(text) <= LONGEST_TEXT else None
    if numbers is None:
        raise InvalidDuration("Write it as “30 days”, “12 hours” or, in ISO 8601, “P30D”.")
    seconds = sum(number * length for number, length in zip(numbers, _IN_SECONDS, strict=True))
    if seconds == 0:
        raise InvalidDuration("Enter more than zero, or leave empty for no limit.")
    if seconds > LONGEST_YEARS * _IN_SECONDS[0]:
        raise InvalidDuration(f"Enter at most {LONGEST_YEARS} years, or leave empty for no limit.")
    parts = [f"{number}{letter}" if number else "" for number, letter in zip(numbers, _LETTERS, strict=True)]
    return "P" + "".join(parts[:4]) + ("T" + "".join(parts[4:]) if any(parts[4:]) else "")


def spoken_duration(iso: str) -> str:
    """ "P30D" -> "30 days"; any other text is returned unchanged."""
    numbers = _iso(iso)
    if numbers is None:
        return iso
    said = (
        f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in zip(numbers, _UNITS, strict=True) if number
    )
    return " ".join(said)


def _iso(text: str) -> list[int] | None:
    found = _ISO.fullmatch(text)
    return [int(number or 0) for number in found.groups()] if found else None


def _spoken(text: str) -> list[int] | None:
    numbers = [0] * len(_UNITS)
    rest = _AND.sub(" ", text.lower())
    if not _SPOKEN.fullmatch(rest):
        return None
    for number, word in _NUMBER_AND_UNIT.findall(rest):
        unit = _SHORT.get(word, word.removesuffix("s"))
        if unit not in _UNITS or numbers[_UNITS.index(unit)]:
            return None
        numbers[_UNITS.index(unit)] = int(number)
    return numbers
