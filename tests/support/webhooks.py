"""What tests of webhooks share: an address that listens, and what the worker does every few seconds."""

from __future__ import annotations

from config.events.kinds import ALERT_OPENED, GENERATION_COMPLETED, PUBLICATION_SUCCEEDED, VOUCHER_REDEEMED
from config.events.models import Outbox
from publications.dashboard.drain_outbox import drain_outbox
from publications.webhooks.actions.create_address import create_address
from publications.webhooks.actions.send_due import addresses_due, send_due
from publications.webhooks.models import WebhookAddress, WebhookDelivery
from tests.support.factories import STAFF, published

MAIN = (PUBLICATION_SUCCEEDED, VOUCHER_REDEEMED, GENERATION_COMPLETED, ALERT_OPENED)
SHOP = "https://shop.example.com/webhooks"


def listening(url: str = SHOP, *events: str) -> WebhookAddress:
    return create_address(url, events=events or [PUBLICATION_SUCCEEDED], by=STAFF)


def listening_to_main(url: str = SHOP) -> WebhookAddress:
    """To what most receivers want; nothing of customers, who are created by every test."""
    return listening(url, *MAIN)


def outbox() -> list[tuple[str, int]]:
    return list(Outbox.objects.order_by("pk").values_list("kind", "object_key"))


def pass_on() -> None:
    """As the worker does, in this thread."""
    drain_outbox()
    for address_id in addresses_due():
        while send_due(address_id):
            pass


def a_delivery(address: WebhookAddress) -> WebhookDelivery:
    """Of a publication, on its way to the address."""
    published()
    drain_outbox()
    return WebhookDelivery.objects.filter(address=address).latest("pk")


def make_due(*deliveries: WebhookDelivery) -> None:
    """Lets the time pass until the next attempt, and the rest of the address."""
    keys = [delivery.pk for delivery in deliveries]
    past = "2020-01-01T00:00:00Z"
    WebhookDelivery.objects.filter(pk__in=keys, status="waiting").update(next_attempt_at=past)
    WebhookAddress.objects.filter(deliveries__in=keys).update(rests_until=None)
