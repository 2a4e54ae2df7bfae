"""Messages that may have arrived: few of them before a distribution stops by itself, and soon told of as such."""

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now

from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import resume
from publications.distributions.actions.declare_unknown import declare_unknown
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.settle_unknown import resolve_unknown
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery, Distribution
from publications.distributions.sending.claims import claim
from publications.distributions.sending.hand_over import MailServer as HandOver
from publications.webhooks.actions.create_address import create_address
from tests.support.distributions import running
from tests.support.factories import STAFF, CustomerFactory
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, hang_up

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    with MailServer() as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", started.port, 2
        settings.SITE_URL = "https://handout.example.com"
        yield started


def count(state: str) -> int:
    return Delivery.objects.filter(state=state).count()


def go_on(run: Distribution) -> Distribution:
    """Another turn, as if its rest were over."""
    Distribution.objects.filter(pk=run.pk, rests_until__isnull=False).update(rests_until=Now() - timedelta(hours=1))
    advance(run.pk)
    run.refresh_from_db()
    return run


def test_a_server_that_always_dies_at_the_end_makes_ten_unknown_and_not_everybody(server):
    run = running(40, codes=40)
    server.breaks_at = "dot"

    go_on(run)

    assert (run.status, run.rests, run.status_reason, count("unknown")) == ("running", 1, "answers_lost", 3)
    assert run.why_paused == ("The connection drops before the server confirms the message. Handout keeps trying.")
    for _ in range(20):
        go_on(run)
    assert (run.status, run.status_reason, count("unknown")) == ("held", "unknown_in_a_row", 10)
    assert "resolve the unknown messages, then resume" in run.why_paused

    server.breaks_at = ""
    resume(run, by=STAFF)
    go_on(run)
    assert (run.status, run.unknowns, count("unknown"), count("sent")) == ("done", 0, 10, 30)
    assert len({message["To"] for message in server.messages}) == len(server.messages) == 40


def test_one_that_gets_through_ends_the_row(server):
    run = running(6, codes=6)
    first, second, *_ = [listed.customer.email for listed in run.listed.select_related("customer")]
    server.answers = {first: ["take and die"], second: ["take and die"]}

    go_on(run)

    assert (run.status, run.unknowns, run.rests) == ("done", 0, 0)
    assert (count("unknown"), count("sent")) == (2, 4)


def test_a_receiver_that_takes_the_body_and_dies_pauses_the_run_too(settings):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True
    with Receiver([hang_up] * 100) as receiver:
        address = create_address(receiver.url, events=["publication.succeeded"], by=STAFF)
        people = [CustomerFactory(email="") for _ in range(20)]
        run = running(people, codes=20, message="webhook", webhook=address, subject="", body="")
        for _ in range(20):
            go_on(run)

    assert (run.status, run.status_reason) == ("held", "unknown_in_a_row")
    assert count("unknown") == len(receiver.got) == 10


@pytest.mark.parametrize(
    ("heartbeat", "begun", "unknown"),
    [
        ("5 seconds", "2 minutes", 0),
        ("2 minutes", "30 seconds", 0),
        ("2 minutes", "2 minutes", 1),
        (None, "2 minutes", 1),
    ],
)
def test_what_a_dead_worker_was_sending_is_unknown_at_once(server, heartbeat, begun, unknown):
    run = running(1, codes=1)
    advance(run.pk)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s::interval) RETURNING id",
            [heartbeat or "0 s"],
        )
        (worker,) = cursor.fetchone()
        cursor.execute(
            """UPDATE distributions_delivery
                  SET state = 'sending', claim = 1, worker = %s, state_at = now() - %s::interval""",
            [worker, begun],
        )
        if heartbeat is None:
            cursor.execute("DELETE FROM procrastinate_workers WHERE id = %s", [worker])

    assert declare_unknown() == unknown


def test_a_sender_that_lives_after_all_settles_what_was_said_of_it(server):
    run = running(1, codes=1)

    def declared_meanwhile(self, message):
        Delivery.objects.update(state_at=Now() - timedelta(hours=1))
        assert declare_unknown() == 1
        return send(self, message)

    send = HandOver.send
    with patch.object(HandOver, "send", declared_meanwhile):
        advance(run.pk)

    assert (count("sent"), len(server.messages)) == (1, 1)


def test_a_sender_that_comes_too_late_does_not_undo_what_a_person_decided(server):
    """Nor does it say of the second attempt what it knows of the first, although both are number 1."""
    run = running(1, codes=1)

    def decided_meanwhile(self, message):
        Delivery.objects.update(state_at=Now() - timedelta(hours=1))
        declare_unknown()
        resolve_unknown(Delivery.objects.select_related("distribution", "customer").get(), as_sent=False, by=STAFF)
        Delivery.objects.update(state="sending", attempts=1, claim=7)  # by another worker
        return send(self, message)

    send = HandOver.send
    with patch.object(HandOver, "send", decided_meanwhile):
        advance(run.pk, seconds=1)

    assert Delivery.objects.values_list("state", "claim").get() == ("sending", 7)


@pytest.mark.django_db(transaction=True)
def test_a_claim_of_which_the_database_did_not_say_whether_it_stands_is_given_back(server):
    run = running(1, codes=1)
    write_audience(run.pk)
    publish_batch(run.pk)
    delivery = Delivery.objects.get()
    real = connection.cursor

    class Dying:
        """Its connection dies when the claim is committed and the answer is on its way."""

        def __enter__(self):
            self.cursor = real()
            return self

        def __exit__(self, *_):
            self.cursor.close()

        def execute(self, *arguments):
            self.cursor.execute(*arguments)
            raise OperationalError("server closed the connection unexpectedly")

    with patch.object(connection, "cursor", side_effect=[Dying(), real()]):
        assert claim([delivery], None) == {}

    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.claim) == ("published", 0, None)
    advance(run.pk)
    assert (count("sent"), len(server.messages)) == (1, 1)
