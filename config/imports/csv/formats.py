"""How a file writes dates and amounts, and what a cell of it says by that. What could be meant in two ways is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from config.imports.csv.cells import RowRefused, shown, text_of

DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
END_OF_DAY = time(23, 59, 59, 999_000)  # the API tells milliseconds
FIRST_DAY_OF_EXCEL = datetime(1899, 12, 30)  # noqa: DTZ001 - its day 0, as Excel counts since it takes 1900 for a leap year

_TIME = r"(?:,?[T ] ?(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?: ?([AP]M))?(?: ?(Z|UTC|[+-](?:0\d|1[0-5]):?[0-5]\d))?)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.IGNORECASE)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){_TIME}", re.IGNORECASE)
_SERIAL = re.compile(r"(\d{5})(?:[.,](\d{1,12}))?")
_NUMBER = re.compile(r"\d{1,3}(?:([ \u00a0\u202f'’.,])\d{3}(?:\1\d{3})*)?(?:[.,]\d+)?|\d+(?:[.,]\d+)?")
_MARK = re.compile(r"[.,]")
_BETWEEN_THOUSANDS = re.compile(r"[ \u00a0\u202f'’]")


class Formats(NamedTuple):
    """What a person has chosen, or what was found out where nothing speaks against it."""

    zone: tzinfo = UTC  # of times without offset
    date_order: str = ""  # DAY_FIRST or MONTH_FIRST; "": only what can mean one day is read
    decimal_mark: str = ""  # "." or ","; "": only what can mean one amount is read
    whole_days: bool = True  # a date without a time is that whole day, so what expires then expires at its end
    as_stored: bool = False  # an apostrophe in front, or ="00123", marks no text but belongs to it

    @property
    def text_of(self) -> Callable[[str], str]:
        return str.strip if self.as_stored else text_of


PLAIN = Formats()


class Written(NamedTuple):
    """The parts of a date as they stand in a cell."""

    form: str  # "iso", "ymd", "." (31.12.2026), "/", "-", "serial"
    numbers: tuple[int, int, int]  # as they come
    clock: time | None
    offset: str  # "": none


def written_date(text: str) -> Written | None:
    """None where it is none of the forms that are known."""
    if not text.isascii() or len(text) > 60:
        return None
    if found := _YEAR_FIRST.fullmatch(text):
        year, sign, month, day, *clock = found.groups()
        form = "iso" if sign == "-" and len(month) == len(day) == 2 else "ymd"
        return _written(form, (int(year), int(month), int(day)), clock)
    if found := _YEAR_LAST.fullmatch(text):
        first, sign, second, year, *clock = found.groups()
        return _written(sign, (int(first), int(second), int(year)), clock)
    if found := _SERIAL.fullmatch(text):
        part = round(float(f"0.{found[2]}") * 86_400) if found[2] else 0
        moment = FIRST_DAY_OF_EXCEL + timedelta(days=int(found[1]), seconds=min(part, 86_399))
        clock_of_day = moment.time() if part else None
        return Written("serial", (moment.year, moment.month, moment.day), clock_of_day, "")
    return None


def _written(form: str, numbers: tuple[int, int, int], clock: list[str | None]) -> Written | None:
    hour, minute, second, fraction, half, offset = clock
    if hour is None:
        return Written(form, numbers, None, "")
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if half.upper() == "PM" else 0)
    with suppress(ValueError):  # 25:00
        micro = int((fraction or "0")[:6].ljust(6, "0"))
        return Written(form, numbers, time(hours, int(minute or 0), int(second or 0), micro), (offset or "").upper())
    return None


def day_of(text: str, formats: Formats = PLAIN) -> date:
    """The day of a date or a moment, as it stands there. Raises RowRefused."""
    found = written_date(text)
    return _day(text, found, formats)


def moment_of(text: str, formats: Formats = PLAIN, *, end: bool = False) -> datetime:
    """In UTC. What has no offset is in the file's time zone; a date alone is the first moment of the day, and with `end`
    the last. Raises RowRefused."""
    found = written_date(text)
    day = _day(text, found, formats)
    if found is None or found.clock is None:
        clock, offset = (END_OF_DAY if end and formats.whole_days else time.min), ""
    else:
        clock, offset = found.clock, found.offset
    moment = datetime.combine(day, clock, _offset(offset) if offset else formats.zone)
    return moment.astimezone(UTC)


def _day(text: str, found: Written | None, formats: Formats) -> date:
    day = None
    if found:
        with suppress(ValueError):  # 2026-02-30
            day = date(*_ordered(text, found, formats))
    if day is None:
        raise RowRefused(f"{shown(text)} is not a date. Write it as 2026-11-30 or 2026-11-30T23:59:00Z.")
    if not 1900 <= day.year < 3000:
        raise RowRefused(f"{shown(text)} is not between the years 1900 and 2999. Leave the cell empty for no date.")
    return day


def _ordered(text: str, found: Written, formats: Formats) -> tuple[int, int, int]:
    """Year, month, day."""
    if found.form in ("iso", "ymd", "serial"):
        return found.numbers
    first, second, year = found.numbers
    # Dots stand between day and month where the day comes first; nobody puts them the other way round.
    order = formats.date_order or (DAY_FIRST if found.form == "." else "")
    if not order:
        if first <= 12 and second <= 12 and first != second:
            raise RowRefused(
                f"{shown(text)} can be read with the day first or the month first. Choose how the file writes dates, or "
                "write it as 2026-11-30."
            )
        order = DAY_FIRST if first > 12 else MONTH_FIRST
    return (year, second, first) if order == DAY_FIRST else (year, first, second)


def _offset(offset: str) -> tzinfo:
    if offset in ("Z", "UTC"):
        return UTC
    return datetime.strptime(offset.replace(":", ""), "%z").tzinfo or UTC


def decimal_of(text: str, formats: Formats = PLAIN, *, places: int) -> Decimal:
    """10, 10.5 or 10,5, and 1.250,00 or 1,250.00. What could be thousands as well (25.000, 25,000) is refused unless
    the file's decimal sign is known. Raises RowRefused, also for more places than are kept."""
    if not (plain := _plain_number(text, formats)):
        raise RowRefused(f"{shown(text)} is not a number. Write it without separators or symbols, such as 10 or 10.50.")
    whole, _, fraction = plain.partition(".")
    fraction = fraction.rstrip("0")
    if len(fraction) > places or len(whole) > 10:
        raise RowRefused(
            f"{shown(text)} has too many digits. Use at most {places} decimals and 10 digits before the point."
        )
    return Decimal(f"{whole}.{fraction or 0}")


