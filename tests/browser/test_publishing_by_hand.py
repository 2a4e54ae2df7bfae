"""Publishing from the dialog: by mouse, to somebody new, with a mistake on the way, and by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.models import Publication
from tests.browser.conftest import DESKTOP, PHONE
from tests.support.factories import CampaignFactory, CustomerFactory

pytestmark = pytest.mark.browser


@pytest.fixture
def campaign(transactional_db):
    return CampaignFactory(name="Autumn Roast", codes=5)


@pytest.fixture
def mara(transactional_db):
    CustomerFactory(name="Martin Adler")
    return CustomerFactory(name="Mara Lindqvist", email="mara@example.com", source_id="shop-1042")


def test_by_mouse_to_a_customer_found_while_typing(page, campaign, mara):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.get_by_role("link", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_have_accessible_name("Publish from Autumn Roast")

    dialog.get_by_role("combobox", name="Customer").press_sequentially("mar", delay=40)
    options = dialog.get_by_role("option")
    expect(options).to_have_count(3)
    options.filter(has_text="Mara Lindqvist").click()
    expect(dialog.locator("#live")).to_have_text("Mara Lindqvist chosen")
    dialog.get_by_label("Number of codes").fill("2")
    dialog.get_by_label("Metadata").fill('{"order": 1042}')
    dialog.get_by_role("button", name="Publish").click()

    expect(dialog.get_by_role("heading")).to_contain_text("Published")
    publication = Publication.objects.get()
    codes = list(Voucher.objects.filter(ledger__publication=publication).order_by("pk").values_list("code", flat=True))
    expect(dialog.get_by_role("listitem")).to_have_text(codes)
    assert (publication.customer, publication.voucher_count, publication.channel) == (mara, 2, "Dashboard")
    assert publication.metadata == {"order": 1042}

    dialog.get_by_role("button", name=f"Copy {codes[1]}").click()
    expect(dialog.locator("#live")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == codes[1]
    dialog.get_by_role("button", name="Copy all").click()
    page.wait_for_function(
        "text => navigator.clipboard.readText().then(copied => copied === text)", arg="\n".join(codes)
    )

    dialog.get_by_role("link", name="Done").click()
    row = page.get_by_role("row").filter(has_text="Mara Lindqvist")
    expect(row).to_contain_text("2 codes")
    expect(row).to_contain_text("Dashboard")


def test_a_wrong_entry_is_said_in_place_and_keeps_what_was_typed(page, campaign, mara):
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.get_by_role("link", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")

    dialog.get_by_role("combobox", name="Customer").fill("shop-1042")
    dialog.get_by_label("Number of codes").fill("9")
    dialog.get_by_label("Metadata").fill("{order: 1042")
    dialog.get_by_role("button", name="Publish").click()
    metadata = dialog.get_by_label("Metadata")
    expect(metadata).to_have_attribute("aria-invalid", "true")
    expect(metadata).to_have_value("{order: 1042")

    metadata.fill('{"order": 1042}')
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog).to_contain_text("Mara Lindqvist")
    expect(dialog.get_by_role("alert")).to_be_visible()  # 9 are more than the 5 there are
    expect(dialog.get_by_label("Number of codes")).to_have_value("9")
    assert not Publication.objects.filter(result="SUCCESS").exists()

    dialog.get_by_label("Number of codes").fill("5")
    dialog.get_by_role("button", name="Publish").click()
    expect(dialog.get_by_role("listitem")).to_have_count(5)
    assert Publication.objects.get(result="SUCCESS").customer == mara


def test_to_somebody_new(page, campaign):
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.get_by_role("link", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")

    dialog.get_by_role("combobox", name="Customer").press_sequentially("noah@example.com", delay=20)
    dialog.get_by_role("option", name="Create “noah@example.com”").click()
    expect(dialog.get_by_label("E-mail")).to_have_value("noah@example.com")
    dialog.get_by_label("Name").fill("Noah Weber")
    dialog.get_by_role("button", name="Publish").click()

    expect(dialog).to_contain_text("1 code to Noah Weber")
    customer = Customer.objects.get()
    assert (customer.name, customer.email, customer.source_id) == ("Noah Weber", "noah@example.com", None)
    assert Publication.objects.get().customer == customer


def test_by_keyboard_alone(page, campaign, mara):
    page.goto(f"/campaigns/{campaign.public_id}/")
    _tab_to(page, "Publish")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox", name="Customer")).to_be_focused()

    page.keyboard.type("mara")
    expect(dialog.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_role("option", selected=True)).to_contain_text("Mara Lindqvist")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("link", name="Change")).to_be_focused()
    _tab_to(page, "Publish")
    page.keyboard.press("Enter")

    expect(dialog.get_by_role("link", name="Done")).to_be_focused()
    code = Voucher.objects.get(published_at__isnull=False).code
    expect(dialog.get_by_role("listitem")).to_have_text([code])
    assert Publication.objects.get().customer == mara
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def _tab_to(page: Page, name: str) -> None:
    """What is on it is asked of the page, as somebody who cannot see the focus would hear it."""
    said = []
    while name not in said and len(said) < 60:
        page.keyboard.press("Tab")
        said.append(
            page.evaluate("(document.activeElement.ariaLabel ?? document.activeElement.innerText ?? '').trim()")
        )
    assert name in said, said


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, {"width": 390, "height": 420}])  # the last with its keyboard out
def test_nothing_cuts_off_the_matches_in_the_dialog_of_a_code(visit, campaign, viewport):
    for n in range(8):
        CustomerFactory(name=f"Mara Lindqvist {n}")
    page = visit("Operator", viewport=viewport)
    page.goto(f"/codes/{campaign.vouchers.first().public_id}/")
    page.get_by_role("link", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")

    dialog.get_by_role("combobox", name="Customer").press_sequentially("mara", delay=40)
    options = dialog.get_by_role("option")
    expect(options).to_have_count(9)
    matches = page.get_by_role("listbox", name="Matches").bounding_box()

    assert matches["height"] > 100
    assert matches["y"] >= 0 and matches["y"] + matches["height"] <= viewport["height"]
    in_front = (
        "box => document.elementFromPoint(box.x + 20, box.y + box.height - 12).closest('[role=listbox]') !== null"
    )
    assert page.evaluate(in_front, matches)
    options.last.scroll_into_view_if_needed()
    options.nth(7).click()
    expect(dialog.locator(".chosen")).to_contain_text("Mara Lindqvist")


def test_a_finger_that_scrolls_the_matches_chooses_none(visit, campaign):
    for n in range(8):
        CustomerFactory(name=f"Mara Lindqvist {n}")
    page = visit("Operator", viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto(f"/codes/{campaign.vouchers.first().public_id}/publish")
    page.get_by_role("combobox", name="Customer").press_sequentially("mara", delay=40)
    option = page.get_by_role("option").nth(2)
    expect(option).to_be_visible()

    option.dispatch_event("pointerdown", {"pointerType": "touch"})
    expect(page.get_by_role("option")).to_have_count(9)
    option.tap()

    expect(page.locator(".chosen")).to_contain_text("Mara Lindqvist")
