"""A campaign that is disabled, deleted or over while a distribution is under way: not one dead code more goes out."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from campaigns.actions.change_campaign import change_campaign
from campaigns.actions.delete_campaign import delete_campaign
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import NotPossible, resume, stop
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.schedule import NotReady, schedule
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery, Distribution
from publications.distributions.sending.claims import claim
from publications.distributions.sending.due import find_due
from publications.models import Publication
from tests.support.automations import automation, pass_on, publish_all
from tests.support.distributions import draft, running
from tests.support.distributions import start as start_now
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory
from tests.support.mail_server import MailServer
from tests.support.webhooks import listening

pytestmark = pytest.mark.django_db
LONG_AGO = timezone.now() - timedelta(days=1)
KILLED = [
    ({"active": False}, "campaign_disabled"),
    ({"expiration_date": LONG_AGO}, "campaign_expired"),
    ({"deleted_at": LONG_AGO}, "campaign_deleted"),
]


@pytest.fixture
def server(settings):
    with MailServer() as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", started.port, 10
        settings.SITE_URL = "https://handout.example.com"
        yield started


def kill(run: Distribution, how: dict) -> None:
    Campaign.objects.filter(pk=run.campaign_id).update(**how)


def shown(browser, run: Distribution, page: str) -> str:
    return browser.get(reverse(f"distributions:{page}", kwargs={"distribution_id": run.pk})).content.decode()


def of_state(state: str) -> int:
    return Delivery.objects.filter(state=state).count()


@pytest.mark.parametrize(("how", "reason"), KILLED)
def test_what_is_published_and_not_sent_yet_waits_for_staff(server, how, reason):
    run = running(4, codes=4)
    write_audience(run.pk)
    publish_batch(run.pk)
    kill(run, how)

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason, server.messages, of_state("published")) == ("held", reason, [], 4)
    with pytest.raises(NotPossible):
        resume(run, by=STAFF)
    kill(run, {"active": True, "expiration_date": None, "deleted_at": None})
    resume(run, by=STAFF)
    advance(run.pk)
    run.refresh_from_db()
    assert (run.status, len(server.messages)) == ("done", 4)


@pytest.mark.parametrize(("how", "reason"), KILLED)
def test_nothing_more_is_published_of_it(how, reason):
    run = running(3, codes=3, message="none")
    kill(run, how)

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason, of_state("pending"), Publication.objects.count()) == ("held", reason, 3, 0)


def test_no_code_is_made_for_a_disabled_one_that_extends_itself():
    run = running(3, campaign=CampaignFactory(codes=1, auto_update=True), message="none")
    kill(run, {"active": False})

    advance(run.pk)

    assert Voucher.objects.count() == 1


@pytest.mark.parametrize(("how", "reason"), KILLED)
def test_the_claim_itself_looks_at_the_campaign(how, reason):
    run = running(1, codes=1)
    write_audience(run.pk)
    publish_batch(run.pk)
    kill(run, how)

    assert claim([Delivery.objects.get()], None) == {}


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"active": False}, "code_disabled"),
        ({"expiration_date": LONG_AGO}, "code_expired"),
        ({"redeemed_quantity": 1, "redemption_limit": 1}, "code_used"),
    ],
)
def test_one_code_that_is_worth_nothing_is_not_sent(server, how, reason):
    run = running(2, codes=2)
    write_audience(run.pk)
    publish_batch(run.pk)
    dead = Delivery.objects.order_by("pk").first()
    Voucher.objects.filter(ledger__publication=dead.publication_id).update(**how)

    assert claim([dead], None) == {}
    advance(run.pk)

    dead.refresh_from_db()
    assert (dead.state, dead.reason, len(server.messages)) == ("skipped", reason, 1)


def test_a_webhook_is_told_nothing_of_a_disabled_campaign():
    run = running(2, codes=2, message="webhook", webhook=listening())
    write_audience(run.pk)
    publish_batch(run.pk)
    kill(run, {"active": False})

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason, of_state("published")) == ("held", "campaign_disabled", 2)


@pytest.mark.parametrize(("how", "reason"), KILLED)
def test_it_does_not_start_with_such_a_campaign(how, reason):
    made = draft(1, codes=1)
    kill(made, how)

    with pytest.raises(NotReady) as refused:
        schedule(made, at=None, by=STAFF)

    assert "its codes could not be used" in refused.value.problems[0]


def test_one_that_was_scheduled_before_pauses_when_it_starts():
    made = draft(2, codes=2)
    schedule(made, at=None, by=STAFF)
    kill(made, {"active": False})
    Distribution.objects.update(status="running", started_at=timezone.now())

    advance(made.pk)

    assert Distribution.objects.get().status_reason == "campaign_disabled"


def test_an_automatic_one_pauses_notes_on_and_goes_on_once_the_campaign_is_enabled():
    rule = automation("customer_created", campaign=CampaignFactory(codes=5))
    kill(rule, {"active": False})
    for _ in range(2):
        CustomerFactory()
        pass_on()
        publish_all()

    rule.refresh_from_db()
    assert (rule.status, rule.status_reason, of_state("pending")) == ("held", "campaign_disabled", 2)
    with pytest.raises(NotPossible, match="Enable it, then resume"):
        resume(rule, by=STAFF)
    kill(rule, {"active": True})
    resume(rule, by=STAFF)
    publish_all()
    assert Publication.objects.count() == 2


def test_the_pages_say_what_to_do(signed_in):
    operator = signed_in("Operator")
    made = draft(1, codes=1)
    kill(made, {"active": False})
    step, review = (shown(operator, made, page) for page in ("message", "review"))
    Campaign.objects.update(active=True)
    run = start_now(made)
    delete_campaign(run.campaign, by=STAFF)
    advance(run.pk)
    paused = shown(operator, run, "distribution")

    problem = "The campaign is disabled, so its codes could not be used. Enable it first."
    assert (problem in step, problem in review, "Not ready to start." in review) == (True, True, True)
    assert "The campaign was deleted. Its codes can no longer be used: stop this distribution." in paused
    assert (">Resume" in paused, "Stop permanently" in paused) == (False, True)
    stop(run, by=STAFF)


@pytest.mark.django_db(transaction=True)
def test_disabled_under_load_nothing_is_claimed_afterwards(server):
    """Four senders, each with a connection to the mail server of its own."""
    server.delay = 0.02
    run = running(300, codes=300)
    for _ in range(2):
        advance(run.pk, seconds=0.01)
    over = threading.Event()

    def carry_on(share):
        while not over.is_set():
            advance(run.pk, share=share, of=4, seconds=1)
            over.wait(0.01)
        connection.close()

    senders = [threading.Thread(target=carry_on, args=[share]) for share in range(4)]
    for sender in senders:
        sender.start()
    try:
        while len(server.messages) < 40:
            over.wait(0.01)
        server.holds = True  # else a busy machine may send the rest before the campaign is disabled
        change_campaign(run.campaign, {"active": False}, by=STAFF)
        server.holds = False
        while of_state("sending"):
            over.wait(0.01)
        sent = len(server.messages)
        over.wait(1)
    finally:
        over.set()
        for sender in senders:
            sender.join(60)

    run.refresh_from_db()
    assert (len(server.messages), of_state("sent"), run.status_reason) == (sent, sent, "campaign_disabled")
    assert 40 <= sent < 300
    change_campaign(run.campaign, {"active": True}, by=STAFF)
    resume(run, by=STAFF)
    while advance(run.pk):
        pass
    assert (len(server.messages), of_state("sent"), find_due(run, share=0, of=1)) == (300, 300, [])
