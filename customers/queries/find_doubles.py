"""Customers who are probably the same person, because they share an e-mail address; some of the addresses at a time."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from customers.models import Customer

LOOKED_AT = 100_000  # customers with an address, at a time
PAGE = 25  # addresses
SHOWN = 5  # customers of each

# By the index of the searches (customer_email_prefix), whose order is that of ~<~. A part ends with whole addresses.
_END = """
SELECT lower(email) FROM customers_customer WHERE lower(email) ~>~ %s
 ORDER BY lower(email) USING ~<~ OFFSET %s LIMIT 1
"""
_FIND = """
SELECT address, count(*), (array_agg(id ORDER BY id))[1:%s]
  FROM (SELECT id, lower(email) AS address FROM customers_customer
         WHERE lower(email) ~>~ %s AND (%s::text IS NULL OR lower(email) ~<=~ %s)) AS part
 GROUP BY address HAVING count(*) > 1 ORDER BY address USING ~<~ LIMIT %s
"""


class Double(NamedTuple):
    email: str  # in lower case
    times: int
    customers: list[Customer]  # the first few

    @property
    def others(self) -> int:
        return self.times - len(self.customers)


class Doubles(NamedTuple):
    found: list[Double]
    further: str  # the address after which to look on; "" where all were looked at


def find_doubles(*, after: str = "") -> Doubles:
    """Those whose address comes after `after`, sorted by address."""
    with connection.cursor() as cursor:
        cursor.execute(_END, [after, LOOKED_AT])
        row = cursor.fetchone()
        end = row[0] if row else None
        cursor.execute(_FIND, [SHOWN, after, end, end, PAGE + 1])
        rows = cursor.fetchall()
    page = rows[:PAGE]
    further = page[-1][0] if len(rows) > PAGE else end or ""
    customers = Customer.objects.only("source_id", "name", "email", "created_at").in_bulk(
        [key for _, _, keys in page for key in keys]
    )
    found = [Double(email, times, [customers[key] for key in keys if key in customers]) for email, times, keys in page]
    return Doubles(found, further)
