"""What a cell of an uploaded file says: texts, flags, counts. Each refusal says how to mend the cell.

Dates and amounts, which people write in many ways: config/imports/csv/formats.py.
"""

from __future__ import annotations

import json
import re

from config.imports.csv.formulas import hidden, without_apostrophe
from config.metadata import MetadataRefused, check_metadata

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_OR_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
# What a spreadsheet would change unless it is told that it is text: by an apostrophe in front, or as ="00123".
_TOLD_TO_BE_TEXT = re.compile(r"'(?='*(?:\d|TRUE$|FALSE$))")
_TEXT_AS_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
# Also as spreadsheets of other languages write it.
TRUE = {
    "true",
    "yes",
    "y",
    "1",
    "active",
    "wahr",
    "ja",
    "vrai",
    "oui",
    "verdadero",
    "sí",
    "si",
    "vero",
    "sì",
    "prawda",
    "tak",
}
FALSE = {"false", "no", "n", "0", "inactive", "falsch", "nein", "faux", "non", "falso", "fałsz", "nie", "onwaar", "nee"}


class RowRefused(Exception):
    """The row cannot be imported; each of its `problems` names the cell, what is wrong with it, and how to mend it."""

    def __init__(self, *problems: str) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def text_of(cell: str) -> str:
    """The cell without white space around it, and without what only tells a spreadsheet that it is text."""
    text = cell.strip()
    return unmarked(text) if text and text[0] in "'=" else text


def unmarked(text: str) -> str:
    """The text itself: of '+1 555 0100, '00123 and ="00123" what a spreadsheet shows. A name such as 't Hooft keeps its own."""
    if (calculated := without_apostrophe(text)) != text:
        return calculated
    if _TOLD_TO_BE_TEXT.match(text):
        return text[1:]
    if quoted := _TEXT_AS_FORMULA.fullmatch(text):
        return quoted[1].replace('""', '"')
    return text


def marked(text: str) -> str:
    """A text that was meant just so, such that `text_of` gives it back."""
    if without_apostrophe(text) != text or _TEXT_AS_FORMULA.fullmatch(text):
        return hidden(text)
    return f"'{text}" if _TOLD_TO_BE_TEXT.match(text) else text


def shown(text: str) -> str:
    """A cell's text within a message: short, in quotes, and storable whatever it holds."""
    clean = "".join(c if c.isprintable() else "�" for c in text[:60])
    return f"“{clean}…”" if len(text) > 60 else f"“{clean}”"


def line_of(text: str, longest: int) -> str:
    if _CONTROL_OR_BREAK.search(text):
        raise RowRefused("contains a line break or a control character. Write it on one line.")
    return _within(text, longest)


def lines_of(text: str, longest: int) -> str:
    if _CONTROL.search(text):
        raise RowRefused("contains a control character. Remove it.")
    return _within(text, longest)


def flag_of(text: str) -> bool:
    word = text.lower()
    if word in TRUE:
        return True
    if word in FALSE:
        return False
    raise RowRefused(f"{shown(text)} is not TRUE or FALSE.")


def count_of(text: str, *, least: int) -> int:
    if text.isascii() and text.isdigit() and least <= int(text[:12]) < 2**31:
        return int(text)
    raise RowRefused(f"{shown(text)} is not a whole number of {least} or more. Write it in digits, such as 3.")


def object_of(text: str) -> dict:
    """Metadata, as an export writes them into one cell: a JSON object."""
    try:
        return check_metadata(json.loads(text))
    except MetadataRefused as refused:
        raise RowRefused(str(refused)) from None
    except (ValueError, RecursionError):
        raise RowRefused(
            f'{shown(text)} is not a JSON object. Write it as {{"lang": "en"}}, or empty the cell.'
        ) from None


def _within(text: str, longest: int) -> str:
    if len(text) > longest:
        raise RowRefused(f"can have at most {longest} characters; this has {len(text)}. Shorten it.")
    return text
