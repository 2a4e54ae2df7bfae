"""Records that something has happened, for those who are told later: webhooks and rules."""

from __future__ import annotations

from django.db import connection

from config.events.models import Listener, Outbox


def note_event(kind: str, object_key: int) -> None:
    """Call it in the transaction of the thing itself, so that neither stands without the other.

    `kind` is noun, dot, verb in the past ("publication.succeeded"), `object_key` the row's key; what is told of the
    row is read when the event is passed on. An event that nobody listens to is noted all the same, and dropped by the
    worker. Statements of hot paths note it themselves, and only if somebody listens: `noting`.
    """
    Outbox.objects.create(kind=kind, object_key=object_key)


def note_if_heard(kind: str, object_key: int) -> None:
    """The same, but writes no row that nobody would read."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO events_outbox (kind, object_key) SELECT %s, %s WHERE {listened_to(kind)}",
            [kind, object_key],
        )


def noting(kind: str, *, of: str) -> str:
    """SQL for a CTE beside the CTE `of`: one event for each of its rows (a column `id`), if anybody listens. An OR may follow.

    Without a listener a writing statement pays for one look at a table of a few rows, and no row is written that nobody
    would read.
    """
    return f"""INSERT INTO events_outbox (kind, object_key)
    SELECT '{kind}', {of}.id FROM {of} WHERE {listened_to(kind)}"""  # noqa: S608 - our own constants


def listened_to(kind: str) -> str:
    """As SQL: whether anybody wants to be told. Looks at a table of a few rows."""
    return f"EXISTS (SELECT FROM events_listener l WHERE l.kind = '{kind}')"


def listen(kind: str, *, owner: str) -> None:
    """From the end of the caller's transaction on, events of this kind are recorded."""
    Listener.objects.bulk_create([Listener(kind=kind, owner=owner)], ignore_conflicts=True)


def stop_listening(*, owner: str) -> None:
    Listener.objects.filter(owner=owner).delete()
