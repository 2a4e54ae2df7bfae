"""The columns that a file of customers may have, and how a row becomes a customer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from config.imports.csv.cells import FALSE, TRUE, RowRefused, object_of, shown
from config.imports.csv.columns import Field, mapped_columns
from config.imports.csv.formats import PLAIN, Formats, day_of, written_date
from customers.actions.upsert import InvalidCustomer, clean_customer
from customers.headings import OTHER_LANGUAGES

ADDRESS = "address."
_FIELDS = (
    Field("source_id", "Source ID", ("customer id", "customer number", "customer no", "external id"), "exact"),
    Field("old_id", "ID (if there is no source ID)", ("id",)),  # of the system that the file comes from
    Field("name", "Name", ("full name", "customer name")),
    Field("first_name", "First name", ("given name", "fname")),
    Field("last_name", "Last name", ("surname", "family name", "lname")),
    Field("email", "E-mail", ("e-mail address", "mail"), "email"),
    Field("phone", "Phone", ("phone number", "telephone", "mobile"), "exact"),
    Field("description", "Description"),
    Field("birthdate", "Birthdate", ("birthday", "date of birth"), "date"),
    Field(
        ADDRESS + "line_1",
        "Address line 1",
        ("address", "street", "line 1", "address1", "default address address1"),
    ),
    Field(ADDRESS + "line_2", "Address line 2", ("line 2", "address2", "default address address2")),
    Field(ADDRESS + "city", "City", ("town", "address city", "default address city")),
    Field(
        ADDRESS + "postal_code",
        "Postal code",
        ("postcode", "zip", "zip code", "address postal code", "default address zip"),
        "exact",
    ),
    Field(
        ADDRESS + "state",
        "State",
        ("province", "region", "address state", "state / region", "default address province code"),
    ),
    Field(ADDRESS + "country", "Country", ("address country", "default address country code")),
    Field(
        "accepts_email",
        "Accepts marketing e-mail",
        (
            *("accepts email marketing", "accepts marketing", "email marketing consent", "email consent", "newsletter"),
            *("marketing consent", "email opt in", "opt in", "subscribed", "email marketing", "consent"),
        ),
        "consent",
    ),
    Field("unsubscribed_at", "Unsubscribed", ("unsub time", "unsubscribed on", "unsubscribed at"), "consent"),
    Field("metadata", "Metadata as JSON", ("metadata",)),  # the other columns may become one key of it each
)
FIELDS = tuple(field._replace(headings=(*field.headings, *OTHER_LANGUAGES.get(field.name, ()))) for field in _FIELDS)
# What an export from Voucherify holds besides: moments and sums of that system, and the birthdate once more. A person
# may still choose them.
IGNORED = (
    *("object", "created at", "updated at", "creation date", "last update date", "birthday", "birthdate"),
    *(f"redemptions total {what}" for what in ("redeemed", "failed", "succeeded", "rolled back")),
    *("redemptions total rollback failed", "redemptions total rollback succeeded"),
    *("orders total amount", "orders total count", "orders average amount"),
    *("orders last order amount", "orders last order date", "loyalty points", "loyalty referred customers"),
)


YES = TRUE | {"subscribed", "opted in", "opt-in"}
NO = FALSE | {
    *("unsubscribed", "not subscribed", "not_subscribed", "never subscribed", "never_subscribed", "suppressed"),
    *("opted out", "opt-out", "cleaned"),
}

STILL_IN = FALSE | {"[]", "none", "never", "null", "-", "subscribed", "opted in", "opt-in"}


def _consent_of(text: str) -> bool:
    """Whether the customer agreed to marketing by e-mail or took that back. A moment means that they agreed then."""
    word = text.lower()
    if word in YES or written_date(text):
        return True
    if word in NO:
        return False
    raise RowRefused(f"{shown(text)} is neither yes nor no. Write yes or no, or empty the cell.")


def _is_out(text: str) -> bool:
    """Whether a cell of a column of those who unsubscribed says so: by a moment, a yes, or a reason such as a bounce."""
    return text.lower() not in STILL_IN


def _full_name(first: str, name: str, last: str) -> str:
    """Of the three columns. Where only one of first and last name has a column, "Name" may be the other: nothing is lost
    (“Vorname; Name”, “Nombre; Apellidos”)."""
    words = name.casefold().split()
    parts = (first, name, last)
    return " ".join(
        part for part in parts if part and (part is name or not set(part.casefold().split()).issubset(words))
    )


class CustomerReader:
    """Reads the rows of one file, given its headings and what they are mapped to."""

    def __init__(self, headings: Sequence[str], mapping: dict[str, str], formats: Formats = PLAIN) -> None:
        self.columns = mapped_columns(headings, mapping)
        # What each becomes is looked up once rather than in each of a million rows.
        self.parsed = [
            (column.place, column.heading, column.field, column.metadata_key, column.field.removeprefix(ADDRESS))
            for column in self.columns
        ]
        self.formats, self.text_of = formats, formats.text_of
        self.labels = {column.field: column.heading for column in self.columns}

    def source_id(self, cells: Sequence[str]) -> str:
        """The row's source_id, or otherwise its old id, whatever else is wrong with the row."""
        ids = {c.field: self.text_of(cells[c.place]) for c in self.columns if c.field in ("source_id", "old_id")}
        return ids.get("source_id") or ids.get("old_id", "")

    def stored(self, cells: Sequence[str]) -> dict[int, Any]:
        """{position of a column: what its cell becomes, or the cell itself if it cannot be read}"""
        values: dict[int, Any] = {column.place: self.text_of(cells[column.place]) for column in self.columns}
        for column in self.columns:
            if values[column.place]:
                with suppress(RowRefused):
                    values[column.place] = self._read(column.field, values[column.place])
        return values

    def read(self, cells: Sequence[str]) -> dict[str, Any]:
        """The customer's columns in the row; an empty cell sets nothing. Raises RowRefused with every problem.

        upsert.py decides what can be stored, as for the API and the forms. Metadata is text: nobody knows whether 007
        was meant as 7.
        """
        sent, address, metadata, wrong = self._parse(cells)
        if name := _full_name(sent.pop("first_name", ""), sent.pop("name", ""), sent.pop("last_name", "")):
            sent["name"] = name
        refuses = sent.pop("accepts_email", None) is False
        refuses = sent.pop("unsubscribed_at", False) or refuses
        if old_id := sent.pop("old_id", ""):
            sent.setdefault("source_id", old_id)
        if not (sent or address or metadata or wrong):
            raise RowRefused("This row is empty in all imported columns.")
        given = self._clean(sent, address, metadata, wrong)
        if wrong:
            raise RowRefused(*wrong)
        given["refuses"] = refuses
        return {**given, "address": json.dumps(given["address"]), "metadata": json.dumps(given["metadata"])}

    def _parse(self, cells: Sequence[str]) -> tuple[dict, dict, dict, list[str]]:
        """The cells that are not empty: fields, parts of the address, metadata; and what cannot be read."""
        sent: dict[str, Any] = {}
        address: dict[str, str] = {}
        metadata: dict[str, Any] = {}
        wrong: list[str] = []
        for place, heading, field, metadata_key, part in self.parsed:
            if not (text := self.text_of(cells[place])):
                continue
            try:
                if metadata_key:
                    metadata[metadata_key] = text
                elif part != field:
                    address[part] = text
                elif field == "metadata":
                    metadata = object_of(text) | metadata
                else:
                    sent[field] = self._read(field, text)
            except RowRefused as refused:
                wrong.append(f"{heading}: {refused}")
        return sent, address, metadata, wrong

    def _read(self, field: str, text: str) -> Any:
        if field == "birthdate" and self.formats.whole_days:  # what was sent as JSON is clean_customer()'s to read
            return day_of(text, self.formats)
        if field == "unsubscribed_at":
            return _is_out(text)
        return _consent_of(text) if field == "accepts_email" else text

    def _clean(self, sent: dict, address: dict, metadata: dict, wrong: list[str]) -> dict[str, Any]:
        """The values that can be stored. The others are reported in `wrong` and left out, so that the rest is checked
        as well.
        """
        while True:
            try:
                return clean_customer({**sent, "address": address, "metadata": metadata})
            except InvalidCustomer as invalid:
                label = self.labels.get(invalid.field)
                what = f"{label}: {invalid.message}. Correct the cell, or empty it." if label else invalid.message
                wrong.append(what)
                if invalid.field == "metadata":
                    metadata = {}
                elif invalid.field.startswith(ADDRESS):
                    del address[invalid.field[len(ADDRESS) :]]
                else:
                    del sent[invalid.field]
