"""Which column of an uploaded file becomes which field: guessed from the headings, corrected by a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

METADATA = "metadata."
# An error file (config/imports/run_import.py) ends with these; mended, it is uploaded as it is.
ERROR_FILE_ENDS = ["Row", "Error"]


class Field(NamedTuple):
    """Something that a column may become."""

    name: str
    label: str
    headings: tuple[str, ...] = ()  # what others call it, besides the label

    def is_called(self, heading: str) -> bool:
        return plain(heading) in {plain(name) for name in (self.name, self.label, *self.headings)}


def plain(heading: str) -> str:
    """`plain("Address_line_1") == plain("Address Line 1")`: spelling, not meaning, is forgiven."""
    return "".join(filter(str.isalnum, heading.casefold()))


def guess_mapping(headings: Sequence[str], fields: Sequence[Field], *, ignored: Sequence[str] = ()) -> dict[str, str]:
    """{column index as text: field name}. A heading that is no field's becomes metadata; those in `ignored`, nothing."""
    mapping: dict[str, str] = {}
    dropped = {plain(heading) for heading in ignored}
    ours = len(headings) - 2 if list(headings[-2:]) == ERROR_FILE_ENDS else len(headings)
    for index, heading in enumerate(headings[:ours]):
        field = next((f.name for f in fields if f.is_called(heading) and f.name not in mapping.values()), None)
        if field:
            mapping[str(index)] = field
        elif heading and plain(heading) not in dropped:
            mapping[str(index)] = METADATA + heading
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
