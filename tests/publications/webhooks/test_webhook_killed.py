"""Webhooks survive `kill -9` of their worker: nothing is lost, nothing is passed on twice, and what was on its way when
the worker died is sent once more, with the same event id.
"""

import signal
import time
from contextlib import suppress

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate.contrib.django import app as queue
from procrastinate.exceptions import AlreadyEnqueued

from config.events.note import note_event
from config.server.management.commands.run import _workers
from config.server.take_up_stalled_jobs import declare_workers_dead, take_up_stalled_jobs
from publications.dashboard.tasks import pass_events_on
from publications.webhooks.models import WebhookDelivery
from tests.support.factories import published
from tests.support.processes.forked import Forked, fork_command
from tests.support.receiver import Receiver, after, say_nothing
from tests.support.webhooks import listening, make_due, outbox

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def empty_queue():
    """Procrastinate's tables are not Django's, so no test empties them."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


@pytest.fixture(autouse=True)
def private_addresses_are_allowed(settings):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True


def start_worker(*options: str) -> Forked:
    """In a process of its own, on the database of the tests; it begins with what it does every five seconds."""
    with suppress(AlreadyEnqueued):
        pass_events_on.defer(timestamp=0)
    return fork_command("procrastinate", "worker", "--queues", "webhooks", *options, WEBHOOKS_MAY_BE_PRIVATE="1")


def wait_until(reached, seconds=60):
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def kill(worker: Forked) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def resume() -> None:
    declare_workers_dead()
    async_to_sync(take_up_stalled_jobs)(queue)
    assert start_worker("--one-shot", "--concurrency", "1").wait(60) == 0


def test_killed_between_sending_and_recording_it_sends_once_more():
    with Receiver([say_nothing]) as receiver:
        listening(receiver.url)
        published()
        worker = start_worker()
        wait_until(lambda: receiver.got)
        kill(worker)

        delivery = WebhookDelivery.objects.get()
        at_death = (delivery.status, delivery.attempts, delivery.log)
        resume()
        too_early = len(receiver.got)
        make_due(delivery)
        resume()

    delivery.refresh_from_db()
    first, second = receiver.got
    assert at_death == ("waiting", 1, [])
    assert too_early == 1
    assert first.headers["x-handout-event-id"] == second.headers["x-handout-event-id"]
    assert (first.body, first.headers["x-handout-attempt"]) == (second.body, "1")
    assert (delivery.status, delivery.attempts, second.headers["x-handout-attempt"]) == ("delivered", 2, "2")


def test_killed_while_events_are_passed_on_each_arrives_once():
    with Receiver() as receiver:
        listening(receiver.url)
        publication = published()
        for _ in range(799):
            note_event("publication.succeeded", publication.pk)
        worker = start_worker()
        wait_until(WebhookDelivery.objects.exists)
        kill(worker)
        left = len(outbox())
        resume()
        while waiting := list(WebhookDelivery.objects.filter(status="waiting")):  # claimed when the worker died
            make_due(*waiting)
            resume()

    events = set(WebhookDelivery.objects.values_list("event", flat=True))
    assert left > 0
    assert outbox() == []
    assert len(events) == WebhookDelivery.objects.count() == 800
    assert len({got.headers["x-handout-event-id"] for got in receiver.got}) == 800
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"delivered"}


def test_a_slow_receiver_holds_up_no_other():
    """Each address has at most one job at a time, so a slow one occupies one place of the worker."""
    with Receiver([after(2)] * 16) as slow, Receiver() as quick:
        listening(slow.url)
        listening(quick.url)
        for _ in range(16):
            published()
        worker = start_worker("--concurrency", "2")
        wait_until(lambda: len(quick.got) == 16)
        taken_by_the_slow_one = len(slow.got)
        kill(worker)

    assert taken_by_the_slow_one <= 8


def test_every_queue_has_a_worker():
    served = {child._command[child._command.index("--queues") + 1] for child in _workers()}

    assert {task.queue for task in queue.tasks.values()} - {"builtin"} == served
