"""The invariants of exports, for publications/dashboard/verify.py:
(name, kind of row, SQL of how many were examined, SQL of the broken rows)."""

from __future__ import annotations

WHAT_MUST_HOLD = [
    (
        "a finished hand-out's file has a row for each voucher that it published",
        "export",
        "SELECT count(*) FROM exports_export WHERE kind = 'hand_out' AND status = 'done'",
        # One that was released before the file was written is not in it.
        """SELECT e.id FROM exports_export e LEFT JOIN publications_publication p ON p.id = e.publication_id
            WHERE e.kind = 'hand_out' AND e.status = 'done'
              AND (coalesce(e.rows, 0) > coalesce(p.voucher_count, 0)
                   OR coalesce(e.rows, 0) < coalesce(p.voucher_count, 0)
                      - (SELECT count(*) FROM publications_publishedvoucher l
                          WHERE l.publication_id = e.publication_id AND l.released_at < e.finished_at))""",
    ),
    (
        "a publication, an export and an audit entry name who did it",
        "",
        """SELECT (SELECT count(*) FROM publications_publication) + (SELECT count(*) FROM exports_export)
                + (SELECT count(*) FROM staff_auditentry)""",
        """SELECT 'pub' AS kind, id AS key FROM publications_publication WHERE actor_label = ''
           UNION ALL SELECT 'export', id FROM exports_export WHERE actor_label = ''
           UNION ALL SELECT 'audit entry', id FROM staff_auditentry WHERE actor_label = ''""",
    ),
]
