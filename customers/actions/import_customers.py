"""Imports customers from a CSV file: adds new ones, and updates those whose source_id is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.backends.utils import CursorWrapper

from config.advisory_locks import Lock
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
    "refuses": "boolean NOT NULL",  # marketing by e-mail
    "source_id": "text",
}
_NOT_GIVEN = {"birthdate": None, "refuses": False, "source_id": None}
# The key of a row is its source ID. One that is known by its e-mail address has the address instead, behind a blank:
# no source ID in a file begins with one.
BY_EMAIL = " "

_GIVEN = """
    name = coalesce(nullif({given}.name, ''), held.name),
    email = coalesce(nullif({given}.email, ''), held.email),
    phone = coalesce(nullif({given}.phone, ''), held.phone),
    description = coalesce(nullif({given}.description, ''), held.description),
    birthdate = coalesce({given}.birthdate, held.birthdate),
    address = held.address || {given}.address,
    metadata = held.metadata || {given}.metadata,
    updated_at = now()"""

# xmax is 0 in a row that was inserted, and the updating transaction in one that was updated.
_UPSERT = f"""
WITH written AS (
  INSERT INTO customers_customer AS held
    (source_id, name, email, phone, description, birthdate, address, metadata)
  SELECT source_id, name, email, phone, description, birthdate, address, metadata
    FROM pg_temp.staged WHERE source_id IS NOT NULL ORDER BY source_id COLLATE "C"
  ON CONFLICT (source_id) DO UPDATE SET {_GIVEN.format(given="excluded")}
  WHERE %s AND octet_length((held.metadata || excluded.metadata)::text) <= %s
  RETURNING source_id, xmax = 0 AS added)
SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added),
       array_agg(row ORDER BY row) FILTER (WHERE written.source_id IS NULL)
  FROM pg_temp.staged LEFT JOIN written USING (source_id) WHERE staged.source_id IS NOT NULL
"""  # noqa: S608 - our own constants

# Who has the address of a row without source ID. An address is no key, so nothing refuses a second one: the lock
# (Lock.CUSTOMERS_BY_EMAIL) keeps two imports from adding the same one at once, and two customers may share one.
_MATCHED = """
  SELECT s.row, found.id, found.customers FROM pg_temp.staged s CROSS JOIN LATERAL (
    SELECT min(c.id) AS id, count(*) AS customers FROM customers_customer c
     WHERE lower(c.email) = lower(s.email) AND c.erased_at IS NULL) AS found
   WHERE s.source_id IS NULL AND s.key IS NOT NULL AND s.row > %(after)s AND found.customers > 0
"""
# Existing customers are locked in the order of their ids, as everywhere; new ones go in by source_id.
_LOCK = """
SELECT count(*) FROM (
  SELECT id FROM customers_customer JOIN pg_temp.staged USING (source_id)
   ORDER BY id FOR NO KEY UPDATE OF customers_customer) AS locked
"""
_LOCK_ALL = f"""
SELECT count(*) FROM (
  SELECT c.id FROM customers_customer c
    JOIN (SELECT named.id FROM customers_customer named JOIN pg_temp.staged USING (source_id)
          UNION SELECT matched.id FROM ({_MATCHED}) AS matched) AS wanted USING (id)
   ORDER BY c.id FOR NO KEY UPDATE OF c) AS locked
"""  # noqa: S608
_UPDATE_MATCHED = f"""
WITH matched AS MATERIALIZED ({_MATCHED}),
written AS (
  UPDATE customers_customer AS held SET {_GIVEN.format(given="s")}
    FROM matched JOIN pg_temp.staged s USING (row)
   WHERE held.id = matched.id AND matched.customers = 1 AND %(update)s
     AND octet_length((held.metadata || s.metadata)::text) <= %(most)s
  RETURNING s.row)
SELECT matched.row, matched.customers, written.row IS NOT NULL FROM matched LEFT JOIN written USING (row) ORDER BY 1
"""  # noqa: S608
_ADD = """
INSERT INTO customers_customer (name, email, phone, description, birthdate, address, metadata)
SELECT name, email, phone, description, birthdate, address, metadata
  FROM pg_temp.staged WHERE source_id IS NULL AND NOT row = ANY(%s) ORDER BY row
