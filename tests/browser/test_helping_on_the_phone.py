"""What a caller asks takes at most three actions, from any page: typing one thing and Enter, or one click, each is one."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.codes.models import Voucher
from tests.support.factories import CustomerFactory, VoucherFactory, published

ANY_PAGE = "/segments/"


class Actions:
    """Does what staff do, and counts it."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def type(self, shortcut: str, text: str) -> None:
        """A key that goes to a box, what is typed there, and Enter: what a scanner does, too."""
        self.page.keyboard.press(shortcut)
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self.count += 1

    def click(self, name: str) -> None:
        self.page.get_by_role("link", name=name).or_(self.page.get_by_role("button", name=name)).first.click()
        self.count += 1


@pytest.fixture
def caller():
    mara = CustomerFactory(name="Mara Lindqvist", email="mara@example.com")
    for code in ("ROAST-77AB", "ROAST-88CD"):
        published(VoucherFactory(code=code), mara)
    return mara


@pytest.fixture
def actions(page, caller):
    page.goto(ANY_PAGE)
    return Actions(page)


def test_my_code_does_not_work(page, actions):
    Voucher.objects.filter(code="ROAST-77AB").update(expiration_date=timezone.now() - timedelta(days=1))

    actions.type(".", "roast 77ab")

    expect(page.get_by_role("heading", name="Expired")).to_be_visible()
    expect(page.get_by_text("Mara Lindqvist").first).to_be_visible()
    expect(page.locator("#code")).to_be_focused()  # the next code may be scanned
    assert actions.count <= 3


def test_i_never_got_one(page, actions):
    actions.type("/", "mara@example.com")
    actions.click("Send the code again")
    expect(page.get_by_role("dialog")).to_contain_text("The customer gets the same code again")
    page.get_by_role("dialog").get_by_role("button", name="Send again").click()
    actions.count += 1

    expect(page.get_by_text("The message to mara@example.com is stored, not sent")).to_be_visible()
    assert actions.count <= 3


def test_i_got_two(page, actions):
    actions.type("/", "mara@example.com")
    expect(page.get_by_text("0 of 1")).to_have_count(2)
    actions.click("Release the code")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Got two")
    dialog.get_by_role("button", name="Release").click()
    actions.count += 1

    expect(page.get_by_text("The code has been released")).to_be_visible()
    assert actions.count <= 3


def test_a_code_is_redeemed_and_rolled_back_by_keyboard(visit, caller):
    page = visit("Till")
    page.goto("/")
    expect(page.locator("#code")).to_be_focused()
    page.keyboard.type("no such code")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Unknown code")).to_be_visible()
    page.keyboard.type("roast-77ab")  # takes the place of what was typed before
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Redeemable")).to_be_visible()

    page.get_by_label("Order ID").fill("A-1042")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Used up")).to_be_visible()

    page.get_by_role("link", name="Roll back").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("Wrong code")
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("heading", name="Redeemable")).to_be_visible()
