"""Several workers carry on one run at once: each recipient still gets one code and one message."""

import threading
from collections import Counter

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.codes.models import Voucher
from publications.actions.publish import publish
from publications.distributions.actions.advance import advance
from publications.distributions.actions.change_status import pause, resume, stop
from publications.distributions.actions.end_run import wind_up_ended
from publications.distributions.models import Delivery, Distribution
from publications.models import Publication, PublishedVoucher
from publications.refusals import PublishRefused
from tests.support.distributions import running
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def server(settings):
    with MailServer() as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", started.port, 10
        settings.SITE_URL = "https://handout.example.com"
        yield started


def at_once(*steps):
    """Each in a thread of its own, with a connection of its own; raises what one of them raised."""
    problems = []

    def run(step):
        try:
            step()
        except Exception as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    if problems:
        raise problems[0]


def until_done(run, share=0, of=1):
    def carry_on():
        while Distribution.objects.filter(pk=run.pk, status="running").exists():
            advance(run.pk, share=share, of=of, seconds=2)

    return carry_on


def test_six_workers_for_one_run(server):
    run = running(400, codes=400)

    at_once(*(until_done(run, share, 6) for share in (0, 1, 2, 2, 3, 3)))

    assert Counter(Delivery.objects.values_list("state", flat=True)) == {"sent": 400}
    assert Counter(message["To"] for message in server.messages).most_common(1)[0][1] == 1
    assert len(server.messages) == 400
    assert PublishedVoucher.objects.values("voucher").distinct().count() == 400


def test_two_runs_and_the_api_share_one_pool_and_nobody_who_joins_once_gets_two(server):
    campaign = CampaignFactory(codes=300, join_once=True)
    customers = CustomerFactory.create_batch(200)
    first, second = (running(customers, campaign=campaign, message="none") for _ in range(2))

    def by_the_api():
        for customer in customers[::3]:
            try:
                publish(campaign, customer, origin="api", by=STAFF)
            except PublishRefused:
                raise AssertionError("the pool had codes for everybody") from None

    at_once(until_done(first), until_done(second), by_the_api)

    per_customer = Counter(Publication.objects.values_list("customer", flat=True))
    assert (len(per_customer), set(per_customer.values())) == (200, {1})
    assert Voucher.objects.filter(published_at=None).count() == 100


def test_paused_and_resumed_under_load_and_then_stopped(server):
    run = running(300, codes=300)
    server.delay = 0.005
    seen = []

    def by_staff():
        for _ in range(3):
            wait_for(lambda: len(server.messages) > (seen[-1] if seen else 0) + 20)
            pause(run, by=STAFF)
            wait_for(what_had_begun_ended(timezone.now()))  # a claim that saw it running may not be seen itself yet
            wait_for(lambda: not Delivery.objects.filter(state="sending").exists())
            seen.append(len(server.messages))
            threading.Event().wait(0.3)
            assert len(server.messages) == seen[-1], "something was sent while it was paused"
            resume(run, by=STAFF)
        stop(run, by=STAFF)

    def carry_on():
        while not Distribution.objects.filter(pk=run.pk, status="stopped").exists():
            advance(run.pk, seconds=2)
            threading.Event().wait(0.02)

    at_once(carry_on, carry_on, by_staff)
    while wind_up_ended():
        pass

    states = Counter(Delivery.objects.values_list("state", flat=True))
    assert states["sent"] == len(server.messages) == PublishedVoucher.objects.filter(released_at=None).count()
    assert set(states) == {"sent", "skipped"}
    assert sum(states.values()) == 300
    assert Voucher.objects.filter(published_at=None).count() == 300 - states["sent"]


def what_had_begun_ended(moment):
    """Whether no transaction of others is left that began before that moment."""

    def ended():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start < %s",
                [moment],
            )
            return cursor.fetchone() == (0,)

    return ended


def wait_for(reached, seconds=60):
    for _ in range(seconds * 100):
        if reached():
            return
        threading.Event().wait(0.01)
    raise AssertionError("waited in vain")
