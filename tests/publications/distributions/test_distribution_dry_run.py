"""The dry run tells who would get something, who would not and why, and whether the codes are enough; it writes nothing."""

import pytest
from django.db import connection

from customers.segments.actions.create_segment import create_filter_segment
from publications.actions.publish import publish
from publications.distributions.actions.list_recipients import list_recipients
from publications.distributions.models import Delivery, Unsubscribe
from publications.distributions.queries.dry_run import dry_run
from publications.models import Publication
from tests.support.distributions import draft
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, published

pytestmark = pytest.mark.django_db


def test_each_is_left_out_for_one_reason():
    campaign = CampaignFactory(codes=3)
    first, twin, nobody, odd, gone, holder, served = (
        CustomerFactory(email=email)
        for email in ("ada@example.com", "ADA@example.com", "", "ada, bob", "gone@example.com", "h@example.com", "s@example.com")
    )  # fmt: skip
    gone.unsubscribes.create(email="gone@example.com")
    publish(campaign, holder, origin="api", by=STAFF)
    earlier = draft([served], campaign=campaign)
    held = publish(campaign, served, origin="dashboard", by=STAFF)
    Delivery.objects.create(distribution=earlier, customer=served, publication=held, state="sent")

    result = dry_run(draft([first, twin, nobody, odd, gone, holder, served], campaign=campaign))

    assert result.recipients == 1
    assert result.left_out == {
        "holds_a_code": 1,
        "in_another_run": 1,
        "no_email": 1,
        "not_an_email": 1,
        "same_email": 1,
        "unsubscribed": 1,
    }
    assert (result.codes_needed, result.in_pool, result.short_by, result.audience) == (1, 1, 0, 7)


def test_of_two_with_one_address_none_is_tried_where_the_other_holds_a_code():
    campaign = CampaignFactory(codes=3)
    holder, twin = CustomerFactory.create_batch(2, email="ada@example.com")
    publish(campaign, holder, origin="api", by=STAFF)

    result = dry_run(draft([holder, twin], campaign=campaign))

    assert (result.recipients, result.left_out) == (0, {"holds_a_code": 1, "address_holds_a_code": 1})


@pytest.mark.parametrize(("auto_update", "extends", "short_by"), [(False, False, 4), (True, True, 0)])
def test_codes_are_counted_against_the_pool(auto_update, extends, short_by):
    campaign = CampaignFactory(codes=2, auto_update=auto_update)

    result = dry_run(draft(3, campaign=campaign, codes_each=2))

    assert (result.codes_needed, result.in_pool, result.extends, result.short_by) == (6, 2, extends, short_by)


def test_holders_get_another_code_where_staff_want_it_but_never_of_a_campaign_that_is_joined_once():
    open_to_all, joined = CampaignFactory(codes=5), CampaignFactory(codes=5, join_once=True)
    customer = CustomerFactory()
    publish(open_to_all, customer, origin="api", by=STAFF)
    publish(joined, customer, origin="api", by=STAFF)

    again = dry_run(draft([customer], campaign=open_to_all, skip_holders=False))
    once = dry_run(draft([customer], campaign=joined, skip_holders=False))

    assert (again.recipients, once.recipients) == (1, 0)
    assert once.left_out == {"holds_a_code": 1}


def test_without_a_message_nobody_needs_an_address():
    customers = CustomerFactory.create_batch(2, email="")

    assert dry_run(draft(customers, codes=2, message="none")).recipients == 2


def test_a_segment_is_evaluated():
    CustomerFactory.create_batch(3, address={"city": "Kyiv"})
    CustomerFactory(address={"city": "Lviv"})
    segment = create_filter_segment("Kyiv", {"address.city": {"conditions": {"$is": ["Kyiv"]}}}, by=STAFF)

    assert dry_run(draft(audience="segment", segment=segment)).recipients == 3


def test_unknown_addresses_are_left_out_or_become_customers():
    made = draft()
    Unsubscribe.objects.create(email="gone@example.com", customer=CustomerFactory())
    lines = ["new@example.com", "NEW@example.com", "shop-unknown", "two@at@example.com", "Gone@example.com"]
    list_recipients(made, lines, by=STAFF)

    left_out = dry_run(made)
    made.create_unknown = True
    created = dry_run(made)

    assert (left_out.recipients, left_out.left_out) == (0, {"unknown_address": 5})
    assert (created.recipients, created.new_customers) == (1, 1)
    assert created.left_out == {"unknown_address": 2, "unsubscribed": 1}


def test_nothing_is_written():
    published()
    made = draft(2, codes=2)
    before = Publication.objects.count()

    dry_run(made)

    assert (Publication.objects.count(), Delivery.objects.count()) == (before, 0)
    with connection.cursor() as cursor:
        cursor.execute("SHOW transaction_read_only")
        assert cursor.fetchone() == ("off",)
