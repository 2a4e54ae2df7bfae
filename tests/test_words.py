"""The pages speak to people: nothing of the API's capitals, and one of a thing is not several."""

import html
import re

import pytest
from django.test import Client

from campaigns.codes.actions.extend_pool import fulfil_order, order_codes
from campaigns.models import Campaign
from tests.config.staff.test_roles import url_of
from tests.support.access import PAGES
from tests.support.factories import STAFF, CampaignFactory, UserFactory
from tests.support.one_of_each import one_of_each

pytestmark = pytest.mark.django_db

SHOUTED = r"AUTO_UPDATE|STATIC|DISCOUNT_COUPONS|GIFT_VOUCHERS?|DISCOUNT_VOUCHERS?|REFERRAL_PROGRAM"
ONE_OF_SEVERAL = r"(?<![\d,.])1 (?:codes|rows|customers|publications|days|files|bytes|redemptions|columns|messages)"
# The API's own reference, and the log of its calls.
ABOUT_THE_API = {"docs", "api:api-key-log"}


def words(page) -> str:
    body = page.content.decode().partition("<main")[2]
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def test_no_page_shouts_or_counts_one_as_several():
    made, browser = one_of_each(), Client()
    Campaign.objects.update(auto_update=True, standalone=False)
    browser.force_login(UserFactory(role="Manager"))

    said = {}
    for name in sorted(PAGES.keys() - ABOUT_THE_API):
        page = browser.get(url_of(name, made))
        if page.status_code == 200 and not page.streaming and "html" in page.headers["Content-Type"]:
            said[name] = re.findall(rf"\b(?:{SHOUTED}|{ONE_OF_SEVERAL})\b", words(page))

    assert len(said) > 60
    assert {name: found for name, found in said.items() if found} == {}


def test_the_page_of_an_order_says_what_became_of_it(signed_in):
    campaign, staff = CampaignFactory(), signed_in("Manager")
    order = order_codes(campaign, count=1, by=STAFF)
    address = f"/campaigns/{campaign.public_id}/orders/{order.pk}"

    waiting = words(staff.get(address))
    fulfil_order(order.pk)
    done = words(staff.get(address))

    assert "You can leave this page. The codes are generated in the background" in waiting
    assert "You can leave this page" not in done
    assert "The code is in the pool." in done
