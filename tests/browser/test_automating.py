"""A segment is built of conditions, with and without scripts; an automatic distribution waits for whoever enters it."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from customers.segments.actions.watch_segments import look_at_segments
from customers.segments.models import Segment
from publications.automation.actions.walk_segments import walk_segments
from publications.distributions.models import Distribution
from tests.browser.conftest import PATIENCE
from tests.support.automations import publish_all
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.browser


@pytest.fixture
def campaign(transactional_db):
    campaign = CampaignFactory(name="Autumn Roast", codes=5)
    mara, _ = CustomerFactory(name="Mara Lindqvist", metadata={"tier": "gold"}), CustomerFactory(name="Priya Raman")
    published(VoucherFactory(campaign=campaign), mara)
    return campaign


def test_with_a_live_count_and_a_rule_for_those_in_it(page, campaign):
    page.goto("/segments/new")
    page.get_by_label("Name").fill("Gold with a code")
    first, second = page.get_by_role("group", name="Condition 1"), page.get_by_role("group", name="Condition 2")
    first.get_by_label("Field").select_option("Metadata")
    first.get_by_label("Key").fill("tier")
    first.get_by_label("Value").fill("gold")
    audience = page.locator("#audience")
    expect(audience).to_contain_text("1 customer matches now")
    expect(audience).to_contain_text("Mara Lindqvist")

    page.get_by_role("button", name="Add a condition").click()
    second.get_by_label("Field").select_option("Codes from campaign")
    second.get_by_label("Campaign").press_sequentially("autu", delay=40)
    page.get_by_role("option", name="Autumn Roast").click()
    expect(second.get_by_label("Value")).to_have_value("0")
    second.get_by_label("Operator").select_option("is")
    expect(audience).to_contain_text("0 customers match now")
    page.get_by_role("button", name="Remove condition 2").click()
    expect(audience).to_contain_text("1 customer matches now")
    page.get_by_role("button", name="Save").last.click()
    expect(page.get_by_role("heading", name="Gold with a code")).to_be_visible()

    page.goto("/automations/new")
    page.get_by_label("Name", exact=True).fill("For gold")
    page.get_by_label("A customer enters a segment").check()
    expect(page.get_by_label("Event name")).to_be_hidden()
    page.get_by_label("Segment", exact=True).select_option("Gold with a code")
    page.get_by_label("Include customers already in it").check()
    page.get_by_role("button", name="Save and continue").last.click()
    page.get_by_role("combobox", name="Campaign").fill("Autumn Roast")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save and continue").last.click()
    page.get_by_label("Not at all").check()
    page.get_by_role("button", name="Save").last.click()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_role("heading", name="For gold Active")).to_be_visible()

    # The worker does the same, and what it has just taken up, we pass by: it may be told a moment later.
    told = page.get_by_role("table").get_by_role("row", name="Mara Lindqvist").filter(has_text="Code published")
    give_up = time.monotonic() + PATIENCE / 1000
    while not told.is_visible():
        assert time.monotonic() < give_up, page.get_by_role("main").inner_text()
        look_at_segments()
        walk_segments()
        publish_all()
        page.reload()


def test_without_scripts(visit, campaign):
    page = visit("Operator", java_script_enabled=False)
    page.goto("/segments/new")
    page.get_by_label("Name").fill("Known")
    page.get_by_label("Value").fill("Mara Lindqvist")
    page.get_by_role("button", name="Count matches").click()
    expect(page.locator("#audience")).to_contain_text("1 customer matches now")
    page.get_by_role("button", name="Add a condition").click()
    page.get_by_role("button", name="Remove condition 2").click()
    page.get_by_role("button", name="Save").last.click()

    expect(page.get_by_role("heading", name="Known")).to_be_visible()
    assert Segment.objects.get().filter == {"junction": "and", "name": {"conditions": {"$is": ["Mara Lindqvist"]}}}
    assert Distribution.objects.count() == 0
