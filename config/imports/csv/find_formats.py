"""How the rows of a file write dates and amounts, found out by those that leave no doubt; and what that means, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from config.imports.csv.cells import RowRefused, shown, text_of
from config.imports.csv.formats import (
    DAY_FIRST,
    MONTH_FIRST,
    Formats,
    day_of,
    decimal_mark_of,
    decimal_of,
    moment_of,
    written_date,
)

DATES = ("date", "expiry")
_SERIAL = "serial"


class Found(NamedTuple):
    date_order: str
    decimal_mark: str


def find_formats(rows: Iterable[Sequence[str]], kinds: Mapping[int, str]) -> Found:
    """`kinds` are those of the columns, by their places. "" where nothing tells, or where the rows contradict each other."""
    orders, marks = set(), set()
    for kind, text in _cells(rows, kinds):
        if kind in DATES:
            found = written_date(text)
            if found and found.form in "./-":
                first, second, _ = found.numbers
                orders |= {DAY_FIRST} if first > 12 else {MONTH_FIRST} if second > 12 else set()
        elif "." in text or "," in text:
            marks.add(decimal_mark_of(text))
    marks.discard("?")
    return Found(orders.pop() if len(orders) == 1 else "", marks.pop() if len(marks) == 1 else "")


def _cells(rows: Iterable[Sequence[str]], kinds: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    places = [(place, kind) for place, kind in kinds.items() if kind in (*DATES, "money")]
    for cells in rows if places else ():
        for place, kind in places:
            if place < len(cells) and (text := text_of(cells[place])):
                yield kind, text


def sentences(rows: Iterable[Sequence[str]], kinds: Mapping[int, str], formats: Formats) -> list[str]:
    """What a person would want to know of how these rows are read, each thing said once with its count."""
    seen: dict[str, tuple[int, str]] = {}  # what: (how many, an example)
    for kind, text in _cells(rows, kinds):
        for what in _remarkable(kind, text, formats):
            count, example = seen.get(what, (0, text))
            seen[what] = (count + 1, example)
    return [_sentence(what, count, example, formats) for what, (count, example) in seen.items()]


def _remarkable(kind: str, text: str, formats: Formats) -> Iterator[str]:
    try:
        if kind == "money":
            decimal_of(text, formats, places=20)
            if "," in text or ("." in text and decimal_mark_of(text) == "?"):
                yield "amount"
            return
        found = written_date(text)
        day_of(text, formats)
    except RowRefused:  # which is told with the row
        return
    if found and found.form != "iso":
        yield found.form
    if found and found.clock is None and formats.whole_days and kind == "expiry":
        yield "until"
    if found and found.clock and not found.offset:
        yield "clock"


def _sentence(what: str, count: int, example: str, formats: Formats) -> str:
    one = count == 1
    if what == "amount":
        amount = decimal_of(example, formats, places=20)
        return f"{count:,} {'amount' if one else 'amounts'} such as {shown(example)}: read as {amount:,.2f}."
    if what == "until":
        end = moment_of(example, formats, end=True).astimezone(formats.zone)
        dates = "1 expiration date has" if one else f"{count:,} expiration dates have"
        return (
            f"{dates} no time: valid until the end of that day, such as {in_words(end.date())}, 23:59 ({formats.zone})."
        )
    if what == "clock":
        moment = moment_of(example, formats).astimezone(formats.zone)
        return (
            f"{count:,} {'time' if one else 'times'} without an offset, such as {shown(example)}: read as "
            f"{in_words(moment.date())}, {moment:%H:%M} in {formats.zone}."
        )
    day = in_words(day_of(example, formats))
    if what == _SERIAL:
        return f"{count:,} {'date' if one else 'dates'} as a spreadsheet’s day number, such as {shown(example)}: read as {day}."
    return f"{count:,} {'date' if one else 'dates'} in the form {shown(example)}: read as {day}."


def in_words(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
