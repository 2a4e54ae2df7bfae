"""Columns that are not imported as anything, though they look like money, a date or a consent: told before it is too late."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from config.imports.csv.cells import text_of
from config.imports.csv.columns import Field, is_field, plain
from config.imports.csv.formats import written_date
from config.imports.csv.known_files import known_columns

MOST_OF = 0.8
LOOKED_AT = 200  # cells
_MONEY = re.compile(
    r"amount|value|price|worth|balance|credit|betrag|wert|guthaben|preis|montant|valeur|importe|saldo|valor|kwota"
)
_CONSENT = re.compile(
    r"consent|marketing|newsletter|optin|optout|subscri|einwilligung|werbung|abonn|rgpd|gdpr|dsgvo|suppress|donot(?:mail|contact|email)|abgemeldet"
)
_AMOUNT = re.compile(r"[-+]?[$€£]?\d[\d.,' ]{0,20}(?: ?(?:%|€|EUR|USD|GBP))?")


def overlooked(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    mapping: Mapping[str, str],
    fields: Sequence[Field],
    ignored: Sequence[str],
) -> Iterator[str]:
    """A sentence for each. Those that are known to mean nothing here (`ignored`) are passed over."""
    kinds = {field.kind for field in fields}
    known = known_columns(headings, fields)
    nothing = {plain(name) for name in ignored}
    for place, heading in enumerate(headings):
        name = mapping.get(str(place), "")
        if (name and is_field(name)) or (not name and (plain(heading) in nothing or known.get(place) == "")):
            continue
        cells = [text_of(row[place]) for row in rows[:LOOKED_AT] if place < len(row) and row[place].strip()]
        if cells and (what := _looks_like(plain(heading), cells, kinds)):
            becomes = "kept as metadata only" if name else "not imported"
            yield f"“{heading}” looks like {what}, but is {becomes}. Choose below what it is imported as, if it is that."


def _looks_like(heading: str, cells: Sequence[str], kinds: set[str]) -> str:
    if "consent" in kinds and _CONSENT.search(heading):
        return "a consent to marketing"
    if _share(cells, _is_date) and kinds & {"date", "expiry"}:
        return "a date"
    if "money" in kinds and _MONEY.search(heading) and _share(cells, _AMOUNT.fullmatch):
        return "an amount of money"
    return ""


def _is_date(text: str) -> bool:
    found = written_date(text)
    return bool(found and found.form != "serial")


def _share(cells: Sequence[str], is_one: Callable[[str], object]) -> bool:
    return sum(bool(is_one(cell)) for cell in cells) >= MOST_OF * len(cells)
