"""Whether the first row of a file is headings or data, and by what such headings are known again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from string import ascii_uppercase

from config.imports.csv.columns import ERROR_FILE_ENDS, Field, is_email
from config.imports.csv.formats import written_date

LOOKED_AT = 50  # rows below the first
_NUMBER = re.compile(r"[-+]?[$€£]?\d[\d.,' ]*%?")
_DIGIT, _LETTERS, _DIGITS = re.compile(r"\d"), re.compile(r"[^\W\d_]+"), re.compile(r"\d+")


def is_row_of_headings(first: Sequence[str], below: Sequence[Sequence[str]], fields: Sequence[Field]) -> bool:
    """Where a cell is called like a field, it is. Else it is not where a cell can be no heading (an address, a number, a
    date), nor where a column with digits, or of a single width, goes on as its first cell begins."""
    cells = [cell.strip() for cell in first]
    if any(field.is_called(cell) for cell in cells if cell for field in fields):
        return True
    if list(first[-2:]) == ERROR_FILE_ENDS:
        return True
    if any(is_email(cell) or _NUMBER.fullmatch(cell) or written_date(cell) for cell in cells):
        return False
    return not any(_goes_on(cell, [row[at].strip() for row in below if at < len(row)]) for at, cell in enumerate(cells))


def _goes_on(first: str, below: list[str]) -> bool:
    below = list(filter(None, below))
    if not first or not below:
        return False
    if _DIGIT.search(first):  # ABC-1, ABC-2: one pattern all the way
        return all(_shape(cell) == _shape(first) for cell in below)
    # QWERTYUI, ASDFGHJK: codes of letters alone
    return (
        len(below) > 1
        and len(first) > 4
        and first.isalpha()
        and first.isupper()
        and all(len(cell) == len(first) and cell.isupper() for cell in below)
    )


def _shape(cell: str) -> str:
    """ABC-12 and XYZ-7 are of one shape."""
    return _LETTERS.sub("A", _DIGITS.sub("9", cell))


def names_of_columns(width: int) -> list[str]:
    """As a spreadsheet calls them: Column A, Column B, …"""
    return [f"Column {_letters(at)}" for at in range(width)]


def _letters(at: int) -> str:
    more, last = divmod(at, 26)
    return (_letters(more - 1) if more else "") + ascii_uppercase[last]


def headings_key(headings: Sequence[str]) -> str:
    """The same for files with the same headings; an error file is known as the file that it came from."""
    ours = headings[:-2] if list(headings[-2:]) == ERROR_FILE_ENDS else headings
    return hashlib.sha256("\n".join(ours).encode(errors="replace")).hexdigest()
