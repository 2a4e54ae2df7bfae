"""Several connections of one worker: a statement claims for all that are free, and none has two messages on its way."""

from collections import Counter
from unittest.mock import patch

import pytest

from publications.distributions.actions.advance import advance
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery, Distribution
from publications.distributions.sending import send_batch
from publications.distributions.sending.claims import CLAIM
from publications.distributions.sending.hand_over import MailServer as HandOver
from tests.support.distributions import running
from tests.support.factories import CustomerFactory
from tests.support.mail_server import MailServer
from tests.support.plans import forget_statistics, plan

pytestmark = pytest.mark.django_db
TABLES = ("distributions_delivery", "publications_publishedvoucher", "codes_voucher", "customers_customer")


@pytest.fixture
def server(settings):
    with MailServer() as started:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", started.port, 10
        settings.SITE_URL = "https://handout.example.com"
        yield started


def states() -> Counter:
    return Counter(Delivery.objects.values_list("state", flat=True))


def test_each_has_one_message_on_its_way_and_each_recipient_gets_one(server):
    server.delay = 0.02
    run = running(30, codes=30)
    claimed, on_their_way = [], []

    def watched(deliveries, worker):
        found = claim(deliveries, worker)
        claimed.append(len(found))
        on_their_way.append(states()["sending"])
        return found

    claim = send_batch.claim
    with patch.object(send_batch, "claim", watched):
        while advance(run.pk, connections=4):
            pass

    assert (states(), Distribution.objects.get().status) == ({"sent": 30}, "done")
    assert len({message["To"] for message in server.messages}) == len(server.messages) == 30
    assert (claimed[0], sum(claimed), max(on_their_way), server.most_at_once, server.connections) == (4, 30, 4, 4, 4)


def test_once_the_worker_stops_nothing_is_claimed_and_what_is_on_its_way_is_recorded(server):
    server.delay = 0.02
    run = running(30, codes=30)

    advance(run.pk, connections=4, stopping=lambda: len(server.messages) >= 6)

    sent = states()["sent"]
    assert states() == {"sent": sent, "published": 30 - sent}
    assert 6 <= sent == len(server.messages) <= 12


def test_trouble_with_one_message_stops_the_claims_and_the_others_are_recorded(server):
    server.delay = 0.02
    people = [CustomerFactory() for _ in range(20)]
    server.answers[people[1].email] = ["421 Closing"]
    run = running(people, codes=20)

    advance(run.pk, connections=4)

    run.refresh_from_db()
    assert (run.status, run.rests, run.status_reason) == ("running", 1, "server_busy")
    assert states()["sending"] == 0
    assert 3 <= states()["sent"] == len(server.messages) < 10
    assert Delivery.objects.get(customer=people[1]).attempts == 0


def test_an_error_of_our_own_leaves_one_unknown_and_the_others_are_sent(server, caplog):
    people = [CustomerFactory() for _ in range(8)]
    run = running(people, codes=8)
    send = HandOver.send

    def broken(self, message):
        if message.to == [people[2].email]:
            raise RuntimeError("a bug")
        return send(self, message)

    with patch.object(HandOver, "send", broken):
        advance(run.pk, connections=4)

    assert states() == {"sent": 7, "unknown": 1}
    assert Delivery.objects.get(state="unknown").reason == "handout_stopped"
    assert "a bug" in caplog.text


def test_a_claim_finds_each_row_by_its_key_where_nothing_is_known_of_the_tables(server):
    run = running(300, codes=300)
    write_audience(run.pk)
    publish_batch(run.pk)
    forget_statistics(*TABLES)
    keys = list(Delivery.objects.values_list("pk", flat=True)[100:104])

    told = plan(CLAIM, {"ids": keys, "claim": 1, "worker": None}, options="ANALYZE, TIMING OFF, SUMMARY OFF")

    assert "ledger_of_publication" in told, told
    # Four rows of each at most in a step: nothing reads more than it claims.
    removed = [int(line.split(":")[1]) for line in told.splitlines() if "Rows Removed by Filter" in line]
    assert all(count <= 8 for count in removed), told
