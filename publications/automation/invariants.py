"""The invariants of rules and what they fired, for publications/dashboard/verify.py:
(name, kind of row, SQL of how many were examined, SQL of the broken rows)."""

from __future__ import annotations

WHAT_MUST_HOLD = [
    (
        "a firing has a delivery of its own, of the same distribution, customer and trigger",
        "firing",
        "SELECT count(*) FROM automation_firing WHERE outcome = 'fired'",
        """SELECT f.id FROM automation_firing f LEFT JOIN distributions_delivery d ON d.id = f.delivery_id
            WHERE f.outcome = 'fired' AND (d.id IS NULL OR d.distribution_id <> f.distribution_id
                  OR d.customer_id IS DISTINCT FROM f.customer_id OR d.firing <> f.key)""",
    ),
    (
        "a trigger met a rule once for a customer",
        "firing",
        "SELECT count(*) FROM automation_firing",
        """SELECT max(id) FROM automation_firing
            GROUP BY distribution_id, key, customer_id HAVING count(*) > 1""",
    ),
]
