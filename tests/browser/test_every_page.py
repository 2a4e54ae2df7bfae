"""Every page of the dashboard and the admin, in both themes and on a small phone: nothing blocked, nothing inaccessible.

The pages are those that the URLs resolve to and tests/config/staff/test_roles.py lets a Manager open, so a new one is looked at
without being added here; what answers with something else than a page is named below.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, expect

from campaigns.codes.models import CodeOrder, Voucher
from campaigns.models import Campaign
from publications.dashboard.demo.load_demo import load_demo
from publications.funnel.actions.count_funnel import count_funnel
from publications.models import Publication
from tests.browser.conftest import DESKTOP
from tests.config.staff.test_roles import NAMED, TABLE, expected, url_of
from tests.support.access import NO_GET
from tests.support.one_of_each import one_of_each

pytestmark = pytest.mark.browser

SMALL_PHONE = {"width": 360, "height": 740}
PARTS = 4  # so that both test processes have their share

PIECES = {
    "campaigns:preview",
    "campaigns:suggest",
    "customers:suggest",
    "segments:find",
    "segments:count-segment",
    "exports:export-status",
    "publications:suggest-channels",
    "funnel:suggest",
    "distributions:suggest-customers",
    "distributions:suggest-recipients",
}
# E-mails, which stand in a frame of their page with styles of their own.
PIECES |= {"distributions:preview", "distributions:outbox-html"}
FILES = {name for name in NAMED if name.endswith("-import-errors")}
FILES |= {"recalls:file", "openapi", "admin:jsi18n", "admin:autocomplete"}
LEAD_ELSEWHERE = {name for name in NAMED if name.startswith("admin:") and name.endswith("_history")}  # the audit log
LEAD_ELSEWHERE |= {"admin:view_on_site", "admin:login", "admin:logout"}
# The worker that runs here has dealt with these rows before they could be looked at; their lists are.
OF_THE_WORKER = (
    "admin:events_outbox_",
    "admin:segments_firstmembers_",
    "admin:tallies_daytally_",
    "admin:watch_",
    "admin:funnel_",
)
PASSED_ON = {name for name in NAMED if name.startswith(OF_THE_WORKER) and not name.endswith("_changelist")}
NO_PAGES = PIECES | FILES | LEAD_ELSEWHERE | PASSED_ON

# What is alike need not be looked at twice: axe takes half a minute for the whole reference of the API.
REPEATED = "tbody > tr:nth-child(n + 7), nav li:nth-child(n + 5), main > section:nth-of-type(n + 7), article:nth-of-type(n + 3)"
# Without preload: it copies the style sheets into <style> elements, which the page's policy blocks.
EVERYTHING = {"resultTypes": ["violations"], "preload": False}
COLOURS = {**EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}
ALL_BUT_COLOURS = {**EVERYTHING, "rules": {"color-contrast": {"enabled": False}}}


def pages() -> list[str]:
    readable = [name for name in NAMED if TABLE[name][0] != NO_GET and expected(TABLE[name][0])["Manager"] == "ok"]
    return sorted(set(readable) - NO_PAGES)


@pytest.mark.parametrize("part", range(PARTS))
def test_page(visit, part):
    names = pages()[part::PARTS]
    load_demo()
    made = one_of_each() | in_the_demo()
    CodeOrder.objects.update(campaign=made["campaign_id"])
    page = visit("Manager", color_scheme="light", reduced_motion="reduce")

    faults = [f"{name}: {fault}" for name in names for fault in look_at(page, url_of(name, made))]

    assert not faults, "\n".join(faults)


def test_what_is_empty_says_so(visit):
    page = visit("Manager", color_scheme="light", reduced_motion="reduce")
    names = [name for name in pages() if "<" not in NAMED[name] and not name.startswith("admin:")]
    empty = [name for name in names if page.goto(url_of(name, {})) and page.locator(".empty-state, .steps").count()]

    faults = [f"{name}: {fault}" for name in empty for fault in look_at(page, url_of(name, {}))]

    assert len(empty) > 6
    assert not faults, "\n".join(faults)


def test_what_a_page_shows_at_other_times(visit):
    load_demo()
    count_funnel()
    failed = Publication.objects.filter(result="FAILURE").exclude(attempted_code=None)[0]
    released = Publication.objects.exclude(voided_at=None)[0]
    in_pool = Voucher.objects.filter(published_at=None, campaign__name="Autumn Roast Launch")[0]
    page = visit("Manager", color_scheme="light", reduced_motion="reduce")
    addresses = {
        "a failed attempt": f"/publications/{failed.public_id}/",
        "a released code": f"/publications/{released.public_id}/",
        "a code in the pool": f"/codes/{in_pool.public_id}/",
        "a campaign that is over": f"/campaigns/{Campaign.objects.get(name='Garden Opening Days').public_id}/",
        "no matches": "/publications/?q=nobody",
        "a search": "/search?q=ada",
        "the funnel": "/funnel/",
        "the funnel by distribution": "/funnel/?by=distribution&weeks=52",
    }

    faults = [f"{state}: {fault}" for state, address in addresses.items() for fault in look_at(page, address)]
    page.goto("/publications/?result=FAILURE")
    page.locator("details.opens summary").first.click()
    page.evaluate(AXE_SCRIPT)
    faults += [f"an open row: {fault}" for fault in in_each_light(page)]

    assert not faults, "\n".join(faults)


def test_dialogs(visit):
    load_demo()
    campaign = Campaign.objects.get(name="Autumn Roast Launch")
    page = visit("Manager", color_scheme="light", reduced_motion="reduce")
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.evaluate(AXE_SCRIPT)
    openers = page.locator(".page-head a[data-dialog]")
    assert openers.count() == 6  # generate codes, hand out, two reports, send to many, publish
    dialog = page.get_by_role("dialog")

    faults = []
    for opener in openers.all():
        opener.evaluate("link => link.click()")
        expect(dialog).to_be_visible()
        faults += [f"{dialog.get_by_role('heading').first.inner_text()}: {fault}" for fault in in_each_light(page)]
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()

    assert not faults, "\n".join(faults)


def in_the_demo() -> dict[str, int]:
    """The campaign with the most to show, and what belongs to it."""
    campaign = Campaign.objects.get(name="Autumn Roast Launch")
    publication = Publication.objects.filter(campaign=campaign, result="SUCCESS", voided_at=None).latest("created_at")
    return {
        "campaign_id": campaign.pk,
        "voucher_id": Voucher.objects.get(ledger__publication=publication).pk,
        "customer_id": publication.customer_id,
        "publication_id": publication.pk,
    }


def look_at(page: Page, address: str) -> list[str]:
    """What is wrong with the page at this address."""
    answer = page.goto(address)
    if answer.status != 200 or not answer.headers["content-type"].startswith("text/html"):
        return [f"answers {answer.status} {answer.headers['content-type']}"]
    faults = []
    if page.locator("h1").count() != 1:
        faults.append(f"h1: {page.locator('h1').all_inner_texts()}")
    if not page.title().removesuffix("· Handout").strip():
        faults.append("no title")
    page.evaluate("document.fonts.ready.then(() => true)")  # other letters have other widths
    page.evaluate(AXE_SCRIPT)
    return faults + in_each_light(page, all_of_them=False, on_phone=COLOURS if is_of_django(address) else EVERYTHING)


def is_of_django(address: str) -> bool:
    """The pages of the administration have the same parts on a phone as on a desktop, where all rules look at them."""
    return address.startswith("/admin/") and address != "/admin/"


def in_each_light(page: Page, *, all_of_them: bool = True, on_phone: dict = EVERYTHING) -> list[str]:
    """On a small phone, by day and by night. Of the many pages, made of the same parts, night is seen on the phone alone."""
    page.set_viewport_size(SMALL_PHONE)
    width = page.evaluate("document.documentElement.scrollWidth")
    faults = [f"phone: {width} pixels wide"] if width > SMALL_PHONE["width"] else []
    page.evaluate("repeated => document.querySelectorAll(repeated).forEach((part) => part.remove())", REPEATED)
    page.emulate_media(color_scheme="light" if all_of_them else "dark")
    faults += inaccessible(page, ALL_BUT_COLOURS if all_of_them else on_phone, "phone")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESKTOP)
    faults += inaccessible(page, EVERYTHING, "light")
    if all_of_them:
        page.emulate_media(color_scheme="dark")
        faults += inaccessible(page, COLOURS, "dark")
        page.emulate_media(color_scheme="light")
    return faults


def inaccessible(page: Page, rules: dict, where: str) -> list[str]:
    violations = page.evaluate("rules => axe.run(rules).then((found) => found.violations)", rules)
    return [
        f"{where}: {violation['id']} at {node['target'][0]}: {node['failureSummary']}"
        for violation in violations
        for node in violation["nodes"][:3]
    ]
