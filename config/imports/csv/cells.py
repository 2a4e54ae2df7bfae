"""What a cell of an uploaded file says: texts, numbers, moments. Each refusal says how to mend the cell."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal

from config.imports.csv.formulas import without_apostrophe
from config.metadata import MetadataRefused, check_metadata

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_OR_BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE)
_DECIMAL = re.compile(r"(\d{1,12})(?:[.,](\d+))?")
TRUE, FALSE = {"true", "yes", "y", "1", "active"}, {"false", "no", "n", "0", "inactive"}


class RowRefused(Exception):
    """The row cannot be imported; the message names the cell, what is wrong with it, and how to mend it."""


def text_of(cell: str) -> str:
    """The cell without white space around it, and without the apostrophe that keeps a spreadsheet from calculating."""
    text = cell.strip()
    return without_apostrophe(text) if text[:1] == "'" else text


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


def decimal_of(text: str, *, places: int) -> Decimal:
    """10, 10.5 or 10,5. What could be thousands (1,000) or has more places than are kept is refused, not guessed."""
    found = _DECIMAL.fullmatch(text)
    if not found or not text.isascii() or ("," in text and len(found[2]) == 3):
        raise RowRefused(f"{shown(text)} is not a number. Write it without separators or symbols, such as 10 or 10.50.")
    whole, fraction = found[1], (found[2] or "").rstrip("0")
    if len(fraction) > places or len(whole) > 10:
        raise RowRefused(
            f"{shown(text)} has too many digits. Use at most {places} decimals and 10 digits before the point."
        )
    return Decimal(f"{whole}.{fraction or 0}")


def moment_of(text: str) -> datetime:
    """ISO 8601, with its offset or in UTC; a date alone is its first moment."""
    moment = None
    if text.isascii() and _MOMENT.fullmatch(text):
        with suppress(ValueError):  # 2026-02-30
            moment = datetime.fromisoformat(text.upper().replace(",", "."))
    if moment is None:
        raise RowRefused(f"{shown(text)} is not a date. Write it as 2026-11-30 or 2026-11-30T23:59:00Z.")
    if not 1900 <= moment.year < 3000:
        raise RowRefused(f"{shown(text)} is not between the years 1900 and 2999. Leave the cell empty for no date.")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


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
