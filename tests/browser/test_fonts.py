"""The fonts are Handout's own, so that a page is as wide on one machine as on any other."""

import time

import pytest
from playwright.sync_api import Page

from tests.support.factories import CampaignFactory, CustomerFactory

pytestmark = pytest.mark.browser

NAMES = ["Zażółć Gęślą Jaźń", "Σοφία Παπαδοπούλου", "Анна Іваненко", "Nguyễn Thị Hồng"]

# Each shift that the browser saw, as the heights (top, height) of what moved: before, and after.
SHIFTS = """() => new Promise((done) => new PerformanceObserver((list, observer) => {
    observer.disconnect();
    const heights = (box) => [box.y, box.height];
    const moved = list.getEntries().flatMap((shift) => shift.sources);
    done(moved.map((of) => [heights(of.previousRect), heights(of.currentRect)]));
}).observe({ type: "layout-shift", buffered: true }) || setTimeout(() => done([]), 500))"""
LATE = 0.3  # seconds: the page is long drawn


def fonts_of(page: Page, selector: str) -> set[tuple[str, bool]]:
    """The fonts that really draw the element, and whether they came with the page."""
    page.evaluate("document.fonts.ready.then(() => true)")
    chromium = page.context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        chromium.send(f"{domain}.enable")
    root = chromium.send("DOM.getDocument")["root"]["nodeId"]
    node = chromium.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    drawn = chromium.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    return {(font["familyName"], font["isCustomFont"]) for font in drawn}


@pytest.mark.parametrize("name", NAMES)
def test_names_are_drawn_by_our_font_in_every_script_of_europe(page, name):
    customer = CustomerFactory(name=name)

    page.goto(f"/customers/{customer.public_id}/")

    assert page.locator("h1").inner_text().startswith(name)
    assert fonts_of(page, "h1") == {("Inter Variable", True)}


def test_codes_are_drawn_by_our_font_with_a_zero_unlike_the_letter(page):
    campaign = CampaignFactory(code_charset="0O", code_length=10, codes=1)

    page.goto(f"/codes/{campaign.vouchers.get().public_id}/")

    assert {name for name, ours in fonts_of(page, "main code") if ours} == {"Geist Mono"}


def test_no_line_moves_up_or_down_when_the_fonts_arrive_late(page):
    CustomerFactory(name="Σοφία Παπαδοπούλου")
    page.route("**/*.woff2", lambda route: (time.sleep(LATE), route.continue_()))

    page.goto("/customers/")
    page.evaluate("document.fonts.ready")

    assert [(before, after) for before, after in page.evaluate(SHIFTS) if before != after] == []


def test_the_fonts_are_asked_for_once_before_the_style_sheets_need_them(page):
    asked = []
    page.on("request", lambda request: request.resource_type == "font" and asked.append(request.url))

    page.goto("/campaigns/")
    page.evaluate("document.fonts.ready")

    assert sorted(url.rsplit("/", 1)[1].split(".")[0] for url in asked) == ["geist-mono", "inter"]
