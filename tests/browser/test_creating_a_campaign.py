"""A campaign from the form to its codes: what is typed is shown as codes at once, and the worker makes them."""

from __future__ import annotations

import re

import pytest
from django.db import connection, transaction
from playwright.sync_api import expect

from campaigns.codes.models import CodeOrder
from campaigns.models import Campaign

pytestmark = pytest.mark.browser


def test_codes_are_previewed_refused_with_the_arithmetic_and_then_made(page):
    page.goto("/campaigns/")
    page.get_by_role("link", name="New campaign").first.click()
    samples = page.get_by_label("Sample codes").get_by_role("listitem")
    expect(samples).to_have_count(5)

    page.get_by_label("Name", exact=True).fill("Autumn Roast")
    page.get_by_label("Percent off").fill("20")
    page.get_by_label("Pattern").fill("ROAST-##")
    page.get_by_label("Allowed characters").fill("0123456789")
    page.get_by_label("Codes to generate now").fill("1500")

    expect(samples).to_have_text([re.compile(r"^ROAST-\d\d$")] * 5)
    preview = page.locator("#preview")
    expect(preview).to_contain_text("10 characters in 2 random positions give 100 codes")
    expect(preview).to_contain_text("1,500 more were requested: use at least 4 random positions, or more characters.")

    page.get_by_role("button", name="Create campaign").click()
    refusal = "10 characters in 2 random positions give 100 codes; 0 already exist, and 1,500 more were requested"
    expect(page.locator(".field.bad, .errorlist").first).to_contain_text(refusal)
    assert not Campaign.objects.exists()

    page.get_by_label("Pattern").fill("ROAST-######")
    page.get_by_role("button", name="Create campaign").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("Autumn Roast")
    expect(page.get_by_role("main")).to_contain_text("1,500 codes Done")
    campaign = Campaign.objects.get()
    assert campaign.name == "Autumn Roast"
    order = CodeOrder.objects.get()
    assert (order.status, order.done, order.total) == ("done", 1500, 1500)
    codes = list(campaign.vouchers.values_list("code", flat=True))
    assert len(codes) == 1500
    assert all(re.fullmatch(r"ROAST-\d{6}", code) for code in codes)


def test_an_order_shows_how_far_it_is_and_can_be_left_and_found_again(page):
    page.goto("/campaigns/new")
    page.get_by_label("Name", exact=True).fill("Big one")
    page.get_by_label("Percent off").fill("5")
    page.get_by_label("Codes to generate now").fill("20000")
    progress = page.get_by_role("progressbar", name="Generating codes")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE codes_voucher IN SHARE MODE")  # the worker waits, however fast it is
        page.get_by_role("button", name="Create campaign").click()

        expect(progress).to_be_visible()
        order = page.url

        page.goto("/")
        expect(page.get_by_role("region", name="Running")).to_contain_text("Big one")
    page.goto(order)

    expect(page.get_by_role("main")).to_contain_text("20,000 codes Done")
    expect(progress).to_have_count(0)
    assert Campaign.objects.get().vouchers.count() == 20_000


def test_the_field_of_the_value_says_its_unit(page, project):
    project(currency="CHF")
    page.goto("/campaigns/new")
    value, what = page.locator("[name=discount_value]"), page.get_by_label("Code type")
    expect(value).to_have_accessible_name("Percent off")

    said = {}
    for choice in ("Amount off", "Free units", "Fixed price"):
        what.select_option(label=choice)
        said[choice] = page.locator("label", has=page.locator(".of-any")).inner_text()
    page.get_by_label("Gift vouchers").check()

    assert said == {
        "Amount off": "Amount off in CHF",
        "Free units": "Free units",
        "Fixed price": "Price to pay in CHF",
    }
    expect(page.locator("[name=gift_amount]")).to_have_accessible_name("Gift amount in CHF")
    expect(value).to_be_hidden()
