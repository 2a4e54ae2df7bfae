"""What a mail server may do, and what becomes of the message: later again, failed, unknown; never twice."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from publications.actions.release import release
from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import NotPossible, pause, resume, stop
from publications.distributions.actions.declare_unknown import declare_unknown
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.retry_failed import retry_failed
from publications.distributions.actions.settle_unknown import resolve_unknown
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery, Distribution, EmailGrant
from publications.distributions.sending.claims import RETRY_AFTER
from publications.distributions.sending.grant_emails import grant_emails
from publications.models import Publication
from tests.support.distributions import running
from tests.support.factories import STAFF, CustomerFactory
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db
ADA, BOB = "ada@example.com", "bob@example.com"


@pytest.fixture
def server(settings):
    with MailServer() as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", started.port, 2
        settings.SITE_URL = "https://handout.example.com"
        yield started


@pytest.fixture
def run(server):
    return running([CustomerFactory(email=ADA), CustomerFactory(email=BOB)], codes=2)


def delivery_to(address: str) -> Delivery:
    return Delivery.objects.get(customer__email=address)


def told(address: str) -> tuple[str, str]:
    delivery = delivery_to(address)
    return delivery.state, delivery.why


def make_due(run: Distribution) -> None:
    """As if the pauses were over."""
    Delivery.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=Now() - timedelta(hours=1))
    Distribution.objects.filter(rests_until__isnull=False).update(rests_until=Now() - timedelta(hours=1))


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("550 <ada@example.com>: no such user", "The mail server rejected it: 550 <the address>: no such user"),
        ("DATA 554 Looks like spam", "The mail server rejected it: 554 Looks like spam"),
    ],
)
def test_a_refusal_for_good_is_recorded_and_the_others_are_sent(server, run, answer, reason):
    server.answers[ADA] = [answer]

    advance(run.pk)

    assert told(ADA) == ("failed", reason)
    assert told(BOB) == ("sent", "")
    run.refresh_from_db()
    assert run.status == "done"


@pytest.mark.parametrize("answer", ["450 Greylisted", "DATA 451 Later"])
def test_a_refusal_for_now_is_tried_again_after_a_pause(server, run, answer):
    server.answers[ADA] = [answer, "250 OK"]

    advance(run.pk)

    waiting = delivery_to(ADA)
    assert (waiting.state, waiting.attempts, waiting.reason) == ("published", 1, "asked_to_wait")
    assert waiting.detail == answer.removeprefix("DATA ")
    assert timedelta(seconds=50) < waiting.next_attempt_at - waiting.state_at <= timedelta(minutes=1)
    assert Distribution.objects.get().status == "running"

    advance(run.pk)
    assert server.to(ADA) == []
    make_due(run)
    advance(run.pk)

    assert (told(ADA), len(server.to(ADA)), Distribution.objects.get().status) == (("sent", ""), 1, "done")


def test_the_last_refusal_for_now_is_one_for_good(server, run):
    server.answers[ADA] = ["450 Full"]
    for _ in range(len(RETRY_AFTER) + 2):
        advance(run.pk)
        make_due(run)

    assert told(ADA) == ("failed", "Every attempt failed: 450 Full")
    assert Distribution.objects.get().status == "done"


@pytest.mark.parametrize("answer", ["die", "take and die"])
def test_a_connection_that_dies_in_the_message_leaves_it_unknown_and_nothing_sends_it_again(server, run, answer):
    server.answers[ADA] = [answer, "250 OK"]

    advance(run.pk)
    make_due(run)
    advance(run.pk)

    assert told(ADA) == ("unknown", "The connection was lost while it was being sent, so it may have arrived")
    assert (told(BOB), len(server.to(BOB))) == (("sent", ""), 1)
    assert len(server.to(ADA)) == (1 if answer == "take and die" else 0)
    assert Distribution.objects.get().status == "done"


def test_an_answer_that_is_neither_yes_nor_no_leaves_it_unknown(server, run):
    server.answers[ADA] = ["DATA 251 Forwarded, perhaps"]

    advance(run.pk)

    assert told(ADA) == ("unknown", "The server did not confirm that it accepted the message: 251 Forwarded, perhaps")
    assert told(BOB) == ("sent", "")


def test_a_server_that_says_nothing_about_the_message_leaves_it_unknown(server, run, settings):
    settings.EMAIL_ANSWER_TIMEOUT = 0.5
    server.delay = 1

    advance(run.pk)

    assert {told(ADA)[0], told(BOB)[0]} == {"unknown"}


def test_a_connection_that_dies_before_the_message_is_replaced(server, run):
    server.answers[ADA] = ["die early", "250 OK"]

    advance(run.pk)

    assert (told(ADA), len(server.to(ADA)), server.connections) == (("sent", ""), 1, 2)


def test_a_server_that_closes_each_connection_after_a_while_gets_everything_once(server):
    server.hang_up_after = 3
    run = running(20, codes=20)

    for _ in range(20):  # where the machine is busy it takes more than one turn, and may rest between them
        if not advance(run.pk):
            make_due(run)

    assert Delivery.objects.filter(state="sent").count() == 20
    assert len({message["To"] for message in server.messages}) == len(server.messages) == 20


def test_while_the_mail_server_is_away_the_run_rests_and_nobody_is_failed(server, run, settings):
    settings.EMAIL_PORT = 1

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.rests) == ("running", 1)
    assert (run.status_reason, run.status_detail) == ("server_away", "Connection refused")
    assert run.why_paused == "The mail server is not responding: Connection refused. Handout keeps trying."
    assert advance(run.pk) is False
    make_due(run)
    advance(run.pk)
    run.refresh_from_db()
    assert run.rests == 2
    assert {delivery.attempts for delivery in Delivery.objects.all()} == {0}

    settings.EMAIL_PORT = server.port
    make_due(run)
    advance(run.pk)
    run.refresh_from_db()
    assert (run.status, run.rests, run.status_reason, run.status_detail) == ("done", 0, "", "")
    assert len(server.messages) == 2


def test_a_busy_server_makes_the_run_rest_too(server, run):
    server.greeting = "421 Too busy"

    advance(run.pk)

    run.refresh_from_db()
    assert (run.rests, run.status_reason, run.status_detail) == (1, "server_busy", "421 Too busy")
    assert {(delivery.state, delivery.attempts) for delivery in Delivery.objects.all()} == {("published", 0)}


def test_a_server_that_refuses_handout_pauses_the_run(server, run):
    server.greeting = "550 Not you"

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason) == ("held", "sender_refused")
    assert run.status_detail == "handout@localhost, 550 Not you"
    server.greeting = ""
    resume(run, by=STAFF)
    advance(run.pk)
    assert len(server.messages) == 2


def test_failed_messages_are_tried_again_with_the_same_code(server, run):
    server.answers[ADA] = ["550 Full", "250 OK"]
    advance(run.pk)
    before = set(Publication.objects.values_list("pk", flat=True))

    assert retry_failed(run, by=STAFF) == 1
    run.refresh_from_db()
    assert run.status == "running"
    advance(run.pk)

    assert (told(ADA), len(server.to(ADA)), Distribution.objects.get().status) == (("sent", ""), 1, "done")
    assert set(Publication.objects.values_list("pk", flat=True)) == before
    with pytest.raises(NotPossible, match="No message has failed"):
        retry_failed(run, by=STAFF)


def test_a_person_decides_about_an_unknown_message(server, run):
    server.answers[ADA], server.answers[BOB] = ["die", "250 OK"], ["die", "250 OK"]
    advance(run.pk)

    resolve_unknown(delivery_to(ADA), as_sent=True, by=STAFF)
    resolve_unknown(delivery_to(BOB), as_sent=False, by=STAFF)
    advance(run.pk)

    assert (told(ADA), len(server.to(ADA))) == (("sent", ""), 0)
    assert (told(BOB), len(server.to(BOB))) == (("sent", ""), 1)
    with pytest.raises(NotPossible, match="no longer unknown"):
        resolve_unknown(delivery_to(BOB), as_sent=False, by=STAFF)


def test_after_a_stop_nothing_is_sent_or_put_back(server, run):
    server.answers[ADA] = ["550 Full"]
    advance(run.pk)
    Distribution.objects.update(status="running")
    stop(run, by=STAFF)

    with pytest.raises(NotPossible, match="This distribution is stopped"):
        retry_failed(run, by=STAFF)


def test_a_paused_run_sends_nothing(server, run):
    advance(run.pk, seconds=0)
    pause(run, by=STAFF)

    advance(run.pk)

    assert server.messages == []


def test_what_is_sending_for_too_long_becomes_unknown(server, run):
    advance(run.pk)
    Delivery.objects.update(state="sending", state_at=Now() - timedelta(minutes=14))
    assert declare_unknown() == 0
    Delivery.objects.filter(customer__email=ADA).update(state_at=Now() - timedelta(minutes=16))

    assert declare_unknown() == 1

    assert told(ADA) == ("unknown", "Handout stopped while sending it, so it may have arrived")
    assert told(BOB)[0] == "sending"
    assert declare_unknown(begun_before=delivery_to(BOB).state_at + timedelta(seconds=1)) == 1


def test_a_code_that_was_released_meanwhile_is_not_sent(server, run):
    write_audience(run.pk)
    publish_batch(run.pk)
    release(delivery_to(ADA).publication.ledger.get().voucher, by=STAFF, reason="Given by mistake")

    advance(run.pk)

    assert told(ADA) == ("skipped", "Its code was released before the message was sent")
    assert told(BOB) == ("sent", "")


def test_a_limit_is_held_in_each_minute_and_spread_over_it(project):
    project(emails_per_minute=90)

    assert grants(2, 50, 50) == [2, 1, 0]
    EmailGrant.objects.update(at=Now() - timedelta(seconds=20))
    assert grants(50) == [3]
    EmailGrant.objects.create(at=Now() - timedelta(seconds=20), count=83)
    EmailGrant.objects.filter(count=3).update(at=Now() - timedelta(seconds=20))
    assert grants(50, 50) == [1, 0]
    EmailGrant.objects.update(at=Now() - timedelta(seconds=61))
    assert grants(50) == [3]
    assert EmailGrant.objects.count() == 1


def grants(*wanted: int) -> list[int]:
    """Asked at one moment, however slow the machine is."""
    granted = []
    for count in wanted:
        granted.append(grant_emails(count))
        EmailGrant.objects.filter(at__gt=Now() - timedelta(seconds=10)).update(at=Now() + timedelta(hours=1))
    return granted


def test_a_run_keeps_to_the_limit(server, project):
    project(emails_per_minute=60)
    run = running(50, codes=50)

    advance(run.pk, seconds=1)

    sent = Delivery.objects.filter(state="sent").count()
    assert len(server.messages) == sent == sum(EmailGrant.objects.values_list("count", flat=True))
    assert 2 <= sent < 50
