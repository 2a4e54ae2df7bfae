"""Counts the funnel in the background, from the rows themselves: publishing and redeeming pay nothing for it (ADR 0048).

Three kinds of rows tell which codes to look at: new rows of the ledger, new redemptions and rollbacks (both by ranges of ids
whose transactions have ended, as publications/tallies does), and those that triggers have noted since they were changed:
codes that were released, messages that were sent. Of each code that is looked at the tallies get what it is now, less what it
had added before (FunnelCode). So it does not matter how often a code is looked at; and since tallies, FunnelCode and progress
move in one transaction, under one lock, nothing is counted twice wherever it is interrupted.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import F

from config.staff.models import ProjectSettings
from config.staff.time_zone import zone
from publications.funnel.models import FunnelProgress
from publications.funnel.steps import CELL, STATE, states, sums, times

CHUNK = 20_000  # ids in one transaction, which then takes about half a second
SECONDS = 15  # that one run counts for; the next goes on

# An INSERT holds this lock from before it draws its id until its transaction has ended.
WRITERS = """SELECT virtualtransaction FROM pg_locks
  WHERE relation IN ('publications_publishedvoucher'::regclass, 'redemptions_redemption'::regclass)
    AND mode = 'RowExclusiveLock' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND pid IS DISTINCT FROM pg_backend_pid()"""
DRAWN = "(SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}_id_seq)"
NOTE = f"""
UPDATE funnel_funnelprogress
   SET noted_ledger = {DRAWN.format("publications_publishedvoucher")},
       noted_redemptions = {DRAWN.format("redemptions_redemption")}, noted_at = clock_timestamp(), writers = NULL
 WHERE noted_at IS NULL
"""  # noqa: S608 - our own constants
NOTE_WRITERS = f"""
UPDATE funnel_funnelprogress SET writers = ARRAY({WRITERS}) WHERE writers IS NULL AND noted_at IS NOT NULL
"""  # noqa: S608 - our own constants
# Redemptions from before the first code was counted are seen with the codes.
SETTLE = f"""
UPDATE funnel_funnelprogress
   SET ledger_settled = greatest(ledger_settled, noted_ledger), settled_at = noted_at, noted_at = NULL,
       redemptions_settled = greatest(redemptions_settled, noted_redemptions),
       redemptions_up_to = CASE WHEN ledger_up_to = 0 THEN greatest(redemptions_settled, noted_redemptions)
                                ELSE redemptions_up_to END
 WHERE writers IS NOT NULL AND noted_at IS NOT NULL AND NOT writers && ARRAY({WRITERS})
"""  # noqa: S608 - our own constants

# Which codes to look at: three forms of `asked`. `before`: they were counted already.
NEW = "SELECT id FROM publications_publishedvoucher WHERE id > %(after)s AND id <= %(up_to)s"
USED = """SELECT id FROM publications_publishedvoucher
           WHERE released_at IS NULL AND id <= %(counted)s AND voucher_id IN (
                 SELECT voucher_id FROM redemptions_redemption
                  WHERE id > %(after)s AND id <= %(up_to)s AND result = 'SUCCESS' AND voucher_id IS NOT NULL)"""
CHANGED = """SELECT DISTINCT l.id FROM unnest(%(publications)s::bigint[], %(rows)s::bigint[]) AS changed (publication_id, ledger_id)
               JOIN publications_publishedvoucher l
                 ON l.publication_id = changed.publication_id AND l.id = coalesce(changed.ledger_id, l.id)
              WHERE l.id <= %(counted)s"""
# A chunk is looked up row by row. Else a plan may read a table of ten million for the sake of some thousand, each time.
BY_INDEX = """
SELECT set_config(name, 'off', true)
  FROM (VALUES ('enable_seqscan'), ('enable_hashjoin'), ('enable_mergejoin')) AS planner (name)
"""
TAKE_CHANGES = """
DELETE FROM funnel_funnelchange
 WHERE id IN (SELECT id FROM funnel_funnelchange ORDER BY id LIMIT %(limit)s) RETURNING publication_id, ledger_id
"""


HAD = f"""
    SELECT s.ledger_id, {CELL}, message, coalesce(k.live, true) AS live, coalesce(k.delivered, false) AS delivered,
           k.delivered_after, coalesce(k.redeemed, false) AS redeemed, k.redeemed_after, coalesce(k.amount, 0) AS amount,
           k.ledger_id IS NOT NULL AS kept
      FROM seen s LEFT JOIN funnel_funnelcode k ON k.ledger_id = s.ledger_id"""  # noqa: S608 - our own constants
HAD_NOTHING = "SELECT s.*, false AS kept FROM seen s WHERE false"


def _counting(asked: str, *, before: bool) -> str:
    """The one statement that changes tallies."""
    return f"""
