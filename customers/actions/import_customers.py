"""Imports customers from a CSV file: new ones are added, those whose source_id is known are updated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper

from config.imports.run_import import Refused, Written, run_import
from config.metadata import MAX_BYTES
from customers.columns import CustomerReader
from customers.models import Customer, CustomerImport

# Column of a customer -> its type. Empty means "not given": what the customer has stays.
_COLUMNS = {
    "name": "text NOT NULL",
    "email": "text NOT NULL",
    "phone": "text NOT NULL",
    "description": "text NOT NULL",
    "birthdate": "date",
    "address": "jsonb NOT NULL",
    "metadata": "jsonb NOT NULL",
}
_NOT_GIVEN = {"birthdate": None}

# Existing customers are locked in the order of their ids, as everywhere; new ones go in by source_id.
_LOCK = """
SELECT count(*) FROM (
  SELECT id FROM customers_customer JOIN pg_temp.staged ON source_id = key
   ORDER BY id FOR NO KEY UPDATE OF customers_customer) AS locked
"""
# xmax is 0 in a row that was inserted, and the updating transaction in one that was updated.
_UPSERT = """
WITH written AS (
  INSERT INTO customers_customer AS held
    (source_id, name, email, phone, description, birthdate, address, metadata)
  SELECT key, name, email, phone, description, birthdate, address, metadata
    FROM pg_temp.staged WHERE key IS NOT NULL ORDER BY key COLLATE "C"
  ON CONFLICT (source_id) DO UPDATE SET
    name = coalesce(nullif(excluded.name, ''), held.name),
    email = coalesce(nullif(excluded.email, ''), held.email),
    phone = coalesce(nullif(excluded.phone, ''), held.phone),
    description = coalesce(nullif(excluded.description, ''), held.description),
    birthdate = coalesce(excluded.birthdate, held.birthdate),
    address = held.address || excluded.address,
    metadata = held.metadata || excluded.metadata,
    updated_at = now()
  WHERE %s AND octet_length((held.metadata || excluded.metadata)::text) <= %s
  RETURNING source_id, xmax = 0 AS added)
SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added),
       array_agg(row ORDER BY row) FILTER (WHERE source_id IS NULL)
  FROM pg_temp.staged LEFT JOIN written ON source_id = key WHERE key IS NOT NULL
"""
_ADD = """
INSERT INTO customers_customer (name, email, phone, description, birthdate, address, metadata)
SELECT name, email, phone, description, birthdate, address, metadata FROM pg_temp.staged WHERE key IS NULL ORDER BY row
"""
_REFUSED = """
SELECT row FROM pg_temp.staged JOIN customers_customer AS held ON source_id = key
 WHERE row > %s AND NOT (%s AND octet_length((held.metadata || staged.metadata)::text) <= %s) ORDER BY row
"""


def import_customers(import_id: int) -> None:
    """Runs the import to its end; what happened stands on its row. May be called again at any time.

    A row without source_id adds a customer each time; with a known one it updates that customer's given fields
    (metadata and address key by key), or is refused where the import says so. Refused as well are rows that
    customers/actions/upsert.py would refuse. Raises OperationalError and InterfaceError: then it is to be called again.
    """
    customer_import = CustomerImport.objects.filter(pk=import_id).first()
    if customer_import:
        run_import(customer_import, CustomerImporter(customer_import))


class CustomerImporter:
    """What run_import needs to know of customers."""

    noun = "customers"
    about: dict = {}
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())

    def __init__(self, customer_import: CustomerImport) -> None:
        self.customer_import = customer_import

    def prepare(self, headings: Sequence[str]) -> None:
        self.reader = CustomerReader(headings, self.customer_import.mapping, self.customer_import.formats)
        self.source_id = self.reader.labels.get("source_id", "Source ID")

    def read(self, cells: Sequence[str]) -> tuple:
        given = self.reader.read(cells)
        return (given.get("source_id"), *(given.get(name, _NOT_GIVEN.get(name, "")) for name in _COLUMNS))

    def stored(self, cells: Sequence[str]) -> dict[int, Any]:
        return self.reader.stored(cells)

    def key(self, cells: Sequence[str]) -> str:
        return self.reader.source_id(cells)[:255]

    def repeats(self, first_row: int) -> str:
        place = self.customer_import.place_of(first_row)
        return f"{self.source_id}: is the same as in {place}. Combine the rows of one customer."

    def known(self, cursor: CursorWrapper, keys: Sequence[str]) -> dict[str, str]:
        if self.customer_import.update_existing:
            return {}
        held = Customer.objects.filter(source_id__in=keys).values_list("source_id", flat=True)
        return {str(source_id): self._belongs() for source_id in held}

    def foresee(self, cursor: CursorWrapper, after: int) -> list[Refused]:
        cursor.execute(_REFUSED, [after, self.customer_import.update_existing, MAX_BYTES])
        return self._refused([row for (row,) in cursor.fetchall()])

    def write(self, cursor: CursorWrapper) -> Written:
        cursor.execute(_LOCK)
        cursor.execute(_UPSERT, [self.customer_import.update_existing, MAX_BYTES])
        added, updated, refused = cursor.fetchone()
        cursor.execute(_ADD)
        return Written(added + cursor.rowcount, updated, self._refused(refused or []))

    def _refused(self, rows: list[int]) -> list[Refused]:
        if self.customer_import.update_existing:
            error = "Metadata: together with what this customer already has, it would exceed 32 KB. Remove some of it."
        else:
            error = self._belongs()
        return [Refused(row, error) for row in rows]

    def _belongs(self) -> str:
        return f"{self.source_id}: already belongs to a customer. Choose to update customers, or remove the row."
