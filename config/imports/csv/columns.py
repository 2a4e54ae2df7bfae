"""Which column of an uploaded file becomes which field: guessed from the headings, corrected by a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

METADATA = "metadata."
_EMAIL = re.compile(r"[^\s@<>,;\"]{1,64}@[^\s@<>,;\"]{1,255}\.[^\s@<>,;\".]{2,63}")
# An error file (config/imports/run_import.py) ends with these; mended, it is uploaded as it is.
ERROR_FILE_ENDS = ["Row", "Error"]


class Field(NamedTuple):
    """Something that a column may become."""

    name: str
    label: str
    headings: tuple[str, ...] = ()  # what others call it, besides the label
    kind: str = ""  # "code", "email", "date", "expiry", "money", "consent", "exact" (every character counts), or a text

    def is_called(self, heading: str) -> bool:
        return plain(heading) in {plain(name) for name in (self.name, self.label, *self.headings)}


@lru_cache(maxsize=10_000)
def plain(heading: str) -> str:
    """`plain("Address_line_1") == plain("Address Line 1")`: spelling, not meaning, is forgiven."""
    return "".join(filter(str.isalnum, heading.casefold()))


def is_email(text: str) -> bool:
    """Whether it looks like one: whether it is one is customers/actions/upsert.py's to say."""
    return len(text) <= 320 and bool(_EMAIL.fullmatch(text))


def guess_mapping(
    headings: Sequence[str],
    fields: Sequence[Field],
    *,
    ignored: Sequence[str] = (),
    known: Mapping[int, str] | None = None,
    rows: Sequence[Sequence[str]] = (),
    headed: bool = True,
) -> dict[str, str]:
    """{column index as text: field name}. A heading that is no field's becomes metadata; those in `ignored`, nothing.

    `known` has the columns of a file that is known ("": not imported). Where no heading is a field's, the columns of
    addresses and of codes are found by the first `rows`; without headings nothing becomes metadata, which would have no
    name.
    """
    if not headed:
        return _by_content(len(headings), fields, rows)
    mapping: dict[str, str] = {}
    dropped = {plain(heading) for heading in ignored}
    ours = len(headings) - 2 if list(headings[-2:]) == ERROR_FILE_ENDS else len(headings)
    for index, name in (known or {}).items():
        if name:
            mapping[str(index)] = name
    for index, heading in enumerate(headings[:ours]):
        if known and index in known:
            continue
        field = next((f.name for f in fields if f.is_called(heading) and f.name not in mapping.values()), None)
        if field:
            mapping[str(index)] = field
        elif heading and keeps_metadata(fields) and plain(heading) not in dropped:
            mapping[str(index)] = METADATA + heading
    if not any(is_field(name) for name in mapping.values()):
        mapping |= _by_content(ours, [field for field in fields if field.kind == "email"], rows)
    return mapping


def keeps_metadata(fields: Sequence[Field]) -> bool:
    """Whether a column that is no field may become metadata: where the fields have some."""
    return any(field.name == "metadata" for field in fields)


def is_field(name: str) -> bool:
    """Rather than metadata."""
    return not name.startswith(METADATA)


def _by_content(width: int, fields: Sequence[Field], rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """An e-mail address is known by its look; the codes are the first column in which no two cells are alike."""
    mapping: dict[str, str] = {}
    email, code = (next((f.name for f in fields if f.kind == kind), "") for kind in ("email", "code"))
    for at in range(width):
        cells = [row[at].strip() for row in rows if at < len(row) and row[at].strip()]
        if not cells:
            continue
        if email and email not in mapping.values() and sum(map(is_email, cells)) * 2 >= len(cells):
            mapping[str(at)] = email
        elif code and code not in mapping.values() and len(set(cells)) == len(cells) and not any(map(is_email, cells)):
            mapping[str(at)] = code
    return mapping


class Mapped(NamedTuple):
    """A column that becomes something: where it is, what it is called in the file, and what it becomes."""

    place: int
    heading: str
    field: str  # or "metadata.…"

    @property
    def metadata_key(self) -> str:
        """ "" where it becomes a field."""
        if not self.field.startswith(METADATA):
            return ""
        key = self.field[len(METADATA) :]
        return key.removeprefix(METADATA) or key  # the column “metadata.lang” of an export is the key "lang"


def mapped_columns(headings: Sequence[str], mapping: dict[str, str]) -> list[Mapped]:
    """The columns of a file that are imported, from left to right. `mapping` is as `guess_mapping` gives it."""
    return [
        Mapped(place, heading, mapping[str(place)]) for place, heading in enumerate(headings) if str(place) in mapping
    ]
