"""Holds the limit of e-mails per minute, over all workers and runs: whoever wants to send asks here first."""

from __future__ import annotations

from django.db import connection, transaction

from config.advisory_locks import Lock
from config.staff.models import ProjectSettings

GRANT = """
WITH old AS (DELETE FROM distributions_emailgrant WHERE at <= clock_timestamp() - interval '1 minute'),
ahead AS (  -- by a clock that has been put right since: they were granted by now at the latest
    UPDATE distributions_emailgrant SET at = clock_timestamp() WHERE at > clock_timestamp()
),
used AS (
    SELECT coalesce(sum(count), 0) AS in_a_minute,
           coalesce(sum(count) FILTER (WHERE at > clock_timestamp() - interval '2 seconds'), 0) AS just_now
      FROM distributions_emailgrant WHERE at > clock_timestamp() - interval '1 minute'
), granted AS (
    SELECT greatest(0, least(%(wanted)s, %(limit)s - in_a_minute, %(at_once)s - just_now))::int AS count FROM used
), kept AS (
    INSERT INTO distributions_emailgrant (at, count) SELECT clock_timestamp(), count FROM granted WHERE count > 0
)
SELECT count FROM granted
"""


def grant_emails(wanted: int) -> int:
    """How many of them may be sent now: never more than the limit in any minute, nor than a thirtieth of it in two
    seconds, so that they are spread. What is granted and not used is lost.
    """
    limit = ProjectSettings.current().emails_per_minute
    if limit is None:
        return wanted
    with transaction.atomic(), connection.cursor() as cursor:
        Lock.EMAILS.hold()
        cursor.execute(GRANT, {"wanted": wanted, "limit": limit, "at_once": max(1, limit // 30)})
        return cursor.fetchone()[0]
