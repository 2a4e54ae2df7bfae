"""Erasing a customer takes them out of runs, too: what was not sent is not sent, and nothing personal is left there."""

import pytest

from publications.dashboard.erase_customer import erase_customer
from publications.distributions.actions.advance import advance
from publications.distributions.actions.list_recipients import list_recipients
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery, KeptMessage
from publications.distributions.sending.send_test_message import send_test_message
from tests.support.distributions import draft, running
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db
ERASED = "erased"


@pytest.fixture(autouse=True)
def no_mail_server(settings):
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"


@pytest.fixture
def ada():
    return CustomerFactory(name="Ada", email="ada@example.com", source_id="shop-ada")


def test_who_waits_is_left_out(ada):
    run = running([ada], codes=1)
    write_audience(run.pk)

    erase_customer(ada, by=STAFF)
    advance(run.pk)

    assert list(Delivery.objects.values_list("state", "reason", "publication")) == [("skipped", ERASED, None)]


def test_who_has_a_code_and_no_message_yet_gets_none(ada):
    run = running([ada], codes=1)
    write_audience(run.pk)
    publish_batch(run.pk)

    erase_customer(ada, by=STAFF)
    advance(run.pk)

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason, delivery.publication.voucher_count) == ("skipped", ERASED, 1)
    assert KeptMessage.objects.count() == 0


def test_who_was_only_to_be_published_to_keeps_the_publication(ada):
    run = running([ada], codes=1, message="none")
    advance(run.pk)

    erase_customer(ada, by=STAFF)

    assert Delivery.objects.get().state == "published"


def test_what_a_mail_server_said_of_the_address_goes(ada):
    run = running([ada], codes=1)
    Delivery.objects.create(
        distribution=run,
        customer=ada,
        state="failed",
        reason="refused",
        detail="550 Ada moved to ada@new.example.com",
        email=ada.email,
    )

    erase_customer(ada, by=STAFF)

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.reason, delivery.detail, delivery.email) == ("failed", ERASED, "", "")


def test_lists_and_test_messages_forget_them(ada):
    made = draft(codes=1)
    list_recipients(made, ["shop-ada", "ADA@example.com", "bob@example.com"], by=STAFF)
    other = draft(codes=1)
    other.listed.create(line=1, given="Ada@Example.com")  # before she was a customer
    send_test_message(made, to="staff@example.com", by=STAFF, customer=ada)

    erase_customer(ada, by=STAFF)

    assert list(made.listed.values_list("given", flat=True)) == ["", "", "bob@example.com"]
    assert other.listed.get().given == ""
    assert KeptMessage.objects.count() == 0
