"""Light and dark, kept; and the navigation where there is no room for it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE
from tests.support.factories import CampaignFactory, CustomerFactory, published

pytestmark = pytest.mark.browser

DARKNESS = (
    "getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).slice(0, 3).reduce((a, b) => a + +b, 0) < 200"
)

IS_WHOLE = "cell => [cell, ...cell.querySelectorAll('*')].every((part) => part.scrollWidth <= part.clientWidth + 1 || !part.clientWidth)"


def test_the_theme_is_switched_and_stays(visit):
    page = visit("Manager", color_scheme="light")
    page.goto("/")
    switch = page.get_by_role("button", name="Theme: ")
    is_light(page)

    switch.click()  # from the system's, which is light
    is_dark(page)
    page.goto("/campaigns/")
    is_dark(page)
    page.goto("/admin/")
    is_dark(page)

    switch.click()
    is_light(page)
    page.emulate_media(color_scheme="dark")
    page.reload()
    is_light(page)  # light was chosen, whatever the system says
    switch.click()
    is_dark(page)  # the system's again


def test_on_a_phone_the_navigation_is_opened_and_nothing_scrolls_sideways(visit):
    campaign = CampaignFactory(name="A campaign whose name is longer than any phone is wide", codes=3)
    page = visit("Manager", viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto("/")
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation).to_be_hidden()

    page.get_by_role("button", name="Open navigation").tap()
    expect(navigation).to_be_visible()
    navigation.get_by_role("link", name="Campaigns").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("Campaigns")
    expect(navigation).to_be_hidden()
    page.get_by_role("link", name=campaign.name).tap()

    expect(page.get_by_role("heading", level=1)).to_contain_text(campaign.name)
    page.wait_for_function("width => document.documentElement.scrollWidth === width", arg=PHONE["width"])
    page.get_by_text("Add codes", exact=True).tap()
    _is_on_the_screen(page.get_by_role("link", name="Import codes").locator(".."))
    page.get_by_role("heading", level=1).tap()  # closes the menu
    page.get_by_role("link", name="Publish", exact=True).tap()
    _is_on_the_screen(page.get_by_role("dialog"))


def _is_on_the_screen(part: Locator) -> None:
    """Once whatever moves it there has ended."""
    expect(part).to_be_visible()
    part.page.wait_for_function(
        "part => part.getBoundingClientRect().left >= 0 && part.getBoundingClientRect().right <= innerWidth",
        arg=part.element_handle(),
    )


def is_dark(page: Page) -> None:
    page.wait_for_function(DARKNESS)


def is_light(page: Page) -> None:
    page.wait_for_function(f"!({DARKNESS})")


def test_the_theme_button_says_which_theme_is_on(visit):
    page = visit("Manager", color_scheme="light")
    page.goto("/")

    for name in ("same as your device", "dark", "light"):
        button = page.get_by_role("button", name=f"Theme: {name}")
        expect(button).to_be_visible()
        button.click()
    expect(page.get_by_role("button", name="Theme: same as your device")).to_be_visible()


def test_on_paper_there_is_only_what_the_page_says(page):
    name = "Mara Lindqvist of the very long name that a line of the history has no room for"
    published(customer=CustomerFactory(name=name))
    page.goto("/customers/")

    page.emulate_media(media="print")

    expect(page.get_by_text("Mara Lindqvist")).to_be_visible()
    expect(page.get_by_role("checkbox").first).to_be_hidden()
    expect(page.get_by_role("columnheader", name="Customer")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("search").first).to_be_hidden()
    page.goto("/publications/")
    assert page.locator("td.cut", has_text=name).evaluate(IS_WHOLE)
