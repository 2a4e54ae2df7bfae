"""The invariants of recalls, for publications/dashboard/verify.py:
(name, kind of row, SQL of how many were examined, SQL of the broken rows)."""

from __future__ import annotations

from publications.queries.holder import HOLDER_SQL

REPLACED = "SELECT count(*) FROM recalls_recalledcode WHERE publication_id IS NOT NULL"

WHAT_MUST_HOLD = [
    (
        "a recall has dealt with each of its codes once, or has it still to do",
        "recall",
        "SELECT count(*) FROM recalls_recall",
        """SELECT r.id FROM recalls_recall r, LATERAL (
               SELECT count(*) AS done, count(*) FILTER (WHERE outcome = 'done') AS changed
                 FROM recalls_recalledcode WHERE recall_id = r.id) AS codes, LATERAL (
               SELECT coalesce(sum(cardinality(vouchers)), 0) AS left FROM recalls_recallbatch WHERE recall_id = r.id) AS batches
            WHERE codes.done <> r.done OR codes.changed <> r.changed OR r.done + batches.left <> r.total
               OR r.status = 'done' AND r.done <> r.total""",
    ),
    (
        "a replaced code has left its holder, who was published the new one",
        "v",
        REPLACED,
        # Of several releases of the old code, the recall's is the one just before the new publication.
        f"""SELECT r.voucher_id FROM recalls_recalledcode r JOIN publications_publication new ON new.id = r.publication_id
             WHERE NOT EXISTS (
                   SELECT FROM publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
                    WHERE l.voucher_id = r.voucher_id AND l.released_at <= new.created_at + interval '1 minute'
                      AND {HOLDER_SQL} = new.customer_id)""",  # noqa: S608 - our own constant
    ),
]
