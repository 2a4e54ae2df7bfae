"""Everything that matters works as plain pages, links and forms."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from publications.models import Publication
from tests.support.factories import CampaignFactory, CustomerFactory, UserFactory, published

pytestmark = pytest.mark.browser


@pytest.fixture
def campaign(transactional_db):
    return CampaignFactory(name="Autumn Roast", codes=10)


@pytest.fixture
def page(visit):
    return visit("Manager", java_script_enabled=False)


def test_signing_in(visit, campaign):
    mara = UserFactory(username="mara", role="Manager")
    mara.set_password("correct horse battery")
    mara.save()
    page = visit(java_script_enabled=False)

    page.goto("/")
    page.get_by_label("Username").fill("mara")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("main")).to_contain_text("Autumn Roast")


def test_the_history_is_filtered_sorted_and_paged(page, campaign):
    for number, voucher in enumerate(campaign.vouchers.order_by("pk")):
        published(voucher, channel="Dashboard" if number % 2 else "newsletter")
    page.goto(f"/campaigns/{campaign.public_id}/")
    history = page.get_by_role("region", name="Publication history")

    history.locator("select[name=channel]").select_option("newsletter")
    history.get_by_role("button", name="Filter").click()

    expect(page).to_have_url(re.compile(r"channel=newsletter"))
    expect(history.get_by_role("row").filter(has_text="newsletter")).to_have_count(5)
    history.get_by_role("link", name="Date").click()
    expect(page).to_have_url(re.compile(r"channel=newsletter.*sort=created_at"))
    expect(history.get_by_role("columnheader", name="Date")).to_have_attribute("aria-sort", "ascending")


def test_publishing_by_hand(page, campaign):
    CustomerFactory(name="Martin Adler")
    mara = CustomerFactory(name="Mara Lindqvist")
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.get_by_role("link", name="Publish", exact=True).click()

    page.get_by_role("combobox", name="Customer").fill("mar")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("main")).to_contain_text("Which customer do you mean?")
    page.get_by_role("radio", name="Mara Lindqvist").check()
    page.get_by_role("button", name="Publish").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("1 code published")
    publication = Publication.objects.get()
    assert (publication.customer, publication.channel) == (mara, "Dashboard")
    expect(page.get_by_role("main")).to_contain_text(publication.ledger.get().voucher.code)


def test_a_hand_out(page, campaign):
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.locator("summary", has_text="Export").click()
    page.get_by_role("link", name="Hand out codes to a file").click()

    page.get_by_label("All free codes in the pool").check()
    page.get_by_label("For whom").fill("Print shop")
    page.get_by_label("CSV for Excel").check()
    page.get_by_role("button", name="Publish to a file").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile(r"autumn-roast-hand-out-.*\.csv"))
    reload, button = (
        page.get_by_role("link", name="Reload to see progress"),
        page.get_by_role("button", name="Download file"),
    )
    expect(reload.or_(button)).to_be_visible()
    while reload.is_visible():
        with page.expect_navigation():
            reload.click()
        expect(reload.or_(button)).to_be_visible()

    with page.expect_download() as download:
        button.click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert len(lines) == 1 + 10
    assert not campaign.vouchers.filter(published_at=None).exists()