def _plain_number(text: str, formats: Formats) -> str:
    """The number with a point; "" where it is none."""
    if text.isascii() and text.isdigit() and len(text) <= 20:
        return text
    if len(text) > 60 or not _NUMBER.fullmatch(text):
        return ""
    digits = _BETWEEN_THOUSANDS.sub("", text)
    mark = formats.decimal_mark or decimal_mark_of(digits)
    if mark == "?":
        whole, fraction = _MARK.split(digits)
        raise RowRefused(
            f"{shown(text)} can be thousands or decimals. Choose how the file writes amounts, or write it as "
            f"{whole}{fraction} or {whole}.{fraction[:2]}."
        )
    whole, _, fraction = digits.rpartition(mark) if mark in digits else (digits, "", "")
    thousands = "," if mark == "." else "."
    groups = whole.split(thousands)
    if thousands in fraction or mark in whole:
        return ""
    if len(groups) > 1 and (not 1 <= len(groups[0]) <= 3 or any(len(group) != 3 for group in groups[1:])):
        return ""
    return "".join(groups) + (f".{fraction}" if fraction else "")


def decimal_mark_of(text: str) -> str:
    """By which sign these digits and signs show that their decimals begin: "." or ","; "?" where it could be either; "."
    where there is none."""
    points, commas = text.count("."), text.count(",")
    if points and commas:
        return "." if text.rindex(".") > text.rindex(",") else ","
    if points > 1 or commas > 1:  # 1.250.000
        return "," if points else "."
    if not points + commas:
        return "."
    mark = "." if points else ","
    whole, _, fraction = text.partition(mark)
    if len(fraction) == 3 and 1 <= len(whole) <= 3 and whole.strip("0"):
        return "?"
    return mark
