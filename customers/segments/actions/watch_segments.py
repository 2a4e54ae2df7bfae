"""Watches segments: tells, in the outbox, who has entered and who has left since the last look.

A look is two statements over the whole segment, in one transaction with the events it notes. So each customer's
entering is told once, whatever is killed, and however many look at once.

Who is in it when watching begins is written down as one array, in the transaction that begins: whoever enters from then
on is told, however much later the worker has made rows of that array and takes the first look.
"""

from __future__ import annotations

import time

from django.db import connection, transaction
from django.db.models.functions import Now

from config.events.models import Listener
from config.events.note import listen, stop_listening
from customers.models import Customer
from customers.segments.models import FirstMembers, Segment, WatchedSegment
from customers.segments.queries.find_segments import in_segment

ENTERED, LEFT = "customer.segment.entered", "customer.segment.left"
RESTS = 5  # seconds at least between two looks at one segment,
RESTS_TIMES = 10  # and so many times as long as a look takes: watching shall never be most of what the database does

DUE = f"""
SELECT segment_id FROM segments_watchedsegment
 WHERE NOT EXISTS (SELECT FROM segments_firstmembers f WHERE f.segment_id = segments_watchedsegment.segment_id)
   AND (looked_at < now() - greatest({RESTS} * 1000, took_ms * {RESTS_TIMES}) * interval '1 millisecond'
        OR looked_at > now() + interval '1 minute')  -- by a clock that has been put right since
 ORDER BY looked_at
"""  # noqa: S608 - our own constants

BEGIN = """INSERT INTO segments_firstmembers (segment_id, customers)
SELECT %s, coalesce(array_agg(now_in.id), '{{}}') FROM ({now_in}) AS now_in"""

BATCH = 50_000  # of them are made members in one go: whoever stops watching waits no longer than for that
NOTE_FIRST = """
WITH batch AS MATERIALIZED (
    SELECT segment_id, created_at, customers[noted + 1:noted + %(batch)s] AS customers
      FROM segments_firstmembers WHERE segment_id = %(segment)s
), made AS (
    INSERT INTO segments_watchedmember (segment_id, customer_id, since)
    SELECT segment_id, unnest(customers), created_at FROM batch ON CONFLICT DO NOTHING
)
UPDATE segments_firstmembers f SET noted = f.noted + cardinality(batch.customers)
  FROM batch WHERE f.segment_id = batch.segment_id
RETURNING f.noted < cardinality(f.customers)
"""

# The planner knows little of rows that were written a moment ago, and was seen to go through them 100,000 times 100,000.
NO_NESTED_LOOPS = "SET LOCAL enable_nestloop = off"

LOOK = f"""
WITH now_in AS MATERIALIZED ({{now_in}}), was_in AS MATERIALIZED (
    SELECT customer_id FROM segments_watchedmember WHERE segment_id = %s
), entered AS (
    INSERT INTO segments_watchedmember (segment_id, customer_id)
    SELECT %s, id FROM (SELECT id FROM now_in EXCEPT SELECT customer_id FROM was_in) AS fresh
    ON CONFLICT DO NOTHING
    RETURNING customer_id
), gone AS (
    DELETE FROM segments_watchedmember w
     USING (SELECT customer_id FROM was_in EXCEPT SELECT id FROM now_in) AS lost
     WHERE w.segment_id = %s AND w.customer_id = lost.customer_id
    RETURNING w.customer_id
), changes AS (
    INSERT INTO segments_segmentchange (segment_id, customer_id, entered)
    SELECT %s, customer_id, true FROM entered UNION ALL SELECT %s, customer_id, false FROM gone
    RETURNING id, entered
)
INSERT INTO events_outbox (kind, object_key)
SELECT CASE WHEN entered THEN '{ENTERED}' ELSE '{LEFT}' END, id FROM changes
"""  # noqa: S608 - our own constants


def watch_segment(segment: Segment, *, owner: str) -> None:
    """Takes effect when the caller's transaction ends. Customers who are in the segment now do not count as entering."""
    Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
    listen(_kind(segment.pk), owner=owner)
    # Locked, so that whoever stops watching it at this moment has either seen us, or has removed the row.
    if not WatchedSegment.objects.select_for_update(no_key=True).filter(segment=segment).exists():
        WatchedSegment.objects.create(segment=segment)
        now_in, parameters = _now_in(segment)
        with connection.cursor() as cursor:
            cursor.execute(BEGIN.format(now_in=now_in), [segment.pk, *parameters])


def unwatch_segments(*, owner: str) -> None:
    """Also ends whatever else this owner listens to. Segments that nobody watches any more are forgotten."""
    stop_listening(owner=owner)
    watched = WatchedSegment.objects.select_for_update().order_by("pk")
    idle = [one.pk for one in watched if not Listener.objects.filter(kind=_kind(one.pk)).exists()]
    WatchedSegment.objects.filter(pk__in=idle).delete()


def is_getting_ready(segment: int) -> bool:
    """Whether the worker still has to create the rows for the members from when watching began."""
    return FirstMembers.objects.filter(segment=segment).exists()


def look_at_segments() -> int:
    """Looks at each watched segment that is due; returns how many customers entered or left one."""
    for segment in FirstMembers.objects.values_list("segment", flat=True):
        while note_first_members(segment):
            pass
    with connection.cursor() as cursor:
        cursor.execute(DUE)
        keys = [key for (key,) in cursor.fetchall()]
    return sum(map(_look_at, keys))


def note_first_members(segment: int, *, batch: int = BATCH) -> bool:
    """Creates one batch of member rows; returns whether there are more."""
    with transaction.atomic():
        if not _hold(segment):
            return False
        with connection.cursor() as cursor:
            cursor.execute(NOTE_FIRST, {"segment": segment, "batch": batch})
            row = cursor.fetchone()
        if row == (False,):
            FirstMembers.objects.filter(segment=segment).delete()
    return row == (True,)


def _hold(segment: int) -> WatchedSegment | None:
    """None if another worker is at it, or somebody has just stopped watching it."""
    return WatchedSegment.objects.select_for_update(skip_locked=True).filter(pk=segment).first()


def _look_at(key: int) -> int:
    with transaction.atomic():
        watched = _hold(key)
        if not watched or is_getting_ready(key):
            return 0
        started = time.monotonic()
        now_in, parameters = _now_in(Segment.objects.get(pk=key))
        with connection.cursor() as cursor:
            cursor.execute(NO_NESTED_LOOPS)
            cursor.execute(LOOK.format(now_in=now_in), [*parameters, *[key] * 5])
            changed = cursor.rowcount
        watched.took_ms = int((time.monotonic() - started) * 1000)
        WatchedSegment.objects.filter(pk=key).update(took_ms=watched.took_ms, looked_at=Now())
    return changed


def _now_in(segment: Segment) -> tuple[str, tuple]:
    members = Customer.objects.live().filter(in_segment(segment)).order_by().values("id")
    return members.query.sql_with_params()


def _kind(segment: int) -> str:
    return f"segment {segment}"
