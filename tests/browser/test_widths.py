"""From a phone to a wide screen: no page scrolls sideways, and on a computer no column of a list is out of sight."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from campaigns.models import Campaign
from customers.models import Customer
from publications.actions.publish import publish
from publications.dashboard.demo.load_demo import load_demo
from publications.models import Publication
from publications.webhooks.actions.create_address import create_address
from publications.webhooks.actions.send_again import send_test
from tests.browser.conftest import PHONE
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory

pytestmark = pytest.mark.browser

WIDTHS = [360, 390, 600, 800, 960, 1024, 1239, 1280, 1440, 1920]
COMPUTERS = [1024, 1280, 1440, 1920]
LONG = "A campaign whose name is longer than any phone is wide, and_with_underscores_in_the_middle_of_it"

WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth > innerWidth"
CUT = """[...document.querySelectorAll(".list .scroll, .results")].filter((list) => list.scrollWidth > list.clientWidth).length
    + [...document.querySelectorAll("main td *")].filter((part) => part.scrollWidth > part.clientWidth + 1
        && getComputedStyle(part).textOverflow === "ellipsis" && !part.closest("table.one-line td.cut")).length"""
NARROWER = "([part, width]) => part.getBoundingClientRect().width < width"
# Whatever the hour, and the day that the demo data is made: each moment as wide as the widest of its kind.
AT_THE_WIDEST_HOUR = "document.querySelectorAll('main time').forEach(time => time.textContent = 'yesterday 20:00')"
# A list of rows of one height cuts long names on purpose: they are told whole on hover, and in the row's details.


@pytest.fixture
def addresses(transactional_db, project) -> list[str]:
    project(name="Northbeam Coffee & Roastery, Berlin and the rest of Europe")
    load_demo()
    mara = Customer.objects.create(name="Mara Lindqvist-Zimmermann", email="mara.lindqvist.zimmermann@example.com")
    campaign = Campaign.objects.get(name="Autumn Roast Launch")
    long = CampaignFactory(name=LONG)
    wide = VoucherFactory(campaign=long, code="W" * 22)
    for pool in (campaign, long):
        publish(pool, mara, channel="newsletter_with_a_very_long_name", origin="api", by=STAFF)
    hook = create_address(f"https://shop.example.com/{'long' * 40}", events=["publication.succeeded"], by=STAFF)
    send_test(hook, by=STAFF)
    failed = Publication.objects.filter(result="FAILURE").latest("pk")
    Publication.objects.filter(pk=failed.pk).update(
        campaign=long,
        customer=mara,
        attempted_code=wide.code,
        channel="newsletter_with_a_very_long_name",
        attempts=1_234,
    )
    pages = ["/", "/campaigns/", "/codes/", "/customers/", "/publications/", "/exports/", "/search?q=a"]
    pages += ["/publications/?result=FAILURE", f"/publications/{failed.public_id}/", f"/campaigns/{long.public_id}/"]
    pages += [f"/campaigns/{campaign.public_id}/{tab}" for tab in ("", "codes", "settings", "activity")]
    pages += [f"/customers/{mara.public_id}/{tab}" for tab in ("", "publications", "redemptions")]
    pages += [
        f"/settings/webhooks/{hook.public_id}/",
        f"/settings/webhooks/{hook.public_id}/deliveries/{hook.deliveries.get().pk}",
    ]
    pages += ["/settings/api-keys/", "/settings/webhooks/", "/settings/audit-log", "/settings/status", "/v1/docs"]
    return pages + [
        f"/admin/{name}/" for name in ("campaigns/campaign", "publications/publication", "staff/auditentry")
    ]


def test_no_page_scrolls_sideways_and_no_column_is_cut(visit, addresses):
    page = visit("Manager", reduced_motion="reduce")

    faults = [fault for address in addresses for fault in look_at(page, address)]

    assert not faults, "\n".join(faults)


def open_page(page: Page, address: str) -> None:
    """With all of its letters: another font has other widths."""
    page.goto(address)
    page.evaluate("document.fonts.ready.then(() => true)")


def look_at(page: Page, address: str) -> list[str]:
    open_page(page, address)
    page.evaluate(AT_THE_WIDEST_HOUR)
    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate(WIDER_THAN_THE_WINDOW):
            faults.append(f"{address} scrolls sideways at {width}")
        if width in COMPUTERS and page.evaluate(CUT):
            faults.append(f"{address} is cut at {width}")
    return faults


@pytest.mark.parametrize("width, rows", [(1440, 1), (1280, 1), (1024, 2), (800, 2), (390, 4)])
def test_no_filter_stands_alone_in_a_row_beside_room_for_more(visit, width, rows):
    """The search box first, alone where there is no room for all; the two days of a period side by side."""
    page = visit("Manager", viewport={"width": width, "height": 900})
    open_page(page, "/publications/")

    fields = page.locator(".filters :is(input, select)")
    boxes = [field.bounding_box() for field in fields.all()]
    middles = [round(box["y"] + box["height"] / 2) for box in boxes]

    assert (len(middles), len(set(middles))) == (6, rows)
    assert middles[-1] == middles[-2]


def test_on_a_phone_the_buttons_of_a_campaign_stand_in_one_row(visit, transactional_db):
    campaign = CampaignFactory(codes=1)
    page = visit("Manager", viewport=PHONE)
    open_page(page, f"/campaigns/{campaign.public_id}/")

    tops = {button.bounding_box()["y"] for button in page.locator(".page-head .actions .btn").all()}

    assert len(tops) == 1


def test_on_a_phone_the_open_tab_is_in_sight(visit, transactional_db):
    campaign = CampaignFactory(codes=1)
    page = visit("Manager", viewport=PHONE)
    page.goto(f"/campaigns/{campaign.public_id}/activity")

    expect(page.get_by_role("link", name="Activity", exact=True)).to_be_in_viewport(ratio=0.9)


def test_a_strip_of_icons_keeps_its_words_for_screen_readers(visit, transactional_db):
    page = visit("Manager", viewport={"width": 1024, "height": 900})
    page.goto("/")

    page.get_by_role("link", name="Campaigns", exact=True).first.click()
    page.wait_for_url("**/campaigns/")

    page.wait_for_function(NARROWER, arg=[page.get_by_role("complementary", name="Sidebar").element_handle(), 80])
    box = page.get_by_role("searchbox", name="Search codes, IDs")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.wait_for_function(f"given => !({NARROWER})(given)", arg=[box.element_handle(), 200])
