"""The publication history: what is chosen stands in the address bar, so that it can be sent, reloaded and gone back to."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from publications.refusals import PublishRefused
from tests.support.factories import CampaignFactory, CustomerFactory, published

pytestmark = pytest.mark.browser


@pytest.fixture
def campaign(transactional_db):
    """30 publications through two channels, and one failed attempt."""
    campaign = CampaignFactory(name="Autumn Roast", codes=30)
    others = CustomerFactory.create_batch(3)
    mara = CustomerFactory(name="Mara Lindqvist")
    for number, voucher in enumerate(campaign.vouchers.order_by("pk")):
        customer = mara if number % 10 == 0 else others[number % 3]
        published(voucher, customer, channel="Dashboard" if number % 2 else "newsletter")
    with pytest.raises(PublishRefused):
        published(voucher, mara, channel="newsletter")
    return campaign


def test_by_text_channel_and_result_and_back_again(page, campaign):
    address = f"/campaigns/{campaign.public_id}/"
    page.goto(address)
    history = page.get_by_role("region", name="Publication history")
    rows = history.locator("tbody > tr:not(.expanded)")
    counted = history.locator(".pager [role=status]")
    expect(counted).to_have_text("1–25 of 31")

    history.get_by_role("link", name="Next").click()
    expect(rows).to_have_count(6)
    history.get_by_label("Code, customer or ID").press_sequentially("mara", delay=40)
    expect(rows).to_have_count(4)
    expect(page).to_have_url(re.compile(rf"{address}\?q=mara$"))

    history.locator("select[name=channel]").select_option("newsletter")
    expect(page).to_have_url(re.compile(r"\?q=mara&channel=newsletter$"))
    history.get_by_label("Result").select_option("Failed")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Already published")
    expect(page).to_have_url(re.compile(r"\?q=mara&channel=newsletter&result=FAILURE$"))

    history.locator("select[name=channel]").select_option("Dashboard")
    expect(history).to_contain_text("No matches")

    page.go_back()
    expect(rows).to_have_count(1)
    expect(history.locator("select[name=channel]")).to_have_value("newsletter")
    page.go_back()
    expect(rows).to_have_count(4)
    page.go_back()
    expect(history.locator("select[name=channel]")).to_have_value("")
    expect(history.get_by_label("Code, customer or ID")).to_have_value("mara")
    expect(history.get_by_label("Result")).to_have_value("")

    page.reload()
    expect(rows).to_have_count(4)
    expect(history.get_by_label("Code, customer or ID")).to_have_value("mara")


def test_an_order_that_was_clicked_survives_a_filter(page, campaign):
    page.goto(f"/campaigns/{campaign.public_id}/")
    history = page.get_by_role("region", name="Publication history")
    first = history.locator("tbody > tr:not(.expanded)").first

    history.get_by_role("link", name="Channel").click()
    expect(first).to_contain_text("Dashboard")
    expect(history.get_by_role("columnheader", name="Channel")).to_have_attribute("aria-sort", "ascending")
    history.get_by_label("Result").select_option("Success")

    expect(page).to_have_url(re.compile(r"result=SUCCESS&sort=channel|sort=channel&result=SUCCESS"))
    expect(first).to_contain_text("Dashboard")


def test_a_row_opens_to_its_metadata_and_reason(page, campaign):
    page.goto(f"/campaigns/{campaign.public_id}/?result=FAILURE")
    details = page.locator("tr.expanded")
    expect(details).to_be_hidden()

    page.locator("details.opens summary").click()

    expect(details).to_be_visible()
    expect(details).to_contain_text("has already been published")
    expect(details).to_contain_text("voucher_already_published")
