"""Notes events within a writing statement, for the hot paths; elsewhere there is config/events/note.py."""

from __future__ import annotations

from config.events.note import listened_to


def noting(kind: str, *, of: str) -> str:
    """SQL for a CTE beside the CTE `of`: one event in the outbox for each of its rows (a column `id`), if any address
    or rule listens. Without a listener a publication then pays for two looks at tables of a few rows, and no row is
    written that nobody would read. An OR may follow.
    """
    return f"""INSERT INTO events_outbox (kind, object_key)
    SELECT '{kind}', {of}.id FROM {of}
     WHERE {listened_to(kind)}
        OR EXISTS (SELECT FROM webhooks_webhookaddress a
                    WHERE a.paused_at IS NULL AND a.deleted_at IS NULL AND '{kind}' = ANY (a.events))"""  # noqa: S608
