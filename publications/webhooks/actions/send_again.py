"""Sending by hand: one delivery again, all that failed at an address, or a test."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone
from procrastinate.contrib.django import app

from config.actor import Actor
from config.events.event import Event
from config.staff.audit import record
from publications.webhooks.compose import body_of
from publications.webhooks.models import TEST, WebhookAddress, WebhookDelivery

ONCE_MORE = {"status": "waiting", "attempts": 0, "next_attempt_at": Now()}


def send_again(delivery: WebhookDelivery, *, by: Actor) -> None:
    """Sends the same event again at once, with the same id, body and all retries, even to a paused address."""
    with transaction.atomic():
        WebhookDelivery.objects.filter(pk=delivery.pk).update(**ONCE_MORE)
        _send_soon(delivery)
        _record("webhook.sent_again", delivery.address, by, event=delivery.kind, event_id=delivery.event_id)


def send_failed_again(address: WebhookAddress, *, by: Actor) -> int:
    """Queues everything that failed for good; returns how many. It is sent within seconds, or once the address is
    resumed.
    """
    with transaction.atomic():
        count = WebhookDelivery.objects.failed().filter(address=address).update(**ONCE_MORE)
        if count:
            _record("webhook.failed_sent_again", address, by, count=count)
    return count


def send_test(address: WebhookAddress, *, by: Actor) -> WebhookDelivery:
    """One attempt, at once, even to a paused address. Its outcome does not affect other deliveries."""
    with transaction.atomic():
        event = Event(_next_event_key(), TEST, address.pk, cast(datetime, timezone.now()))
        delivery = WebhookDelivery.objects.create(
            address=address,
            event=event.key,
            kind=event.kind,
            object_key=event.object_key,
            body=body_of(event, {"message": "A test from Handout."}),
        )
        _send_soon(delivery)
        _record("webhook.tested", address, by)
    return delivery


def _next_event_key() -> int:
    """Events have their keys from the outbox; a test takes one without a row there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('events_outbox', 'id'))")
        return cursor.fetchone()[0]


def _send_soon(delivery: WebhookDelivery) -> None:
    app.configure_task("webhooks.send_webhook").defer(delivery_id=delivery.pk)


def _record(action: str, address: WebhookAddress, by: Actor, **details: Any) -> None:
    record(action, by=by, object_id=address.public_id, object_label=str(address), **details)
