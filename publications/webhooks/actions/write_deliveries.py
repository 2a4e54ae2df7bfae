"""Turns events into deliveries, one for each address that listens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.events.event import Event
from publications.webhooks.compose import EMPTY, Reader, compose
from publications.webhooks.models import WebhookAddress, WebhookDelivery


def write_deliveries(events: Sequence[Event], *, more: Mapping[str, Reader] = EMPTY) -> None:
    """Runs in the transaction that takes the events off the outbox. They are sent later (send_due.py). `more`: see
    compose.
    """
    addresses = list(WebhookAddress.objects.active())
    listening = {event.key: [a for a in addresses if event.kind in a.events] for event in events}
    composed = compose([event for event in events if listening[event.key]], more=more)
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
        if _wants(address, composed[event.key].campaign_id)
    )
    WebhookDelivery.objects.bulk_create(deliveries, batch_size=1000)


def _wants(address: WebhookAddress, campaign_id: int | None) -> bool:
    """Events about no campaign always go out: whoever chose such an event wants it."""
    return not address.campaigns or campaign_id is None or campaign_id in address.campaigns
