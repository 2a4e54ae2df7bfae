"""Passes events on: the outbox's rows become deliveries, one to each address that listens, and rules fire."""

from __future__ import annotations

from django.db import connection, transaction

from config.staff.quarantine import NOT_OPEN
from publications.automation.actions.fire_rules import fire_rules
from publications.referrals.actions.convert import convert
from publications.webhooks.compose import Event, compose
from publications.webhooks.models import WebhookAddress, WebhookDelivery

BATCH = 200
MOST = 5_000  # in one go; the next is a few seconds away

# Nothing here depends on the order of ids: a row whose transaction commits late is found by a later look.
# In a quarantine all of it waits.
TAKE = f"""
WITH taken AS MATERIALIZED (SELECT id FROM events_outbox WHERE {NOT_OPEN} ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
DELETE FROM events_outbox o USING taken WHERE o.id = taken.id
RETURNING o.id, o.kind, o.object_key, o.created_at
"""  # noqa: S608 - our own constant


def drain_outbox() -> int:
    """How many events were taken off the outbox, among them those that nobody listens to.

    May run anywhere, any number of times at once: an event's row is deleted in the transaction that writes its
    deliveries and firings, so each event is passed on exactly once, whatever is killed.
    """
    drained = 0
    while drained < MOST:
        taken = _drain_batch()
        drained += taken
        if taken < BATCH:
            break
    return drained


def _drain_batch() -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(TAKE, [BATCH])
            events = sorted(Event(*row) for row in cursor.fetchall())
        if not events:
            return 0
        addresses = list(WebhookAddress.objects.active())
        listening = {event.key: [a for a in addresses if event.kind in a.events] for event in events}
        composed = compose([event for event in events if listening[event.key]])
        deliveries = (
            WebhookDelivery(
                address=address,
                event=event.key,
                kind=event.kind,
                object_key=event.object_key,
                customer_id=composed[event.key].customer_id,
                body=composed[event.key].body,
                created_at=event.created_at,
            )
            for event in events
            if event.key in composed
            for address in listening[event.key]
        )
        WebhookDelivery.objects.bulk_create(deliveries, batch_size=1000)
        convert(events)
        fire_rules(events)
    return len(events)
