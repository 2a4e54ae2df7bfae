"""Customers who share an e-mail address are one person: no second code of a campaign that gives one to each."""

import threading
from collections import Counter

import pytest
from django.db import connection

from campaigns.models import Campaign
from customers.models import Customer
from publications.actions.publish import publish
from publications.actions.release import release
from publications.distributions.actions.advance import advance
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.dry_run import dry_run
from publications.models import Publication
from tests.support.automations import automation, pass_on, publish_all
from tests.support.distributions import draft, running
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.imports import imported_publications

pytestmark = pytest.mark.django_db


def twins(count: int = 2) -> list[Customer]:
    """The address of each in another case."""
    return [CustomerFactory(email="ada@example.com".swapcase() if n % 2 else "ada@example.com") for n in range(count)]


def told(run: Distribution) -> list[tuple[str, str]]:
    return list(Delivery.objects.filter(distribution=run).order_by("customer_id").values_list("state", "reason"))


def by_hand(campaign: Campaign, customer: Customer) -> None:
    publish(campaign, customer, origin="dashboard", by=STAFF)


def by_the_api(campaign: Campaign, customer: Customer) -> None:
    publish(campaign, customer, origin="api", by=STAFF)


def by_another_run(campaign: Campaign, customer: Customer) -> None:
    advance(running([customer], campaign=campaign, message="none").pk)


@pytest.mark.parametrize("message", ["email", "none"])
@pytest.mark.parametrize("first", [by_hand, by_the_api, by_another_run])
@pytest.mark.parametrize("once", [{"join_once": True}, {}])
def test_who_shares_an_address_with_a_holder_is_left_out(message, first, once):
    campaign = CampaignFactory(codes=5, **once)
    holder, twin = twins()
    first(campaign, holder)
    made = {"campaign": campaign, "message": message, "skip_holders": not once}

    seen = dry_run(draft([twin], **made))
    run = running([twin], **made)
    advance(run.pk)

    assert (seen.recipients, seen.left_out) == (0, {"address_holds_a_code": 1})
    assert told(run) == [("skipped", "address_holds_a_code")]
    assert Publication.objects.filter(campaign=campaign).count() == 1


def test_so_is_who_shares_it_with_one_whose_code_was_imported():
    campaign = CampaignFactory(codes=2, join_once=True)
    code = VoucherFactory(campaign=campaign).code
    holder, twin = twins()
    imported_publications(f"Voucher Code,Customer Source ID\n{code},{holder.source_id}\n")

    run = running([twin], campaign=campaign, skip_holders=False)
    advance(run.pk)

    assert told(run) == [("skipped", "address_holds_a_code")]


def test_a_released_code_stands_in_nobodys_way_and_a_campaign_of_many_gives_many():
    campaign, (holder, twin) = CampaignFactory(codes=4), twins()
    release(published(VoucherFactory(campaign=campaign), holder).vouchers[0], by=STAFF, reason="Returned")
    once = running([twin], campaign=campaign, message="none")
    advance(once.pk)
    many = running([holder, twin], campaign=campaign, skip_holders=False, message="none")
    advance(many.pk)

    assert told(once) == [("published", "")]
    assert told(many) == [("published", "")] * 2


@pytest.mark.parametrize("message", ["email", "none"])
def test_of_two_with_one_address_in_one_audience_one_gets_it(message):
    made = draft(twins(3), codes=5, message=message)

    seen = dry_run(made)
    run = running(twins(3), codes=5, message=message)
    advance(run.pk)

    assert (seen.recipients, seen.left_out) == (1, {"same_email": 2})
    assert [reason for _, reason in told(run)] == ["", "same_email", "same_email"]
    assert Publication.objects.filter(campaign=run.campaign).count() == 1


def test_customers_without_an_address_are_not_one_person():
    people = [CustomerFactory(email="") for _ in range(3)]
    run = running(people, campaign=CampaignFactory(codes=3, join_once=True), message="none")
    by_hand(run.campaign, people[0])

    advance(run.pk)

    assert [state for state, _ in told(run)] == ["skipped", "published", "published"]


def test_who_got_the_code_after_the_audience_was_written_down_counts_too():
    holder, twin = twins()
    run = running([twin], codes=3)
    write_audience(run.pk)
    by_the_api(run.campaign, holder)

    publish_batch(run.pk)

    assert told(run) == [("skipped", "address_holds_a_code")]


@pytest.mark.parametrize("together", [True, False])
def test_an_automatic_one_gives_one_to_an_address(together):
    rule = automation("customer_created", campaign=CampaignFactory(codes=5, join_once=True))
    for twin in range(2):
        CustomerFactory(email=["ada@example.com", "Ada@Example.com"][twin])
        if not together:
            pass_on()
            publish_all()
    pass_on()
    publish_all()

    reason = "same_email" if together else "address_holds_a_code"
    assert told(rule) == [("published", ""), ("skipped", reason)]


@pytest.mark.django_db(transaction=True)
def test_two_distributions_of_one_campaign_at_once_give_one_code_to_an_address():
    """120 addresses, each of two customers; each distribution has one of the two."""
    campaign = CampaignFactory(codes=300)
    here = [CustomerFactory(email=f"p{n}@example.com") for n in range(120)]
    there = [CustomerFactory(email=f"P{n}@Example.COM") for n in range(120)]
    runs = [running(people, campaign=campaign, message="none") for people in (here, there)]
    for run in runs:
        write_audience(run.pk)
    ready = threading.Barrier(4)

    def carry_on(run):
        ready.wait(60)
        while advance(run.pk):
            pass
        connection.close()

    threads = [threading.Thread(target=carry_on, args=[run]) for run in (*runs, *runs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    per_address = Counter(email.lower() for email in Publication.objects.values_list("customer__email", flat=True))
    assert (len(per_address), set(per_address.values())) == (120, {1})
    assert Counter(Delivery.objects.values_list("state", "reason")) == {
        ("published", ""): 120, ("skipped", "address_holds_a_code"): 120
    }  # fmt: skip
