"""`manage.py verify` sees each invariant of distributions broken: here each is broken on purpose, past the guards."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from customers.models import Customer
from publications.dashboard.verify import verify
from publications.distributions.actions.advance import advance
from publications.distributions.models import Delivery, Distribution, KeptMessage
from tests.support.distributions import running
from tests.support.factories import CustomerFactory, published

pytestmark = pytest.mark.django_db


def broken() -> set[str]:
    always = {"the database's guards stand", "what was answered survives a crash of the database"}
    return {finding.name for finding in verify() if finding.violations} - always


@pytest.fixture
def run():
    made = running(3, codes=3, message="none")
    advance(made.pk)
    assert broken() == set()
    return made


def sql(text):
    with connection.cursor() as cursor:
        cursor.execute(text)


def test_two_deliveries_to_one_customer(run):
    sql("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE distributions_delivery DROP CONSTRAINT delivery_once")
    Delivery.objects.create(distribution=run, customer=run.deliveries.first().customer, state="skipped", reason="other")

    assert broken() == {"a distribution has one delivery for each customer and firing"}


def test_a_publication_of_somebody_else(run):
    first, second, _ = run.deliveries.all()
    Delivery.objects.filter(pk=first.pk).update(publication=None, state="skipped", reason="other")
    Delivery.objects.filter(pk=second.pk).update(publication=first.publication)

    assert "a delivery's publication is its own, its customer's, and of its distribution's campaign" in broken()


def test_who_was_tried_without_a_publication(run):
    Delivery.objects.filter(pk=run.deliveries.first().pk).update(publication=published())

    assert "a publication of a distribution has its delivery" in broken()

    Delivery.objects.filter(pk=run.deliveries.first().pk).update(publication=None)

    assert "who was tried by a run of a campaign has a publication, who waits has none" in broken()


def test_somebody_waits_in_a_run_that_is_done(run):
    Delivery.objects.create(distribution=run, customer=CustomerFactory())

    assert broken() == {"a distribution that is done has nobody waiting"}


def test_an_address_of_an_erased_customer(run):
    customer = run.deliveries.first().customer
    Customer.objects.filter(pk=customer.pk).update(
        erased_at=timezone.now(), source_id=None, name="", email="", address={}, metadata={}
    )
    KeptMessage.objects.create(sender="a", to="b", subject="c", text="d", customer=customer)

    assert "an erased customer's deliveries hold no address, and none of their messages is kept" in broken()


def test_what_waits_for_a_person_is_said_and_breaks_nothing(run):
    first, second, _ = run.deliveries.all()
    Delivery.objects.filter(pk=first.pk).update(state="unknown", reason="handout_stopped")
    Distribution.objects.update(status="running")
    Delivery.objects.filter(pk=second.pk).update(state="sending", state_at=timezone.now() - timedelta(minutes=21))
    sql("SET LOCAL synchronous_commit = off")
    out = StringIO()

    with pytest.raises(CommandError, match="1 invariant is broken"):
        call_command("verify", stdout=out)

    assert out.getvalue().splitlines()[-2:] == [
        "look    1 message of unknown fate: decide about each on the page of its distribution",
        "look    1 message being sent for more than 20 minutes: does the worker for messages run?",
    ]
