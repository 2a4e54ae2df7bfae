"""The message of a run may be a request to a webhook: signed, each recipient's once, retried only when it certainly failed."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from publications.distributions.actions.advance import advance
from publications.distributions.models import Delivery, Distribution
from publications.webhooks.actions.create_address import create_address
from publications.webhooks.actions.delete_address import delete_address
from publications.webhooks.sign import sign
from tests.support.distributions import running
from tests.support.factories import STAFF, CustomerFactory
from tests.support.receiver import Receiver, hang_up

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def private_addresses_are_allowed(settings):
    settings.WEBHOOKS_MAY_BE_PRIVATE = True


def run_to(url: str, customers=1) -> Distribution:
    address = create_address(url, events=["publication.succeeded"], by=STAFF)
    people = [CustomerFactory(email="") for _ in range(customers)]
    return running(people, codes=customers, message="webhook", webhook=address, subject="", body="")


def make_due():
    Delivery.objects.filter(state="published").update(next_attempt_at=Now() - timedelta(hours=1))
    Distribution.objects.update(rests_until=None)


def test_the_receiver_is_told_who_it_is_and_which_code_is_theirs():
    with Receiver() as receiver:
        run = run_to(receiver.url)
        advance(run.pk)

    (got,) = receiver.got
    delivery = Delivery.objects.get()
    (held,) = delivery.publication.ledger.select_related("voucher")
    assert got.json["type"] == "distribution.message"
    assert got.json["customer"]["source_id"] == delivery.customer.source_id
    assert got.json["codes"] == [{"id": held.voucher.public_id, "code": held.voucher.code, "expiration_date": None}]
    assert got.json["publication_id"] == delivery.publication.public_id
    assert got.headers["x-voucherify-signature"] == sign(got.body, secret=run.webhook.secret)
    assert (delivery.state, Distribution.objects.get().status) == ("sent", "done")


@pytest.mark.parametrize(
    ("answer", "state", "requests"),
    [(404, "failed", 1), (503, "sent", 2), (429, "sent", 2), (hang_up, "unknown", 1)],
)
def test_what_a_receiver_answers_and_what_becomes_of_the_message(answer, state, requests):
    with Receiver([answer]) as receiver:
        run = run_to(receiver.url)
        advance(run.pk)
        make_due()
        advance(run.pk)

    assert (Delivery.objects.get().state, len(receiver.got)) == (state, requests)


def test_a_receiver_that_is_not_there_makes_the_run_rest():
    with Receiver() as gone:
        url = gone.url
    run = run_to(url)

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.rests, Delivery.objects.get().attempts) == ("running", 1, 0)


def test_a_webhook_that_was_deleted_pauses_the_run():
    with Receiver() as receiver:
        run = run_to(receiver.url)
        delete_address(run.webhook, by=STAFF)
        advance(run.pk)

    run.refresh_from_db()
    assert (run.status, receiver.got) == ("held", [])
    assert run.status_reason == "webhook_deleted"
