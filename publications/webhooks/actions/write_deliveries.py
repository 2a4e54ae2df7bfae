"""Turns events into deliveries: one for each address that listens."""

from __future__ import annotations

from collections.abc import Sequence

from config.events.event import Event
from publications.webhooks.compose import compose
from publications.webhooks.models import WebhookAddress, WebhookDelivery


def write_deliveries(events: Sequence[Event]) -> None:
    """In the transaction that takes the events off the outbox. They are sent later (send_due.py)."""
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
