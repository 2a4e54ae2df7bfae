"""Removes a customer's personal data from what was sent and what is still waiting."""

from __future__ import annotations

from config.events.event import Event
from customers.models import Customer
from publications.webhooks.compose import compose
from publications.webhooks.models import WebhookDelivery


def forget_customer(customer: Customer) -> None:
    """Runs last in the transaction that erases the customer: finished deliveries are deleted, waiting ones are composed
    again.

    Receivers keep what they were sent before; that is their responsibility.
    """
    deliveries = WebhookDelivery.objects.filter(customer=customer)
    deliveries.exclude(status=WebhookDelivery.Status.WAITING).delete()
    for delivery in deliveries:
        event = Event(delivery.event, delivery.kind, delivery.object_key, delivery.created_at)
        if event.key not in (anew := compose([event])):
            delivery.delete()  # it was about nothing else
            continue
        delivery.body = anew[event.key].body
        delivery.answer_body = ""
        delivery.save(update_fields=["body", "answer_body"])