"""
_REFUSED = """
SELECT row FROM pg_temp.staged JOIN customers_customer AS held USING (source_id)
 WHERE row > %s AND NOT (%s AND octet_length((held.metadata || staged.metadata)::text) <= %s) ORDER BY row
"""
_FORESEEN = f"""
SELECT row, customers, octet_length((held.metadata || s.metadata)::text) <= %(most)s
  FROM ({_MATCHED}) AS matched JOIN pg_temp.staged s USING (row) JOIN customers_customer held ON held.id = matched.id
 WHERE NOT (customers = 1 AND %(update)s AND octet_length((held.metadata || s.metadata)::text) <= %(most)s) ORDER BY row
"""  # noqa: S608
_KNOWN = f"""
SELECT count(*) FILTER (WHERE EXISTS (SELECT FROM customers_customer c WHERE c.source_id = s.source_id)),
       count(*) FILTER (WHERE EXISTS (SELECT FROM ({_MATCHED}) AS matched WHERE matched.row = s.row)),
       count(*) FILTER (WHERE s.refuses AND (s.email <> '' OR s.source_id IS NOT NULL))
  FROM pg_temp.staged s WHERE NOT s.row = ANY(%(refused)s)
"""  # noqa: S608
# Who refuses, by their address: what is behind it is the higher rooms' to know (a trigger there).
_REFUSE = """
INSERT INTO customers_marketingrefusal (customer_id, actor_kind, actor_id, actor_label)
SELECT DISTINCT ON (lower(c.email)) c.id, %s::text, %s::bigint, %s::text FROM pg_temp.staged s CROSS JOIN LATERAL (
    SELECT id, email FROM customers_customer WHERE source_id = s.source_id
     UNION ALL (SELECT id, email FROM customers_customer
                 WHERE s.source_id IS NULL AND s.email <> '' AND lower(email) = lower(s.email) AND erased_at IS NULL
                 ORDER BY id LIMIT 1)
  ) AS c WHERE s.refuses AND c.email <> '' AND NOT s.row = ANY(%s) ORDER BY lower(c.email), c.id
"""
_TOO_MUCH = "Metadata: together with what this customer already has, it would exceed 32 KB. Remove some of it."
_HELD = """
SELECT coalesce(bool_or(source_id IS NULL AND key IS NOT NULL), false), coalesce(bool_or(refuses), false)
  FROM pg_temp.staged
