"""Deletes failed attempts to publish whose days are over (project settings). Successful ones are kept for good."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from config.staff.models import ProjectSettings
from publications.tallies.count_publications import hold_tallies, summed

BATCH = 10_000  # rows in one statement, so that no lock and no transaction lasts long

STATEMENT = f"""
WITH gone AS (
    DELETE FROM publications_publication WHERE id IN (
        SELECT id FROM publications_publication WHERE result = 'FAILURE' AND created_at < %(before)s LIMIT %(batch)s)
    RETURNING *
), lost AS (
    {summed("gone WHERE id <= %(counted_up_to)s", zone="%(zone)s::text", publication="gone")}
), corrected AS (
    UPDATE tallies_daytally t
       SET publications = t.publications - lost.publications, attempts = t.attempts - lost.attempts
      FROM lost
     WHERE (t.campaign_id, t.day, t.channel, t.result, t.reason)
           = (lost.campaign_id, lost.day, lost.channel, lost.result, lost.reason)
)
SELECT count(*) FROM gone
"""  # noqa: S608 - our own constants


def delete_old_failures() -> int:
    """How many rows were deleted, and taken out of the tallies. May be interrupted, and run again."""
    oldest = timezone.now() - timedelta(days=ProjectSettings.current().keep_failures_days)
    deleted, last = 0, BATCH
    while last == BATCH:
        last = _delete(oldest)
        deleted += last
    with transaction.atomic(), connection.cursor() as cursor:
        hold_tallies()
        cursor.execute("DELETE FROM tallies_daytally WHERE publications = 0")
    return deleted


def _delete(oldest: datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        tallies = hold_tallies()
        cursor.execute(
            STATEMENT,
            {
                "before": oldest,
                "batch": BATCH,
                "counted_up_to": tallies.counted_up_to,
                "zone": tallies.time_zone,
            },
        )
        (deleted,) = cursor.fetchone()
        return deleted
