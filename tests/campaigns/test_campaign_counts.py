"""Large campaigns are counted in the background, and pages show that count; small ones are counted when looked at."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.codes.pool import raise_pool_version
from campaigns.codes.queries import count_codes as codes
from campaigns.models import Campaign, CampaignCount
from publications.actions.publish import publish
from publications.dashboard.queries.campaign_overview import overview_of
from publications.tallies import count_campaigns as counting
from publications.tallies.count_campaigns import count_campaigns
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def four_codes_are_many(monkeypatch):
    monkeypatch.setattr(codes, "LARGE", 3)
    monkeypatch.setattr(counting, "DUE", counting.DUE.replace(str(counting.LARGE), "3"))


def counted(campaign):
    campaign = Campaign.objects.select_related("kept_count").get(pk=campaign.pk)
    overview = overview_of(campaign)
    return overview.codes, overview.reached


def test_a_page_shows_the_kept_count_of_a_large_campaign():
    campaign, mara = CampaignFactory(codes=8), CustomerFactory()
    for customer, count in ((mara, 1), (mara, 2), (CustomerFactory(), 1)):
        publish(campaign, customer, count=count, channel="API", origin="api", by=STAFF)
    fresh = counted(campaign)

    assert count_campaigns() == 1
    publish(campaign, mara, channel="API", origin="api", by=STAFF)

    moment = CampaignCount.objects.get().counted_at
    assert fresh == ((8, 4, 4, 0, None), (2, 4, True))
    assert counted(campaign) == ((8, 4, 4, 0, moment), (2, 4, True))
    assert codes.count_codes(Campaign.objects.select_related("kept_count")) == {campaign.pk: (8, 4, 4, 0, moment)}


def test_a_count_that_was_kept_is_shown_with_its_moment(signed_in):
    """Else a page said "0 of 1,000,000 published, nobody yet" while the campaign ran."""
    campaign = CampaignFactory(name="Autumn", codes=8)
    count_campaigns()
    publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)
    CampaignCount.objects.update(counted_at=timezone.now().replace(hour=12, minute=3))
    operator = signed_in("Operator")
    shown = "as\u00a0of\u00a0<time"

    page = operator.get(f"/campaigns/{campaign.public_id}/").content.decode()

    assert page.count(shown) == 3
    assert ":03</time>" in page
    assert "Nobody yet" not in page
    assert shown in operator.get("/campaigns/").content.decode()
    assert shown in operator.get(f"/campaigns/{campaign.public_id}/codes").content.decode()
    assert shown in operator.get(f"/campaigns/{campaign.public_id}/publish").content.decode()
    assert shown in signed_in("Manager").get("/admin/campaigns/campaign/").content.decode()


def test_a_count_made_here_and_now_needs_no_moment(signed_in):
    campaign = CampaignFactory(codes=3)
    count_campaigns()

    assert "as\u00a0of" not in signed_in("Viewer").get(f"/campaigns/{campaign.public_id}/").content.decode()


def test_that_its_pool_is_empty_is_seen_at_once():
    campaign = CampaignFactory(codes=4)
    count_campaigns()

    publish(campaign, CustomerFactory(), count=4, channel="API", origin="api", by=STAFF)

    assert counted(campaign)[0][:4] == (4, 0, 0, 0)


def test_a_small_campaign_is_counted_when_it_is_looked_at():
    campaign = CampaignFactory(codes=3)
    count_campaigns()

    publish(campaign, CustomerFactory(), channel="API", origin="api", by=STAFF)

    assert counted(campaign)[0] == (3, 1, 2, 0, None)


def test_a_small_one_is_counted_again_when_codes_were_added():
    campaign = CampaignFactory(codes=3)
    count_campaigns()
    again = count_campaigns()
    Voucher.objects.create(campaign=campaign, code="FOURTH")
    raise_pool_version(campaign.pk)

    assert (again, count_campaigns()) == (0, 1)

    assert CampaignCount.objects.get().rows == 4


@pytest.mark.parametrize(("seconds", "age", "is_counted"), [(0, 50, 0), (0, 70, 1), (10, 70, 0), (10, 210, 1)])
def test_a_large_one_is_counted_again_after_a_while(seconds, age, is_counted):
    campaign = CampaignFactory(codes=4)
    count_campaigns()
    raise_pool_version(campaign.pk)
    CampaignCount.objects.update(seconds=seconds, counted_at=timezone.now() - timedelta(seconds=age))

    assert count_campaigns() == is_counted
