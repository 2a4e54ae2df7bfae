"""Segments of who was given, or has redeemed, codes of a campaign."""

import pytest

from campaigns.codes.models import Voucher
from customers.models import Customer
from customers.segments.segment_filter import InvalidSegmentFilter, read_segment_filter
from publications.actions.release import release
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.count_for_segments import campaigns_published_in
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def fitting(name, **conditions):
    wanted = {name: {"conditions": {f"${op}": value for op, value in conditions.items()}}}
    return set(Customer.objects.filter(read_segment_filter(wanted)))


def test_publications_of_a_campaign_are_counted():
    spring, other = CampaignFactory(), CampaignFactory()
    once, twice, elsewhere = CustomerFactory(), CustomerFactory(), CustomerFactory()
    for customer, campaign in ((once, spring), (twice, spring), (twice, spring), (elsewhere, other)):
        published(VoucherFactory(campaign=campaign), customer)
    name = f"publications.{spring.public_id}.count"

    assert fitting(name, more_than=[0]) == {once, twice}
    assert fitting(name, more_than=[1]) == {twice}
    assert fitting(name, less_than=[1]) == {elsewhere}


def test_a_released_code_does_not_count():
    campaign, customer = CampaignFactory(), CustomerFactory()
    publication = published(VoucherFactory(campaign=campaign), customer)

    release(publication.vouchers[0], by=STAFF, reason="A mistake")

    assert fitting(f"publications.{campaign.public_id}.count", more_than=[0]) == set()


def test_a_redemption_counts_until_it_is_rolled_back():
    campaign, customer = CampaignFactory(), CustomerFactory()
    voucher = VoucherFactory(campaign=campaign)
    redemption = redeem(Voucher.objects.get(pk=voucher.pk), customer=customer, by=STAFF)
    name = f"redemptions.{campaign.public_id}.count"
    before = fitting(name, more_than=[0])

    roll_back(redemption, by=STAFF)

    assert before == {customer}
    assert fitting(name, more_than=[0]) == set()


@pytest.mark.parametrize("name", ["publications.Spring.count", "publications.count", "redemptions.camp_1.count"])
def test_a_campaign_is_named_by_its_id(name):
    with pytest.raises(InvalidSegmentFilter, match=r"publications\.<campaign>\.count"):
        read_segment_filter({name: {"conditions": {"$more_than": [0]}}})


def test_a_filter_tells_on_whose_publications_it_depends():
    spring = CampaignFactory()
    wanted = {
        f"publications.{spring.public_id}.count": {"conditions": {"$more_than": [0]}},
        f"redemptions.{CampaignFactory().public_id}.count": {"conditions": {"$more_than": [0]}},
    }

    assert campaigns_published_in(wanted) == {spring.pk}
