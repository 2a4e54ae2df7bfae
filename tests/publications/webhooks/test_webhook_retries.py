"""Twelve retries from a minute to a day, then the address is paused and Managers are told; and how it goes on."""

from datetime import timedelta

import pytest
from django.db import connection

from config.actor import Actor
from config.staff.models import AuditEntry
from publications.webhooks.actions.delete_address import delete_address
from publications.webhooks.actions.deliver import Answer
from publications.webhooks.actions.pause_address import pause_address, resume_address
from publications.webhooks.actions.send_again import send_again, send_failed_again, send_test
from publications.webhooks.actions.send_due import MOST_ATTEMPTS, RETRY_AFTER, record_answer, send_one
from publications.webhooks.models import WebhookAddress, WebhookDelivery
from tests.support.factories import STAFF, published
from tests.support.receiver import Receiver
from tests.support.webhooks import a_delivery, listening, make_due, outbox, pass_on

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def private_addresses_are_allowed(settings):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True


@pytest.fixture(autouse=True)
def no_job_stays_behind():
    """The tables of Procrastinate are not flushed after a test."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs CASCADE")


def fail_until_paused(delivery: WebhookDelivery) -> None:
    for _ in range(MOST_ATTEMPTS):
        pass_on()
        make_due(delivery)
    delivery.refresh_from_db()


def test_the_pauses_grow_from_a_minute_to_a_day():
    assert len(RETRY_AFTER) == 12
    assert (RETRY_AFTER[0], RETRY_AFTER[-1]) == (timedelta(minutes=1), timedelta(days=1))
    assert sorted(RETRY_AFTER) == RETRY_AFTER
    assert sum(RETRY_AFTER, timedelta()) == timedelta(days=2, hours=8)


def test_each_attempt_schedules_the_next():
    with Receiver([500] * 20) as receiver:
        delivery = a_delivery(listening(receiver.url))
        pauses = []

        for _ in RETRY_AFTER:
            pass_on()
            delivery.refresh_from_db()
            pauses.append(delivery.next_attempt_at - delivery.attempted_at)
            make_due(delivery)

    assert pauses == RETRY_AFTER
    assert (delivery.status, delivery.state, delivery.attempts) == ("waiting", "Retrying", 12)


def test_after_the_last_retry_the_delivery_has_failed_and_its_address_is_paused():
    with Receiver([500] * 20) as receiver:
        address = listening(receiver.url)
        delivery, waits = a_delivery(address), a_delivery(address)
        WebhookDelivery.objects.filter(pk=waits.pk).update(next_attempt_at="2036-01-01T00:00:00Z")

        fail_until_paused(delivery)
        make_due(waits)
        pass_on()

    assert len(receiver.got) == 13
    assert (delivery.status, delivery.attempts, delivery.next_attempt_at) == ("failed", 13, None)
    assert len(delivery.log) == 13
    address.refresh_from_db()
    assert (address.paused_at is not None, address.pause_reason) == (True, "failing")
    assert address.pause_detail == "It responded with 500."
    entry = AuditEntry.objects.get(action="webhook.paused")
    assert (entry.actor_kind, entry.object_id, entry.details) == (
        "system",
        address.public_id,
        {"reason": "It responded with 500."},
    )
    waits.refresh_from_db()
    assert (waits.status, waits.attempts) == ("waiting", 0)


def test_resumed_it_gets_what_waited_but_not_what_happened_meanwhile():
    with Receiver() as receiver:
        address = listening(receiver.url)
        waited = a_delivery(address)
        assert pause_address(address, by=STAFF)
        pass_on()
        published()

        assert resume_address(address, by=STAFF)
        pass_on()

    assert [got.headers["x-handout-event-id"] for got in receiver.got] == [waited.event_id]
    assert outbox() == []


def test_resumed_everything_has_all_of_its_retries_again():
    with Receiver([500] * 5) as receiver:
        address = listening(receiver.url)
        delivery = a_delivery(address)
        for _ in range(5):
            pass_on()
            make_due(delivery)
        pause_address(address, by=STAFF)

        resume_address(address, by=STAFF)
        pass_on()

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, len(delivery.log)) == ("delivered", 1, 6)


def test_pausing_and_resuming_twice_does_nothing_the_second_time():
    address = listening()

    assert [pause_address(address, by=STAFF), pause_address(address, by=STAFF)] == [True, False]
    assert [resume_address(address, by=STAFF), resume_address(address, by=STAFF)] == [True, False]

    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["webhook.created", "webhook.paused", "webhook.resumed"]


def test_sent_again_by_hand_it_goes_at_once_also_to_a_paused_address():
    with Receiver([500] * 13) as receiver:
        address = listening(receiver.url)
        delivery = a_delivery(address)
        fail_until_paused(delivery)

        send_again(delivery, by=STAFF)
        send_one(delivery.pk)

    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, len(delivery.log)) == ("delivered", 1, 14)
    assert receiver.got[-1].headers["x-handout-event-id"] == delivery.event_id
    assert WebhookAddress.objects.get().paused_at is not None
    assert AuditEntry.objects.latest("pk").details == {"event": "publication.succeeded", "event_id": delivery.event_id}


def test_what_was_delivered_can_be_sent_once_more():
    with Receiver() as receiver:
        delivery = a_delivery(listening(receiver.url))
        pass_on()

        send_again(delivery, by=STAFF)
        send_one(delivery.pk)
        send_one(delivery.pk)

    assert len(receiver.got) == 2


def test_all_that_failed_is_sent_again():
    with Receiver() as receiver:
        address = listening(receiver.url)
        failed = [a_delivery(address), a_delivery(address)]
        WebhookDelivery.objects.update(status="failed", next_attempt_at=None, attempts=13)
        delivered = a_delivery(address)
        pass_on()

        assert send_failed_again(address, by=STAFF) == 2
        assert send_failed_again(address, by=STAFF) == 0
        pass_on()

    assert [got.headers["x-handout-event-id"] for got in receiver.got[:1]] == [delivered.event_id]
    assert {got.headers["x-handout-event-id"] for got in receiver.got[1:]} == {each.event_id for each in failed}


def test_a_test_is_one_attempt_and_pauses_nothing():
    with Receiver([500]) as receiver:
        address = listening(receiver.url)
        delivery = send_test(address, by=STAFF)

        send_one(delivery.pk)

    delivery.refresh_from_db()
    assert receiver.got[0].json["type"] == "webhook.test"
    assert (delivery.status, delivery.attempts) == ("failed", 1)
    assert not WebhookDelivery.objects.failed().exists()
    assert WebhookAddress.objects.active().exists()
    assert AuditEntry.objects.latest("pk").action == "webhook.tested"


def test_a_test_reaches_a_paused_address():
    with Receiver() as receiver:
        address = listening(receiver.url)
        pause_address(address, by=STAFF)
        delivery = send_test(address, by=STAFF)

        send_one(delivery.pk)

    delivery.refresh_from_db()
    assert delivery.status == "delivered"


def test_nothing_is_sent_to_a_deleted_address():
    with Receiver() as receiver:
        address = listening(receiver.url)
        a_delivery(address)

        assert delete_address(address, by=Actor("user", 3, "Mara Lind"))
        pass_on()

    assert receiver.got == []


def test_an_answer_that_comes_when_the_delivery_was_claimed_anew_is_not_recorded():
    """A worker that was thought dead wakes up: its attempt is no longer the one that counts."""
    delivery = a_delivery(listening())
    WebhookDelivery.objects.update(attempts=2)
    delivery.attempts, delivery.attempted_at = 1, delivery.created_at

    record_answer(delivery, Answer(500, "", "It responded with 500.", 5))

    delivery.refresh_from_db()
    assert (delivery.attempts, delivery.error, delivery.log) == (2, "", [])
