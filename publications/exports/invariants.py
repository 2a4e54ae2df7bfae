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
        "the codes of a hand-out's file are settled, returned or open",
        "export",
        "SELECT count(*) FROM exports_export WHERE kind = 'hand_out' AND status = 'done'",
        # One that was released while the file was being written may stand in it or not.
        """SELECT e.id FROM exports_export e, LATERAL (
               SELECT count(*) FILTER (WHERE settled_to_id IS NOT NULL AND released_at IS NULL) AS settled,
                      count(*) FILTER (WHERE settled_to_id IS NULL AND released_at IS NULL) AS open,
                      count(*) FILTER (WHERE released_at IS NOT NULL) AS returned,
                      count(*) FILTER (WHERE released_at > e.finished_at) AS returned_since
                 FROM publications_publishedvoucher WHERE publication_id = e.publication_id) AS l
            WHERE e.kind = 'hand_out' AND e.status = 'done'
              AND NOT e.rows BETWEEN settled + open + returned_since AND settled + open + returned""",
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
