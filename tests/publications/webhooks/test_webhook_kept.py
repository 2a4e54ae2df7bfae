"""How long deliveries are kept, what erasing a customer does to them, and what the database refuses."""

import json
import threading

import pytest
from django.db import IntegrityError, connection, transaction

from publications.dashboard.drain_outbox import drain_outbox
from publications.dashboard.erase_customer import erase_customer
from publications.redemptions.actions.redeem import redeem
from publications.webhooks import compose
from publications.webhooks.actions.delete_address import delete_address
from publications.webhooks.actions.delete_old_deliveries import delete_old_deliveries
from publications.webhooks.models import WebhookAddress, WebhookDelivery
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory, published
from tests.support.webhooks import a_delivery, listening, listening_to_main


def mara():
    return CustomerFactory(name="Mara Lindqvist", email="mara@example.com", source_id="crm-77", metadata={"vip": True})


@pytest.mark.django_db
def test_after_thirty_days_a_delivery_is_deleted(monkeypatch):
    monkeypatch.setattr("publications.webhooks.actions.delete_old_deliveries.CHUNK", 2)
    address = listening()
    kept, *old = [a_delivery(address) for _ in range(6)]
    day = 24 * 60 * 60
    _age(kept, 30 * day - 60)
    for delivery in old:
        _age(delivery, 30 * day + 60)

    assert delete_old_deliveries() == 5
    assert delete_old_deliveries() == 0

    assert WebhookDelivery.objects.get() == kept


@pytest.mark.django_db
def test_a_deleted_address_goes_with_its_deliveries():
    gone, stays = listening("https://gone.example.com/"), listening("https://stays.example.com/")
    a_delivery(gone), a_delivery(gone)
    delete_address(gone, by=STAFF)

    assert delete_old_deliveries() == 2

    assert WebhookAddress.objects.get() == stays
    assert set(WebhookDelivery.objects.values_list("address", flat=True)) == {stays.pk}


@pytest.mark.django_db
def test_erasing_a_customer_takes_along_what_was_sent_of_them():
    address, customer = listening_to_main(), mara()
    voucher = VoucherFactory()
    published(voucher, customer)
    redeem(voucher, customer=customer, by=STAFF)
    drain_outbox()
    WebhookDelivery.objects.update(status="delivered", next_attempt_at=None)
    other = a_delivery(address)

    erase_customer(customer, by=STAFF)

    assert WebhookDelivery.objects.get() == other


@pytest.mark.django_db
def test_what_still_waits_is_sent_without_what_was_personal():
    customer = mara()
    listening()
    published(customer=customer, metadata={"note": "for Mara"})
    drain_outbox()
    before = WebhookDelivery.objects.get()
    WebhookDelivery.objects.update(attempts=3, answer_body="no place for mara@example.com")

    erase_customer(customer, by=STAFF)

    after = WebhookDelivery.objects.get()
    body = json.loads(after.body)
    assert (after.event, after.status, after.attempts, after.answer_body) == (before.event, "waiting", 3, "")
    assert (body["id"], body["created_at"]) == (before.event_id, json.loads(before.body)["created_at"])
    assert body["customer"] == {"id": customer.public_id, "metadata": {}, "object": "customer"}
    assert body["publication"]["metadata"] == {}
    for personal in ("Mara", "mara@example.com", "crm-77", "vip"):
        assert personal not in after.body


@pytest.mark.django_db
def test_what_is_passed_on_after_the_erasure_holds_nothing_personal():
    customer = mara()
    listening()
    published(customer=customer)
    erase_customer(customer, by=STAFF)

    drain_outbox()

    assert "mara@example.com" not in WebhookDelivery.objects.get().body


@pytest.mark.django_db(transaction=True)
def test_an_erasure_waits_for_what_is_being_put_into_words(monkeypatch):
    """Else the body would be written after the erasure, with what was read before it."""
    customer = mara()
    listening()
    published(customer=customer)
    composing, erasing = threading.Event(), threading.Event()
    read = compose.publication_event

    def slowly(publication):
        composing.set()
        erasing.wait(60)
        return read(publication)

    monkeypatch.setattr(compose, "publication_event", slowly)

    def erase():
        composing.wait(60)
        threading.Timer(0.3, erasing.set).start()  # by then the erasure waits for the lock
        erase_customer(customer, by=STAFF)
        connection.close()

    thread = threading.Thread(target=erase)
    thread.start()
    drain_outbox()
    monkeypatch.undo()
    thread.join()

    assert "mara@example.com" not in WebhookDelivery.objects.get().body


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"events": []},
        {"events": ["publication.succeeded", "nonsense"]},
        {"secret": ""},
        {"pause_reason": "failing"},
        {"url": "https://taken.example.com/"},
    ],
)
def test_the_database_refuses_a_nonsensical_address(fields):
    listening("https://taken.example.com/")
    good = {"url": "https://a.example.com/", "events": ["publication.succeeded"], "secret": "x"}

    WebhookAddress.objects.create(**good)
    with pytest.raises(IntegrityError), transaction.atomic():
        WebhookAddress.objects.create(**{**good, "url": "https://b.example.com/", **fields})


@pytest.mark.django_db
@pytest.mark.parametrize(
    "fields",
    [
        {"event": 1},
        {"status": "waiting", "next_attempt_at": None},
        {"status": "delivered", "next_attempt_at": "2026-01-01T00:00:00Z"},
        {"status": "nonsense", "next_attempt_at": None},
    ],
)
def test_the_database_refuses_a_nonsensical_delivery(fields):
    good = {"address": listening(), "event": 1, "kind": "publication.succeeded", "object_key": 1, "body": "{}"}

    WebhookDelivery.objects.create(**good)
    WebhookDelivery.objects.create(**good | {"event": 2, "status": "failed", "next_attempt_at": None})
    with pytest.raises(IntegrityError), transaction.atomic():
        WebhookDelivery.objects.create(**good | {"event": 3} | fields)


def _age(delivery: WebhookDelivery, seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE webhooks_webhookdelivery SET created_at = now() - make_interval(secs => %s) WHERE id = %s",
            [seconds, delivery.pk],
        )
