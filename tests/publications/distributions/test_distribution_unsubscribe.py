"""Every e-mail has a link by which its receiver is left alone from then on, also by mail programs themselves (RFC 8058)."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.test import Client

from config.staff.models import AuditEntry
from publications.dashboard.erase_customer import erase_customer
from publications.distributions.actions.advance import advance
from publications.distributions.actions.unsubscribe import resubscribe, unsubscribe_url
from publications.distributions.models import Delivery, KeptMessage, Unsubscribe
from publications.distributions.queries.dry_run import dry_run
from tests.support.distributions import draft, running
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db


def path_of(url: str) -> str:
    return "/unsubscribe/" + url.rpartition("/")[2]


@pytest.fixture
def message(settings):
    settings.SITE_URL = "https://handout.example.com"
    settings.EMAIL_BACKEND = "publications.distributions.sending.stored_email_backend.KeepMessages"
    customer = CustomerFactory(email="Ada@example.com")
    advance(running([customer], codes=1).pk)
    return KeptMessage.objects.get(customer=customer)


def test_the_headers_and_the_text_hold_the_link(message):
    link = unsubscribe_url(message.delivery)

    assert link.startswith("https://handout.example.com/unsubscribe/")
    assert message.headers["List-Unsubscribe"] == f"<{link}>"
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in message.text
    assert link in message.html


def test_looking_at_the_page_changes_nothing(message):
    answer = Client().get(path_of(unsubscribe_url(message.delivery)))

    assert answer.status_code == 200
    assert "<button" in answer.content.decode()
    assert not Unsubscribe.objects.exists()


def test_one_click_takes_the_address_off_all_runs(message):
    strict = Client(enforce_csrf_checks=True)

    answer = strict.post(path_of(unsubscribe_url(message.delivery)), {"List-Unsubscribe": "One-Click"})
    strict.post(path_of(unsubscribe_url(message.delivery)))

    assert (answer.status_code, "You are unsubscribed" in answer.content.decode()) == (200, True)
    (row,) = Unsubscribe.objects.all()
    assert (row.email, row.customer, row.distribution) == (
        "ada@example.com",
        message.customer,
        message.delivery.distribution,
    )
    assert AuditEntry.objects.filter(action="customer.unsubscribed").count() == 1
    twin = CustomerFactory(email="ADA@EXAMPLE.COM")
    assert dry_run(draft([message.customer, twin], codes=2)).left_out == {"unsubscribed": 2}


def test_who_opens_the_link_again_is_told_and_not_asked_once_more(message):
    link = path_of(unsubscribe_url(message.delivery))
    Client().post(link)

    again = Client().get(link).content.decode()

    assert "You are unsubscribed" in again
    assert "<button" not in again and "<form" not in again
    resubscribe(message.customer, by=STAFF)
    assert "Unsubscribe?" in Client().get(link).content.decode()


def test_who_unsubscribes_when_the_code_is_published_already_is_not_written_to(message):
    run = running([message.customer], codes=1, skip_holders=False)
    Delivery.objects.create(distribution=run, customer=message.customer, state="published")
    Client().post(path_of(unsubscribe_url(message.delivery)))

    advance(run.pk)

    late = run.deliveries.get()
    assert (late.state, late.reason) == ("skipped", "unsubscribed")
    assert KeptMessage.objects.count() == 1


@pytest.mark.parametrize("token", ["", "1", "1:", "1:forged", "x" * 300])
def test_a_link_that_was_not_made_here_leads_nowhere(message, token):
    answer = Client().post(f"/unsubscribe/{token}")

    assert answer.status_code == 404
    assert not Unsubscribe.objects.exists()


def test_a_link_of_lost_time_unsubscribes_nobody_else(message):
    """A backup was restored, and another delivery has got the key of the one that the link was made for."""
    link = unsubscribe_url(message.delivery)
    Delivery.objects.update(created_at=F("created_at") + timedelta(microseconds=1))

    answer = Client().post(path_of(link))

    assert answer.status_code == 404
    assert not Unsubscribe.objects.exists()


def test_the_link_of_a_test_message_unsubscribes_nobody():
    answer = Client().post(path_of(unsubscribe_url(None)))

    assert (answer.status_code, Unsubscribe.objects.count()) == (200, 0)


def test_staff_put_an_address_back(message):
    Client().post(path_of(unsubscribe_url(message.delivery)))

    assert resubscribe(message.customer, by=STAFF) is True
    assert resubscribe(message.customer, by=STAFF) is False
    assert dry_run(draft([message.customer], codes=1)).recipients == 1


def test_erasing_the_customer_forgets_the_address_and_the_message(message):
    customer = message.customer
    link = path_of(unsubscribe_url(message.delivery))
    Client().post(link)

    erase_customer(customer, by=STAFF)

    assert (Unsubscribe.objects.count(), KeptMessage.objects.count()) == (0, 0)
    assert Delivery.objects.get().email == ""
    assert Client().post(link).status_code == 404


def test_an_address_that_somebody_else_has_too_stays_unsubscribed(message):
    other = CustomerFactory(email="ada@EXAMPLE.com")
    Client().post(path_of(unsubscribe_url(message.delivery)))

    erase_customer(message.customer, by=STAFF)

    assert dry_run(draft([other], codes=1)).left_out == {"unsubscribed": 1}