WITH asked AS MATERIALIZED ({asked}), l AS MATERIALIZED (
    SELECT l.* FROM asked JOIN publications_publishedvoucher l ON l.id = asked.id
), seen AS MATERIALIZED ({states("l")}
), had AS MATERIALIZED ({HAD if before else HAD_NOTHING}
), moved AS (
    SELECT {CELL}, message, {STATE}, 1 AS sign FROM seen
     UNION ALL SELECT {CELL}, message, {STATE}, -1 FROM had
), kept AS (
    INSERT INTO funnel_funnelcode (ledger_id, {STATE})
    SELECT ledger_id, {STATE} FROM seen
     WHERE NOT live OR delivered OR redeemed OR ledger_id IN (SELECT ledger_id FROM had WHERE kept)
    ON CONFLICT (ledger_id) DO UPDATE SET ({STATE}) = ROW ({", ".join(f"excluded.{name}" for name in STATE.split(", "))})
), tallied AS (
    INSERT INTO funnel_funneltally AS t ({CELL}, published, messages, delivered, redeemed, amount)
    SELECT * FROM ({sums("moved")}) AS tally
     WHERE published <> 0 OR messages <> 0 OR delivered <> 0 OR redeemed <> 0 OR amount <> 0
    ON CONFLICT ({CELL}) DO UPDATE
       SET published = t.published + excluded.published, messages = t.messages + excluded.messages,
           delivered = t.delivered + excluded.delivered, redeemed = t.redeemed + excluded.redeemed,
           amount = t.amount + excluded.amount
), timed AS (
    INSERT INTO funnel_funneltime AS t ({CELL}, step, bucket, codes)
    SELECT * FROM ({times("moved")}) AS took WHERE codes <> 0
    ON CONFLICT ({CELL}, step, bucket) DO UPDATE SET codes = t.codes + excluded.codes
)
SELECT count(*) FROM seen
"""  # noqa: S608 - our own constants


COUNT_NEW, COUNT_USED, COUNT_CHANGED = (
    _counting(NEW, before=False),
    _counting(USED, before=True),
    _counting(CHANGED, before=True),
)


def count_funnel() -> None:
    """Counts what has happened since, for SECONDS at most. May be run at any time, also twice at once.

    A change of the project's time zone begins again from the first code.
    """
    give_up = time.monotonic() + SECONDS
    time_zone = zone(ProjectSettings.current().time_zone).key
    settled_at = _settle(time_zone)
    for step in (_count_new, _count_used, _count_changed):
        while step():
            if time.monotonic() > give_up:
                return
    if settled_at:
        FunnelProgress.objects.filter(time_zone=time_zone, ledger_up_to=F("ledger_settled")).update(as_of=settled_at)


def _settle(time_zone: str) -> datetime | None:
    """Notes the last ids that were drawn, then who writes such rows: only they may still hold one up to there. When all of
    them have ended, everything up to those ids is there to stay. Answers with the moment at which that was last so."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO funnel_funnelprogress (id, time_zone, ledger_up_to, ledger_settled, redemptions_up_to, redemptions_settled)
               VALUES (1, %s, 0, 0, 0, 0) ON CONFLICT DO NOTHING""",
            [time_zone],
        )
        progress = _hold()
        if progress.time_zone != time_zone:
            _begin_again(cursor, time_zone)
        for step in (SETTLE, NOTE, NOTE_WRITERS, SETTLE):
            cursor.execute(step)
        return FunnelProgress.objects.get().settled_at


def _hold() -> FunnelProgress:
    """How far the counting has come, which stays so until the caller's transaction ends: nobody else moves it until then."""
    return FunnelProgress.objects.select_for_update().first() or FunnelProgress(time_zone="UTC")


def _begin_again(cursor: CursorWrapper, time_zone: str) -> None:
    """The weeks of another zone begin at other moments."""
    cursor.execute("DELETE FROM funnel_funneltally")
    cursor.execute("DELETE FROM funnel_funneltime")
    cursor.execute("TRUNCATE funnel_funnelcode")  # a row for each of ten million codes, perhaps; no page reads it
    FunnelProgress.objects.update(time_zone=time_zone, ledger_up_to=0, as_of=None)


def _count_new() -> bool:
    """The next codes that were published. False: there are none."""
    with transaction.atomic(), connection.cursor() as cursor:
        progress = _hold()
        up_to = _end_of_chunk(cursor, "publications_publishedvoucher", progress.ledger_up_to, progress.ledger_settled)
        if up_to == progress.ledger_up_to:
            return False
        _count(cursor, COUNT_NEW, progress, after=progress.ledger_up_to, up_to=up_to)
        FunnelProgress.objects.update(ledger_up_to=up_to)
        return True


def _count_used() -> bool:
    """The codes of the next redemptions and rollbacks."""
    with transaction.atomic(), connection.cursor() as cursor:
        progress = _hold()
        up_to = _end_of_chunk(
            cursor, "redemptions_redemption", progress.redemptions_up_to, progress.redemptions_settled
        )
        if up_to == progress.redemptions_up_to:
            return False
        _count(cursor, COUNT_USED, progress, after=progress.redemptions_up_to, up_to=up_to)
        FunnelProgress.objects.update(redemptions_up_to=up_to)
        return True


def _count_changed() -> bool:
    """Codes that triggers have noted. False: those were all that could be seen."""
    with transaction.atomic(), connection.cursor() as cursor:
        progress = _hold()
        cursor.execute(TAKE_CHANGES, {"limit": CHUNK // 4})
        changes = cursor.fetchall()
        if changes:
            publications, rows = zip(*changes, strict=True)
            _count(cursor, COUNT_CHANGED, progress, publications=list(publications), rows=list(rows))
        return len(changes) == CHUNK // 4


def _end_of_chunk(cursor: CursorWrapper, table: str, after: int, settled: int) -> int:
    """Ids have gaps: a restored backup moves them on by 10^9, and nothing is in between."""
    cursor.execute(f"SELECT min(id) FROM {table} WHERE id > %s AND id <= %s", [after, settled])  # noqa: S608 - our own names
    (next_id,) = cursor.fetchone()
    return settled if next_id is None else min(next_id - 1 + CHUNK, settled)


def _count(cursor: CursorWrapper, statement: str, progress: FunnelProgress, **values: Any) -> None:
    cursor.execute(BY_INDEX)
    cursor.execute(statement, {**values, "counted": progress.ledger_up_to, "zone": progress.time_zone})
