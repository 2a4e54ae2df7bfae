"""The global search, from anywhere, by keyboard; and what a Viewer is shown."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.browser


def test_a_slash_goes_to_the_search_and_a_code_or_id_to_its_page(page):
    campaign = CampaignFactory(name="Autumn Roast")
    voucher = VoucherFactory(code="ROAST-7KQ2-9XWD", campaign=campaign)
    customer = CustomerFactory(name="Mara Lindqvist")
    published(voucher, customer)
    page.goto("/settings/audit-log")

    look_for(page, "roast-7kq2-9xwd")
    expect(page).to_have_url(re.compile(f"/codes/{voucher.public_id}/$"))
    expect(page.get_by_role("main")).to_contain_text("Mara Lindqvist")

    look_for(page, customer.public_id)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mara Lindqvist")

    look_for(page, "roast")
    page.get_by_role("region", name="Campaigns").get_by_role("link", name="Autumn Roast").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Autumn Roast")

    page.goto("/search")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("lindqvist mar")  # without Enter
    expect(page.get_by_role("region", name="Customers")).to_contain_text("Mara Lindqvist")
    expect(page.locator("#q")).to_be_focused()


def look_for(page: Page, text: str) -> None:
    page.wait_for_load_state()  # the page's heading and address are there before its scripts are
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_a_viewer_sees_every_code_masked(visit):
    campaign = CampaignFactory(name="Autumn Roast")
    given, kept = (VoucherFactory(code=code, campaign=campaign) for code in ("ROAST-7KQ2-9XWD", "ROAST-B4TM-HC6P"))
    customer = CustomerFactory(name="Mara Lindqvist")
    publication = published(given, customer)
    page = visit("Viewer")

    page.goto("/")
    for address in (
        f"/campaigns/{campaign.public_id}/",
        f"/campaigns/{campaign.public_id}/codes",
        "/codes/",
        f"/codes/{given.public_id}/",
        f"/codes/{kept.public_id}/",
        f"/customers/{customer.public_id}/",
        "/publications/",
        f"/publications/{publication.public_id}/",
    ):
        page.goto(address)
        expect(page.get_by_role("main")).to_contain_text("••••••")
        assert [code for code in (given.code, kept.code) if code in page.content()] == [], address

    page.goto("/search?q=ROAST-7KQ2-9XWD")
    expect(page).to_have_url(re.compile(f"/codes/{given.public_id}/$"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("••••••WD")
    page.goto("/search?q=ROAST-7KQ2")
    expect(page.get_by_role("main")).to_contain_text("Nothing found")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_table_of_the_administration_is_found_with_and_without_scripts(visit, scripts):
    page = visit("Manager", java_script_enabled=scripts)
    page.goto("/admin/")
    box = page.get_by_role("searchbox", name="Find a table")

    box.fill("refused codes")
    if not scripts:
        page.get_by_role("button", name="Find").click()

    expect(page.get_by_role("main").get_by_role("region")).to_have_count(2)  # what was found, and what one did
    expect(page).to_have_url(re.compile(r"/admin/\?q=refused(\+|%20)codes$"))
    expect(box).to_have_value("refused codes")
    page.get_by_role("region", name="Imports and exports").get_by_role("link", name="Refused codes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Refused codes")
