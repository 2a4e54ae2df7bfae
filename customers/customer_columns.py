"""What the columns of a file of customers may be, and how a row of it becomes a customer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from config.csv_cells import RowRefused, object_of, text_of
from config.csv_columns import Field, mapped_columns
from customers.upsert import InvalidCustomer, clean_customer

ADDRESS = "address."
FIELDS = (
    Field("source_id", "Source ID", ("customer id", "external id")),
    Field("name", "Name", ("full name", "customer name")),
    Field("email", "E-mail", ("e-mail address", "mail")),
    Field("phone", "Phone", ("phone number", "telephone", "mobile")),
    Field("description", "Description"),
    Field("birthdate", "Birthdate", ("birthday", "date of birth")),
    Field(ADDRESS + "line_1", "Address line 1", ("address", "street", "line 1")),
    Field(ADDRESS + "line_2", "Address line 2", ("line 2",)),
    Field(ADDRESS + "city", "City", ("town",)),
    Field(ADDRESS + "postal_code", "Postal code", ("postcode", "zip", "zip code")),
    Field(ADDRESS + "state", "State", ("province", "region")),
    Field(ADDRESS + "country", "Country"),
    Field("metadata", "Metadata as JSON", ("metadata",)),  # the other columns may become one key of it each
)
# What an export from Voucherify holds besides: ids and moments of that system. A person may still choose them.
IGNORED = ("id", "object", "created at", "updated at", "creation date", "last update date")


class CustomerReader:
    """Reads the rows of one file: its headings, and what they were mapped to."""

    def __init__(self, headings: Sequence[str], mapping: dict[str, str], *, check_email: bool = True):
        self.check_email = check_email
        self.columns = mapped_columns(headings, mapping)
        self.labels = {column.field: column.heading for column in self.columns}

    def source_id(self, cells: Sequence[str]) -> str:
        """What the row says of its source_id, whatever is wrong with it."""
        return next((text_of(cells[column.place]) for column in self.columns if column.field == "source_id"), "")

    def read(self, cells: Sequence[str]) -> dict[str, Any]:
        """The customer's columns that the row gives; an empty cell gives none. Raises RowRefused.

        What may be stored is upsert.py's to say, as for the API and the forms. Metadata are text: nobody knows
        whether 007 was meant as 7.
        """
        sent: dict[str, Any] = {}
        address: dict[str, str] = {}
        metadata: dict[str, Any] = {}
        for column in self.columns:
            if not (text := text_of(cells[column.place])):
                continue
            if key := column.metadata_key:
                metadata[key] = text
            elif column.field.startswith(ADDRESS):
                address[column.field[len(ADDRESS) :]] = text
            elif column.field == "metadata":
                metadata = self._object(text, column.heading) | metadata
            else:
                sent[column.field] = text
        if not (sent or address or metadata):
            raise RowRefused("None of the columns that are imported holds anything in this row.")
        try:
            given = clean_customer({**sent, "address": address, "metadata": metadata}, check_email=self.check_email)
        except InvalidCustomer as invalid:
            label = self.labels.get(invalid.field)
            what = f"{label}: {invalid.message}. Correct the cell, or empty it." if label else invalid.message
            raise RowRefused(what) from None
        return {**given, "address": json.dumps(given["address"]), "metadata": json.dumps(given["metadata"])}

    def _object(self, text: str, heading: str) -> dict[str, Any]:
        try:
            return object_of(text)
        except RowRefused as refused:
            raise RowRefused(f"{heading}: {refused}") from None
