"""Takes a customer's personal data out of what was and will be sent."""

from __future__ import annotations

from config.events.event import Event
from customers.models import Customer
from publications.webhooks.compose import compose
from publications.webhooks.models import WebhookDelivery


def forget_customer(customer: Customer) -> None:
    """In the transaction that erases the customer, when all else is erased: what is over is deleted, what still waits
    is put into words anew. Receivers have what they were sent before; that is their business.
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
