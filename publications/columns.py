"""What the columns of a file of past publications may be, and how a row of it becomes one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from campaigns.codes import columns as code_columns
from config.imports.csv.cells import RowRefused, line_of, lines_of, object_of, shown
from config.imports.csv.columns import Field, mapped_columns
from config.imports.csv.formats import PLAIN, Formats, moment_of
from config.metadata import MetadataRefused, check_metadata

FIELDS = (
    Field("voucher_code", "Voucher code", ("code", "voucher", "coupon code", "coupon"), "code"),
    Field("customer_source_id", "Customer source ID", (), "exact"),
    Field("customer_id", "Customer ID"),  # of the system that the file comes from
    Field("date", "Date", ("publication date", "published at"), "date"),
    Field("channel", "Channel"),
    Field("metadata", "Metadata as JSON", ("metadata",)),  # the other columns may become one key of it each
)
# A file of codes tells who holds them, so it is read here as well: what it says of the codes was for their own import.
IGNORED = (
    "is winner",
    *code_columns.IGNORED,
    *(
        name
        for field in code_columns.FIELDS
        if field.name not in ("code", "metadata")
        for name in (field.name, field.label, *field.headings)
    ),
)
NO_CUSTOMERS = "No column is imported as a customer’s ID, so these codes will have no holder."
NO_SOURCE_IDS = (
    "No column is imported as the customers’ source ID. Customers imported with a source ID cannot be matched by "
    "their old ID and would be added again. Export that column too."
)
DEFAULT_CHANNEL = "API"


def warning_of(mapping: Mapping[str, str]) -> str:
    """What a person should know before such a file is imported; "" where all is well."""
    fields = set(mapping.values())
    if "customer_source_id" in fields:
        return ""
    return NO_SOURCE_IDS if "customer_id" in fields else NO_CUSTOMERS


def _past_moment_of(text: str, formats: Formats) -> datetime:
    moment = moment_of(text, formats)
    if moment > datetime.now(UTC):
        raise RowRefused(f"{shown(text)} is in the future. Only past publications can be imported.")
    return moment


_READ: dict[str, Callable[[str], Any]] = {
    "voucher_code": str,
    "customer_source_id": partial(line_of, longest=255),
    "customer_id": partial(line_of, longest=255),
    "channel": partial(line_of, longest=100),
    "metadata": object_of,
}


class PublicationReader:
    """Reads the rows of one file: its headings, and what they were mapped to."""

    def __init__(self, headings: Sequence[str], mapping: dict[str, str], formats: Formats = PLAIN) -> None:
        self.columns, self.text_of = mapped_columns(headings, mapping), formats.text_of
        self.parse: dict[str, Callable[[str], Any]] = {**_READ, "date": partial(_past_moment_of, formats=formats)}
        self.code_label = next((c.heading for c in self.columns if c.field == "voucher_code"), "Voucher code")

    def code(self, cells: Sequence[str]) -> str:
        """What the row says of its code, whatever is wrong with it."""
        return next(
            (self.text_of(cells[column.place]) for column in self.columns if column.field == "voucher_code"), ""
        )

    def stored(self, cells: Sequence[str]) -> dict[int, Any]:
        """{place of a column: what its cell becomes, or the cell where it cannot be read}"""
        values: dict[int, Any] = {}
        for column in self.columns:
            values[column.place] = text = self.text_of(cells[column.place])
            if text and column.field == "date":
                with suppress(RowRefused):
                    values[column.place] = self.parse["date"](text)
        return values

    def read(self, cells: Sequence[str]) -> dict[str, Any]:
        """The fields that the row gives; an empty cell gives none. Raises RowRefused with all that is wrong."""
        given: dict[str, Any] = {}
        metadata: dict[str, Any] = {}
        wrong: list[str] = []
        for column in self.columns:
            if not (text := self.text_of(cells[column.place])):
                continue
            try:
                if key := column.metadata_key:
                    metadata[key] = lines_of(text, 10_000)
                else:
                    given[column.field] = self.parse[column.field](text)
            except RowRefused as refused:
                wrong.append(f"{column.heading}: {refused}")
        if "voucher_code" not in given:
            wrong.append(f"{self.code_label}: is empty. Every row needs a code.")
        if metadata := {**given.pop("metadata", {}), **metadata}:
            try:
                given["metadata"] = json.dumps(check_metadata(metadata))
            except MetadataRefused as refused:
                wrong.append(str(refused))
        if wrong:
            raise RowRefused(*wrong)
        return given
