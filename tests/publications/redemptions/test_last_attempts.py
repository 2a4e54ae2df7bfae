"""The list of campaigns tells where the last attempt to redeem a code failed, and why."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from publications.redemptions.actions.redeem import redeem
from publications.redemptions.refusals import RedemptionRefused
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
PAGE = "/campaigns/"


def used_up(campaign):
    """A code of it that was tried once too often."""
    code = published(VoucherFactory(campaign=campaign, redemption_limit=1)).vouchers[0]
    redeem(code, by=STAFF)
    with pytest.raises(RedemptionRefused):
        redeem(code, by=STAFF)


def test_it_tells_why_the_last_attempt_of_a_campaign_failed(signed_in):
    used_up(CampaignFactory(name="Advent"))

    page = signed_in("Viewer").get(PAGE).content.decode()

    assert "Last attempt to redeem failed" in page
    assert 'href="/redemptions/?campaign=Advent&amp;result=failed">Used up</a>' in page


def test_an_attempt_that_succeeded_since_ends_it(signed_in):
    campaign = CampaignFactory()
    used_up(campaign)
    redeem(published(VoucherFactory(campaign=campaign)).vouchers[0], by=STAFF)

    assert "Last attempt" not in signed_in("Viewer").get(PAGE).content.decode()


def test_all_campaigns_of_a_page_are_asked_for_at_once(signed_in):
    browser = signed_in("Viewer")

    def asked():
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(PAGE).content.decode()
        return len(queries), page.count("Last attempt to redeem failed")

    used_up(CampaignFactory())
    (few, one) = asked()
    for campaign in CampaignFactory.create_batch(9):
        used_up(campaign)

    assert (one, asked()) == (1, (few, 10))
