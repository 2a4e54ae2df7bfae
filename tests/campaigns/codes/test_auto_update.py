"""AUTO_UPDATE campaigns with an empty pool: each call makes its own code, and leaves none behind."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from customers.models import Customer
from publications.actions.publish import publish
from publications.actions.release import release
from publications.refusals import CampaignExpired, DuplicateSourceId
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def coffee():
    """Its pool was found empty before, so that the next call makes its code at once."""
    campaign = CampaignFactory(auto_update=True)
    take(campaign)
    return campaign


def take(campaign, customer=None, **how):
    campaign = Campaign.objects.get(pk=campaign.pk)  # as each call reads it
    return publish(campaign, customer or CustomerFactory(), origin="api", by=STAFF, **how)


def made(campaign):
    return list(campaign.vouchers.order_by("pk"))


def test_a_code_is_made_and_taken_without_waiting_for_anybody(coffee):
    with CaptureQueriesContext(connection) as queries:
        taken = take(coffee)

    assert made(coffee)[-1:] == taken.vouchers
    assert not any("pg_advisory" in query["sql"] for query in queries)


def test_callers_at_once_make_as_many_codes_as_they_take():
    campaign = CampaignFactory(auto_update=True, codes=3)
    customers = CustomerFactory.create_batch(60)

    def call(customer):
        try:
            return take(campaign, customer).vouchers[0].code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = list(threads.map(call, customers))

    assert len(set(codes)) == 60
    assert sorted(codes) == sorted(voucher.code for voucher in made(campaign))
    assert not campaign.vouchers.filter(published_at=None).exists()


@pytest.mark.parametrize("known_empty", [True, False])
def test_repeats_at_once_make_one_code(known_empty):
    campaign, customer = CampaignFactory(auto_update=True), CustomerFactory()
    if known_empty:
        take(campaign)

    def call(_):
        try:
            return take(campaign, customer, source_id="order-1").vouchers[0].code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        codes = set(threads.map(call, range(24)))

    assert len(codes) == 1
    assert len(made(campaign)) == 1 + known_empty


def test_a_refused_call_leaves_no_code_behind(coffee):
    take(coffee, source_id="order-1")
    erased = CustomerFactory()
    stale = Customer.objects.get(pk=erased.pk)
    Customer.objects.filter(pk=erased.pk).update(source_id=None, name="", email="", erased_at=erased.created_at)

    with pytest.raises(DuplicateSourceId):
        take(coffee, source_id="order-1")
    with pytest.raises(LookupError):
        take(coffee, stale)
    Campaign.objects.filter(pk=coffee.pk).update(expiration_date=erased.created_at)
    with pytest.raises(CampaignExpired):
        take(coffee)

    assert len(made(coffee)) == 2


def test_a_code_that_came_back_goes_first(coffee):
    (first,) = made(coffee)
    release(first, by=STAFF, reason="Sent by mistake", back_to_pool=True)

    assert take(coffee).vouchers == [first]
    assert take(coffee).vouchers != [first]


def test_chance_that_draws_a_taken_code_draws_again():
    pair = CampaignFactory(auto_update=True, code_pattern="TWO-#", code_charset="AB")

    codes = {take(pair).vouchers[0].code for _ in range(2)}

    assert codes == {"TWO-A", "TWO-B"}
    assert Voucher.objects.count() == 2
