"""Events become deliveries: each to each address that listens, once, however many workers there are."""

import threading

import pytest
from django.db import connection, transaction

from config.events.note import note_event
from publications.dashboard.drain_outbox import drain_outbox
from publications.webhooks.actions.pause_address import pause_address
from publications.webhooks.models import WebhookDelivery
from tests.support.factories import STAFF, CampaignFactory, published
from tests.support.webhooks import SHOP, listening, listening_to_main, outbox


@pytest.mark.django_db
def test_each_event_goes_to_each_address_that_listens():
    shop, crm = listening(SHOP), listening_to_main("https://crm.example.com/hook")
    listening("https://bi.example.com/hook", "voucher.redeemed")
    publication = published()

    assert drain_outbox() == 1

    deliveries = WebhookDelivery.objects.order_by("address_id")
    assert [(d.address, d.kind, d.object_key, d.status) for d in deliveries] == [
        (shop, "publication.succeeded", publication.pk, "waiting"),
        (crm, "publication.succeeded", publication.pk, "waiting"),
    ]
    assert len({delivery.event_id for delivery in deliveries}) == 1
    assert outbox() == []
    assert drain_outbox() == 0


@pytest.mark.django_db
def test_what_nobody_listens_to_is_dropped():
    address = listening()
    published()
    pause_address(address, by=STAFF)
    note_event("campaign.vouchers.generation.completed", 1)

    assert drain_outbox() == 2

    assert outbox() == []
    assert not WebhookDelivery.objects.exists()


@pytest.mark.django_db
def test_an_event_whose_object_is_gone_is_dropped():
    listening_to_main()
    note_event("publication.succeeded", 10**12)

    assert drain_outbox() == 1
    assert not WebhookDelivery.objects.exists()


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_the_events(django_assert_num_queries):
    listening()
    for _ in range(30):
        published()

    # savepoint, take, addresses, hold the customers, publications, their ledger, their vouchers, insert, release
    with django_assert_num_queries(10):
        drain_outbox()

    assert WebhookDelivery.objects.count() == 30


@pytest.mark.django_db(transaction=True)
def test_many_at_once_pass_each_event_on_once():
    listening()
    publication = published()
    for _ in range(450):
        note_event("publication.succeeded", publication.pk)
    start = threading.Barrier(6)

    def drain():
        start.wait()
        try:
            while drain_outbox():
                pass
        finally:
            connection.close()

    threads = [threading.Thread(target=drain) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    events = list(WebhookDelivery.objects.values_list("event", flat=True))
    assert len(events) == len(set(events)) == 451
    assert outbox() == []


@pytest.mark.django_db(transaction=True)
def test_what_fails_halfway_stays_in_the_outbox(monkeypatch):
    listening()
    publication = published()

    def fails(*arguments, **options):
        raise RuntimeError

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(WebhookDelivery.objects, "bulk_create", fails)
        drain_outbox()

    assert outbox() == [("publication.succeeded", publication.pk)]
    assert drain_outbox() == 1
    assert WebhookDelivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_commits_late_is_not_overlooked():
    """Its event has a lower key than others that were passed on before."""
    listening()
    campaign = CampaignFactory()
    noted, passed_on = threading.Event(), threading.Event()

    def late():
        with transaction.atomic():
            note_event("campaign.vouchers.generation.completed", campaign.pk)
            noted.set()
            passed_on.wait(60)
        connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    noted.wait(60)
    published()
    first = drain_outbox()
    passed_on.set()
    thread.join()

    assert (first, drain_outbox()) == (1, 1)
