"""The list of campaigns: what it tells, search, filters, order, and at what cost."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from campaigns.pages.filters import CAMPAIGN_STATES, CampaignFilter, state_of_campaign
from publications.redemptions.actions.redeem import redeem
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
URL = "/campaigns/"
YESTERDAY, TOMORROW = (timezone.now() + timedelta(days=days) for days in (-1, 1))


def names(**query):
    return [campaign.name for campaign in CampaignFilter(query, Campaign.objects.live()).qs]


@pytest.mark.parametrize("text", ["autumn", "LAUNCH", "roast au", "coffee", "umn"])
def test_a_campaign_is_found_by_words_of_its_name_and_category(text):
    CampaignFactory(name="Autumn Roast Launch", category="Coffee")
    CampaignFactory(name="Winter Tea")

    assert names(q=text) == ["Autumn Roast Launch"]


def test_a_campaign_is_found_by_its_id_and_a_deleted_one_is_not():
    autumn = CampaignFactory(name="Autumn")
    deleted = CampaignFactory(deleted_at=YESTERDAY)

    assert names(q=autumn.public_id) == ["Autumn"]
    assert names(q=deleted.public_id) == []
    assert names() == ["Autumn"]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, "live"),
        ({"start_date": YESTERDAY, "expiration_date": TOMORROW}, "live"),
        ({"start_date": TOMORROW}, "scheduled"),
        ({"active": False}, "disabled"),
        ({"active": False, "start_date": TOMORROW}, "disabled"),
        ({"expiration_date": YESTERDAY}, "expired"),
        ({"expiration_date": YESTERDAY, "active": False}, "expired"),
    ],
)
def test_a_campaign_is_in_one_state_by_its_pill_and_by_the_filter(fields, state):
    campaign = CampaignFactory(**fields)

    assert state_of_campaign(campaign) == CAMPAIGN_STATES[state][0]
    assert [name for name in CAMPAIGN_STATES if names(status=name)] == [state]


def test_the_filters_by_kind_and_pool():
    CampaignFactory(name="Coupons")
    CampaignFactory(name="Gifts", kind="GIFT_VOUCHERS", gift_amount=5, auto_update=True)

    assert names(kind="GIFT_VOUCHERS") == names(pool="auto") == ["Gifts"]
    assert names(kind="DISCOUNT_COUPONS") == names(pool="static") == ["Coupons"]


@pytest.mark.django_db(transaction=True)
def test_the_gauge_tells_published_left_and_redeemed(signed_in):
    campaign = CampaignFactory(codes=10)
    for voucher in Voucher.objects.order_by("id")[:8]:
        published(voucher)
    VoucherFactory(campaign=campaign, active=False)
    VoucherFactory(campaign=campaign, expiration_date=YESTERDAY)
    VoucherFactory(campaign=campaign, deleted_at=YESTERDAY)
    redeem(Voucher.objects.select_related("campaign").earliest("id"), by=STAFF)

    page = signed_in("Viewer").get(URL).content.decode()

    assert "2 left of 12 · 1 redeemed" in page
    assert 'value="66"' in page


@pytest.mark.parametrize(("codes", "auto_update", "level"), [(0, False, ""), (10, False, ""), (10, True, "")])
def test_a_full_or_empty_campaign_is_not_low(signed_in, codes, auto_update, level):
    CampaignFactory(codes=codes, auto_update=auto_update)

    page = signed_in("Viewer").get(URL).content.decode()

    assert 'class="gauge low"' not in page
    assert 'class="gauge empty"' not in page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("auto_update", "marked"), [(False, True), (True, False)])
def test_a_fixed_pool_with_a_tenth_left_is_low_and_one_with_nothing_is_empty(signed_in, auto_update, marked):
    for given in (9, 10):
        campaign = CampaignFactory(codes=10, auto_update=auto_update)
        for voucher in Voucher.objects.filter(campaign=campaign)[:given]:
            published(voucher)

    page = signed_in("Viewer").get(URL).content.decode()

    assert ('class="gauge low"' in page) is marked
    assert ('class="gauge empty"' in page) is marked


def test_the_list_is_sorted_by_name_and_end(signed_in):
    CampaignFactory(name="Beta", expiration_date=TOMORROW)
    CampaignFactory(name="Alpha", expiration_date=TOMORROW + timedelta(days=1))
    client = signed_in("Viewer")

    def order(sort):
        page = client.get(URL, {"sort": sort}).content.decode()
        return page.index("Alpha") < page.index("Beta")

    assert order("name") and order("-expiration_date")
    assert not order("-name") and not order("expiration_date")


def test_the_empty_list_says_what_to_do_next(signed_in):
    assert "New campaign" in signed_in("Manager").get(URL).content.decode()
    page = signed_in("Viewer").get(URL).content.decode()
    assert "No campaigns yet" in page
    assert "New campaign" not in page


def test_htmx_gets_the_table_alone(signed_in):
    CampaignFactory(name="Autumn")

    part = signed_in("Viewer").get(URL, headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()

    assert "Autumn" in part
    assert "<html" not in part


@pytest.mark.parametrize("rows", [1, 50])
def test_the_page_costs_the_same_queries_for_1_and_50_campaigns(signed_in, rows):
    for _ in range(rows):
        CampaignFactory(codes=2)
    client = signed_in("Viewer")

    with CaptureQueriesContext(connection) as queries:
        assert client.get(URL).status_code == 200

    # session, user, settings, permissions of the user and of the groups, count, rows, codes of the page's campaigns, their last
    # attempts to redeem
    assert len(queries) == 9
