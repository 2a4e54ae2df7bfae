"""Notes that something has happened, for those who are told of it later: webhooks, triggers."""

from __future__ import annotations

from config.models import Outbox


def note_event(kind: str, object_key: int) -> None:
    """Call it in the transaction of the thing itself, so that neither stands without the other.

    `kind` is noun, dot, verb in the past ("publication.succeeded"), `object_key` the row's key; what is told of the
    row is read when the event is passed on. An event that nobody listens to is noted all the same, and dropped by the
    worker. Statements of hot paths note it themselves, and only if somebody listens: publications/webhooks/note_events.py.
    """
    Outbox.objects.create(kind=kind, object_key=object_key)
