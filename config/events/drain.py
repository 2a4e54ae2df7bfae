"""Takes events off the outbox and passes them to the consumers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db import connection, transaction

from config.events.event import Event

BATCH = 200
MOST = 5_000  # in one go; the next is a few seconds away

# Nothing here depends on the order of ids: a row whose transaction commits late is found by a later look.
TAKE = """
WITH taken AS MATERIALIZED (
    SELECT id FROM events_outbox WHERE NOT ({unless}) ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
DELETE FROM events_outbox o USING taken WHERE o.id = taken.id
RETURNING o.id, o.kind, o.object_key, o.created_at
"""

Consumer = Callable[[Sequence[Event]], object]


def drain(consumers: Sequence[Consumer], *, unless: str = "false") -> int:
    """How many events were taken off the outbox, among them those that nobody listens to.

    Each consumer is called with every batch, in the batch's own transaction: an event's row is deleted in the transaction
    that writes what becomes of it, so each event is passed on exactly once, whatever is killed. May run anywhere, any number
    of times at once. `unless` is SQL: while it holds, all events wait.
    """
    drained = 0
    while drained < MOST:
        taken = _drain_batch(consumers, unless)
        drained += taken
        if taken < BATCH:
            break
    return drained


def _drain_batch(consumers: Sequence[Consumer], unless: str) -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(TAKE.format(unless=unless), [BATCH])
            events = sorted(Event(*row) for row in cursor.fetchall())
        if events:
            for consume in consumers:
                consume(events)
    return len(events)
