"""The invariants of notes, for publications/dashboard/verify.py:
(name, kind of row, SQL of how many were examined, SQL of the broken rows)."""

from __future__ import annotations

WHAT_MUST_HOLD = [
    (
        "nothing is noted of an erased customer",
        "note",
        "SELECT count(*) FROM notes_note WHERE customer_id IS NOT NULL",
        """SELECT n.id FROM notes_note n JOIN customers_customer c ON c.id = n.customer_id
            WHERE c.erased_at IS NOT NULL""",
    ),
]