"""


def import_customers(import_id: int) -> None:
    """Runs the import to its end; what happened stands on its row. May be called again at any time.

    A row with a known source_id updates that customer's given fields (metadata and address key by key); one without is
    matched by its e-mail address, unless the import says not to. Rows that match are refused where nobody is to be
    updated, as are those that customers/actions/upsert.py would refuse. Who refuses marketing is unsubscribed.
    Raises OperationalError and InterfaceError: then it is to be called again.
    """
    customer_import = CustomerImport.objects.filter(pk=import_id).first()
    if customer_import:
        run_import(customer_import, CustomerImporter(customer_import))


class CustomerImporter:
    """What run_import needs to know about customers."""

    noun = "customers"
    about: dict = {}
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())

    def __init__(self, customer_import: CustomerImport) -> None:
        self.customer_import = customer_import

    def prepare(self, headings: Sequence[str]) -> None:
        self.reader = CustomerReader(headings, self.customer_import.mapping, self.customer_import.formats)
        self.email = self.reader.labels.get("email", "E-mail")
        self.source_id = self.reader.labels.get("source_id", "Source ID")

    def read(self, cells: Sequence[str]) -> tuple:
        given = self.reader.read(cells)
        return (self._key(given), *(given.get(name, _NOT_GIVEN.get(name, "")) for name in _COLUMNS))

    def _key(self, given: dict[str, Any]) -> str | None:
        if source_id := given.get("source_id"):
            return source_id
        email = given.get("email") if self.customer_import.match_by_email else ""
        return f"{BY_EMAIL}{email.lower()}" if email else None

    def stored(self, cells: Sequence[str]) -> dict[int, Any]:
        return self.reader.stored(cells)

    def key(self, cells: Sequence[str]) -> str:
        return self.reader.source_id(cells)[:255]

    def repeats(self, first_row: int, key: str) -> str:
        place = self.customer_import.place_of(first_row)
        return f"{self.email if key.startswith(BY_EMAIL) else self.source_id}: is the same as in {place}. Combine the rows of one customer."

    def known(self, cursor: CursorWrapper, keys: Sequence[str]) -> dict[str, str]:
        if self.customer_import.update_existing:
            return {}
        held = Customer.objects.filter(source_id__in=keys).values_list("source_id", flat=True)
        return {str(source_id): self._belongs() for source_id in held}

    def foresee(self, cursor: CursorWrapper, after: int) -> list[Refused]:
        update = self.customer_import.update_existing
        cursor.execute(_REFUSED, [after, update, MAX_BYTES])
        refused = self._refused([row for (row,) in cursor.fetchall()])
        if self.customer_import.match_by_email:
            cursor.execute(_FORESEEN, {"after": after, "update": update, "most": MAX_BYTES})
            refused += [Refused(row, self._unmatched(customers)) for row, customers, _ in cursor.fetchall()]
        return refused

    def remarks(self, cursor: CursorWrapper, refused: Sequence[int]) -> list[str]:
        cursor.execute(_KNOWN, {"after": 0, "refused": list(refused)})
        named, matched, refuse = cursor.fetchone()
        if not self.customer_import.match_by_email:
            matched = 0
        remarks = []
        if named + matched:
            by_email = "matched by e-mail address" if not named else f"{matched:,} matched by e-mail address"
            how = f" ({by_email})" if matched else ""
            one = named + matched == 1
            what = "1 row is a customer who is" if one else f"{named + matched:,} rows are customers who are"
            remarks.append(f"{what} already here{how}, and will be updated.")
        if refuse:
            what = "1 row says" if refuse == 1 else f"{refuse:,} rows say"
            which = "this address" if refuse == 1 else "these addresses"
            remarks.append(f"{what} no to marketing by e-mail: {which} will be unsubscribed.")
        return remarks

    def write(self, cursor: CursorWrapper) -> Written:
        of = self.customer_import
        cursor.execute(_HELD)
        by_email, refuses = cursor.fetchone()
        if by_email:
            Lock.CUSTOMERS_BY_EMAIL.hold()  # before any row is: else two imports could wait for each other in a circle
            cursor.execute(_LOCK_ALL, {"after": 0})
        else:
            cursor.execute(_LOCK)
        cursor.execute(_UPSERT, [of.update_existing, MAX_BYTES])
        added, updated, missed = cursor.fetchone()
        refused = self._refused(missed or [])
        known: list[int] = []
        if by_email:
            cursor.execute(_UPDATE_MATCHED, {"after": 0, "update": of.update_existing, "most": MAX_BYTES})
            matched = cursor.fetchall()
            known = [row for row, _, _ in matched]
            updated += sum(written for _, _, written in matched)
            refused += [Refused(row, self._unmatched(customers)) for row, customers, written in matched if not written]
        cursor.execute(_ADD, [known])
        added += cursor.rowcount
        if refuses:
            not_taken = [refusal.row for refusal in refused]
            cursor.execute(_REFUSE, [of.actor_kind, of.actor_id, of.actor_label, not_taken])
        return Written(added, updated, refused)

    def _unmatched(self, customers: int) -> str:
        """Why the customer with that address was not updated."""
        if customers > 1:
            what = f"belongs to {customers:,} customers, so the row could mean any of them. Give the source ID."
        elif self.customer_import.update_existing:
            return _TOO_MUCH
        else:
            what = "already belongs to a customer. Choose to update customers, or remove the row."
        return f"{self.email}: {what}"

    def _refused(self, rows: list[int]) -> list[Refused]:
        error = _TOO_MUCH if self.customer_import.update_existing else self._belongs()
        return [Refused(row, error) for row in rows]

    def _belongs(self) -> str:
        return f"{self.source_id}: already belongs to a customer. Choose to update customers, or remove the row."
