"""Records who got the codes of a hand-out, once that is known."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

# Each row once: what is settled or released by now is left alone (and a trigger would refuse it).
SETTLE = """
UPDATE publications_publishedvoucher l
   SET settled_to_id = told.customer_id, settled_at = statement_timestamp(), settled_by = %(by)s
  FROM unnest(%(rows)s::bigint[], %(customers)s::bigint[]) AS told (id, customer_id)
 WHERE l.id = told.id AND l.settled_to_id IS NULL AND l.released_at IS NULL
RETURNING l.id
"""


def settle(holders: Mapping[int, int], *, by: str) -> set[int]:
    """`holders` is {ledger row: customer}; returns the rows that this call settled.

    Runs in the caller's transaction, which has locked the vouchers and the customers, in that order.
    """
    if not holders:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"rows": list(holders), "customers": list(holders.values()), "by": by})
        return {key for (key,) in cursor.fetchall()}
