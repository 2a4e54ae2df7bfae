"""Counts the publications by day in the background, from their own rows: publishing pays nothing for it (ADR 0021).

Ids are drawn in order but committed in any. So they are counted up to one of which it is known that no transaction can
still bring a smaller one, nor change what was counted: see `_settle`. Rows and progress move in one transaction, which
makes it exactly once, wherever it is interrupted and however many workers do it at a time.
"""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from config.staff.models import ProjectSettings
from config.staff.time_zone import zone
from publications.tallies.models import OF_EVERYTHING

CHUNK = 200_000  # ids in one transaction, which then takes about a third of a second


# Published are the codes that somebody holds: one that was released is published no more, on any day (docs/design.md).
# Only where some of several codes may be released is the ledger looked at, row by row: a plan from when the ledger was
# small reads all of it each time, which made 200,000 publications of a new installation a matter of hours.
LIVE_CODES = """CASE WHEN {publication}.voided_at IS NOT NULL THEN 0 WHEN voucher_count < 2 THEN voucher_count ELSE voucher_count - (
               SELECT count(*) FROM publications_publishedvoucher l
                WHERE l.publication_id = {publication}.id AND l.released_at IS NOT NULL) END"""


def summed(rows: str, *, zone: str, publication: str = "publications_publication") -> str:
    """SQL: the tallies that these rows of publications come to. The arguments are SQL."""
    return f"""
SELECT CASE WHEN grouping(campaign_id) = 1 THEN {OF_EVERYTHING} ELSE campaign_id END AS campaign_id, day, channel, result,
       failure_reason AS reason, count(*) AS publications, sum(codes)::bigint AS codes, sum(attempts)::bigint AS attempts
  FROM (SELECT campaign_id, (created_at AT TIME ZONE {zone})::date AS day, channel, result, failure_reason, attempts,
               {LIVE_CODES.format(publication=publication)} AS codes
          FROM {rows}) AS publication
 GROUP BY GROUPING SETS ((campaign_id, day, channel, result, failure_reason), (day, channel, result, failure_reason))
HAVING grouping(campaign_id) = 1 OR campaign_id IS NOT NULL"""  # noqa: S608


ADD = f"""
INSERT INTO tallies_daytally AS t (campaign_id, day, channel, result, reason, publications, codes, attempts)
{summed("publications_publication WHERE id > %(after)s AND id <= %(up_to)s", zone="%(zone)s::text")}
ON CONFLICT (campaign_id, day, channel, result, reason) DO UPDATE
   SET publications = t.publications + excluded.publications, codes = t.codes + excluded.codes,
       attempts = t.attempts + excluded.attempts
"""  # noqa: S608 - our own constants

# An INSERT holds this lock from before it draws its id until its transaction has ended.
WRITERS = """SELECT virtualtransaction FROM pg_locks
  WHERE relation = 'publications_publication'::regclass AND mode = 'RowExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND pid IS DISTINCT FROM pg_backend_pid()"""

NOTE = """
UPDATE tallies_tallyprogress
   SET noted_up_to = (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM publications_publication_id_seq),
       noted_at = clock_timestamp(), writers = NULL
 WHERE noted_up_to IS NULL
"""
# A failed attempt is counted up on its row until its minute is over (record_failure.py).
NOTE_WRITERS = f"""
UPDATE tallies_tallyprogress SET writers = ARRAY({WRITERS})
 WHERE writers IS NULL AND clock_timestamp() > date_trunc('minute', noted_at) + interval '65 seconds'
"""  # noqa: S608 - our own constants
SETTLE = f"""
UPDATE tallies_tallyprogress SET settled_up_to = greatest(settled_up_to, noted_up_to), noted_up_to = NULL
 WHERE noted_up_to IS NOT NULL AND writers IS NOT NULL AND NOT writers && ARRAY({WRITERS})
"""  # noqa: S608 - our own constants


class Progress(NamedTuple):
    time_zone: str
    counted_up_to: int
    settled_up_to: int


def count_publications() -> int:
    """Counts what has settled since; returns how many ids. Safe to run at any time and concurrently.

    A change of the project's time zone starts it over.
    """
    time_zone = zone(ProjectSettings.current().time_zone).key
    _settle(time_zone)
    counted = 0
    while ids := _count_chunk(time_zone):
        counted += ids
    return counted


def hold_tallies() -> Progress:
    """How far counting has come. Nobody else changes that until the caller's transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT time_zone, counted_up_to, settled_up_to FROM tallies_tallyprogress FOR UPDATE")
        row = cursor.fetchone()
    return Progress(*row) if row else Progress("UTC", 0, 0)


def _settle(time_zone: str) -> None:
    """In three steps, of which each but the last may have to wait for the next run.

    The last id that was drawn is noted. When the minute is over, so is who writes publications: only they may still hold
    such an id or count up such a row. When all of them have ended, everything up to that id is there to stay.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO tallies_tallyprogress (id, time_zone, counted_up_to, settled_up_to)
               VALUES (1, %s, 0, 0) ON CONFLICT DO NOTHING""",
            [time_zone],
        )
        hold_tallies()
        for step in (NOTE_WRITERS, SETTLE, NOTE):
            cursor.execute(step)


def _next_id(cursor: CursorWrapper, after: int, settled_up_to: int) -> int:
    """Of the next publication to count. Ids have gaps: a restored backup moves them on by 10^9, with nothing in
    between.
    """
    cursor.execute("SELECT min(id) FROM publications_publication WHERE id > %s AND id <= %s", [after, settled_up_to])
    return cursor.fetchone()[0] or settled_up_to + 1


def _count_chunk(time_zone: str) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        progress = hold_tallies()
        after = progress.counted_up_to
        if progress.time_zone != time_zone:
            cursor.execute("DELETE FROM tallies_daytally")
            after = 0
        up_to = min(_next_id(cursor, after, progress.settled_up_to) - 1 + CHUNK, progress.settled_up_to)
        cursor.execute("SET LOCAL enable_seqscan = off")  # the plan is kept, and the tables grow: see LIVE_CODES
        cursor.execute(ADD, {"after": after, "up_to": up_to, "zone": time_zone})
        cursor.execute(
            "UPDATE tallies_tallyprogress SET time_zone = %s, counted_up_to = %s WHERE id = 1", [time_zone, up_to]
        )
        return up_to - after
