"""Which distributions have published, judging by their publications."""

from __future__ import annotations

from django.db import connection

OFFERED = 30
LOOKED_AT = 300  # the newest distributions: each costs one look into the index `publication_of_run`

NEWEST = """
WITH RECURSIVE sender AS (
    (SELECT actor_id, actor_label, campaign_id, 1 AS place FROM publications_publication
      WHERE actor_kind = 'run' AND actor_id IS NOT NULL  -- a distribution that never was: the demo data name one
      ORDER BY actor_id DESC, created_at, id LIMIT 1)
    UNION ALL
    (SELECT next.*, place + 1 FROM sender, LATERAL (
        SELECT p.actor_id, p.actor_label, p.campaign_id FROM publications_publication p
         WHERE p.actor_kind = 'run' AND p.actor_id < sender.actor_id
         ORDER BY p.actor_id DESC, p.created_at, p.id LIMIT 1) AS next
      WHERE place < %(looked_at)s)
)
SELECT actor_id, actor_label FROM sender
 WHERE %(campaign)s::bigint IS NULL OR campaign_id = %(campaign)s ORDER BY place LIMIT %(offered)s
"""
ONE = """
SELECT actor_label FROM publications_publication WHERE actor_kind = 'run' AND actor_id = %s ORDER BY created_at LIMIT 1
"""


def newest_senders(*, campaign: int | None = None) -> list[tuple[int, str]]:
    """(key, name) of the distributions made last that have published, of a campaign (its key) or of all; at most 30."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, {"campaign": campaign, "looked_at": LOOKED_AT, "offered": OFFERED})
        return cursor.fetchall()


def name_of_sender(key: int) -> str | None:
    """None if it has published nothing."""
    with connection.cursor() as cursor:
        cursor.execute(ONE, [key])
        row = cursor.fetchone()
        return row[0] if row else None
