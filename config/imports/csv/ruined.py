"""What a spreadsheet has done to codes and numbers before they came here. Nobody can undo it, so it is a warning."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from config.imports.csv.cells import shown, text_of
from config.imports.csv.formats import written_date

EXACT = ("code", "exact")  # kinds of columns in which every character counts
BESIDE = 3  # neighbours on each side
MOST_OF = 0.6
DENSE = 20
_MONTHS = """jan feb mar apr may jun jul aug sep sept oct nov dec mär mrz mai okt dez janv févr mars avr juin juil août déc
    ene abr ago dic gen mag giu lug set ott fev out sty lut kwi maj cze lip sie wrz paź lis gru""".split()
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_AND_MONTH = re.compile(rf"\d{{1,2}}[-. ]{{1,2}}(?:{_MONTH})\.?|(?:{_MONTH})\.?[- ]\d{{1,4}}", re.IGNORECASE)
_EXPONENT = re.compile(r"\d(?:[.,]\d{1,14})?E\+\d{2,3}", re.IGNORECASE)
_ROUNDED = re.compile(r"[1-9]\d{14}0{1,30}")
_FAILED = re.compile(r"#(?:N/A|NV|NAME\?|NULL!|NUM!|ZAHL!|REF!|BEZUG!|VALUE!|WERT!|DIV/0!|SPILL!|CALC!)", re.IGNORECASE)
_FRACTION = re.compile(r"0[.,]\d{1,6}|1")


FAILED = "a formula failed"


class Ruined(NamedTuple):
    heading: str
    what: str
    example: str
    rows: list[int]

    @property
    def sentence(self) -> str:
        one = len(self.rows) == 1
        if self.what == FAILED:
            return (
                f"{len(self.rows):,} {'cell' if one else 'cells'} of “{self.heading}” {'holds' if one else 'hold'} "
                f"{shown(self.example)}: a formula that failed. Correct it in the spreadsheet, or empty the cell."
            )
        return (
            f"{len(self.rows):,} {'cell' if one else 'cells'} of “{self.heading}”, {'' if one else 'such as '}{shown(self.example)}, "
            f"{'looks' if one else 'look'} altered by a spreadsheet: {self.what}. "
            "Format the column as text in the spreadsheet, correct it there, and export the file again."
        )


def ruined_cells(
    rows: Sequence[tuple[int, Sequence[str]]], kinds: Mapping[int, str], headings: Sequence[str]
) -> list[Ruined]:
    """Of rows (number, cells), for each column and each kind of damage once."""
    found: list[Ruined] = []
    for place, heading in enumerate(headings):
        cells = [(number, row[place].strip()) for number, row in rows if place < len(row)]
        damaged = [(number, text, FAILED) for number, text in cells if text[:1] == "#" and _FAILED.fullmatch(text)]
        if kinds.get(place) in EXACT:
            damaged += _damaged([(number, text_of(text)) for number, text in cells if text])
        damages: dict[str, Ruined] = {}
        for number, text, what in damaged:
            damages.setdefault(what, Ruined(heading, what, text, [])).rows.append(number)
        found += damages.values()
    return found


def marked_as_text(rows: Iterable[Sequence[str]], kinds: Mapping[int, str], headings: Sequence[str]) -> Iterator[str]:
    """A sentence for each column of codes in which cells are marked as text, for a spreadsheet."""
    rows = list(rows)
    for place in (place for place, kind in kinds.items() if kind == "code"):
        marked = [text for row in rows if place < len(row) and text_of(text := row[place].strip()) != text]
        if marked:
            cells = "1 cell of" if len(marked) == 1 else f"{len(marked):,} cells of"
            yield (
                f"{cells} “{headings[place]}” {'is' if len(marked) == 1 else 'are'} marked as text for spreadsheets: "
                f"{shown(marked[0])} is read as {shown(text_of(marked[0]))}. If the mark belongs to the code, choose so below."
            )


def shown_as_percentages(
    rows: Iterable[Sequence[str]], kinds: Mapping[int, str], headings: Sequence[str]
) -> Iterator[str]:
    """Of a workbook: what it shows as 10 % is 0.1 in its cell. A sentence for each column in which all are so small."""
    rows = list(rows)
    for place in (place for place, kind in kinds.items() if kind == "money"):
        cells = [text for row in rows if place < len(row) and (text := row[place].strip())]
        if cells and all(map(_FRACTION.fullmatch, cells)):
            yield (
                f"Every value of “{headings[place]}” is between 0 and 1, such as {shown(cells[0])}. If the spreadsheet "
                "shows it as a percentage, write it without the percent format there: 10 rather than 10 %."
            )


def _damaged(cells: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str, str]]:
    for number, text in cells:
        if len(text) > 60:
            continue
        if _EXPONENT.fullmatch(text):
            yield number, text, "long numbers became powers of ten"
        elif _DAY_AND_MONTH.fullmatch(text) or ((date := written_date(text)) and date.form != "serial"):
            yield number, text, "codes became dates"
        elif _ROUNDED.fullmatch(text):
            yield number, text, "digits beyond the fifteenth became zeros"
    for number, text in _shorter(cells):
        yield number, text, "zeros at the beginning were lost"


def _shorter(cells: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Numbers with fewer digits than the others: than most, or than their neighbours where they are in order, since
    numbers that are counted up grow longer by themselves."""
    if len(cells) < 3 or not all(text.isdecimal() for _, text in cells):
        return
    lengths = [len(text) for _, text in cells]
    usual, times = Counter(lengths).most_common(1)[0]
    if max(lengths) > usual or min(lengths) == usual:
        return
    numbers = [int(text) for _, text in cells] if usual <= 20 else []
    if numbers and max(numbers) < DENSE * len(numbers):  # counted up, in whatever order
        return
    in_order = numbers in (sorted(numbers), sorted(numbers, reverse=True))
    for at, (number, text) in enumerate(cells):
        if len(text) == usual:
            continue
        beside = {*lengths[max(at - BESIDE, 0) : at], *lengths[at + 1 : at + 1 + BESIDE]}
        if (times >= MOST_OF * len(cells) and not in_order) or beside == {usual}:
            yield number, text
