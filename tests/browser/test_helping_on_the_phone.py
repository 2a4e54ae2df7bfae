"""What a caller asks takes at most three actions, from any page: typing one thing and Enter, or one click, each is one.

PICTURES=folder keeps a picture after each action. Both boxes stand in the frame that every page extends (_shell.html).
"""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaigns.codes.models import Voucher
from tests.support.factories import CustomerFactory, VoucherFactory, published

ANY_PAGE = "/segments/"


class Actions:
    """Does what staff do, and counts it. `leads_to` is a heading or text that must be there before the next action."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name, self.count = page, name, 0

    def type(self, text: str, *, shortcut: str = "", leads_to: str) -> None:
        """What is typed where the focus is, or where the key leads, and Enter: what a scanner does, too."""
        if shortcut:
            self.page.keyboard.press(shortcut)
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        self._done(leads_to)

    def click(self, name: str, *, leads_to: str) -> None:
        shown = self.page.get_by_role("dialog") if self.page.locator("dialog[open]").count() else self.page
        shown.get_by_role("link", name=name).or_(shown.get_by_role("button", name=name)).first.click()
        self._done(leads_to)

    def _done(self, leads_to: str) -> None:
        self.count += 1
        expect(self.page.get_by_text(leads_to).first).to_be_visible()
        if folder := os.environ.get("PICTURES"):
            self.page.screenshot(path=f"{folder}/{self.name}-{self.count}.png")


@pytest.fixture
def caller():
    mara = CustomerFactory(name="Mara Lindqvist", email="mara@example.com")
    for code in ("ROAST-77AB", "ROAST-88CD"):
        published(VoucherFactory(code=code), mara)
    return mara


@pytest.fixture
def actions(page, caller, request):
    page.goto(ANY_PAGE)
    return Actions(page, request.node.name)


def test_my_code_does_not_work(page, actions):
    Voucher.objects.filter(code="ROAST-77AB").update(expiration_date=timezone.now() - timedelta(days=1))

    actions.type("roast 77ab", shortcut=".", leads_to="It expired on")

    expect(page.get_by_role("heading", name="Expired")).to_be_visible()
    expect(page.get_by_text("Mara Lindqvist").first).to_be_visible()
    expect(page.locator("#code")).to_be_focused()  # the next code may be scanned
    assert actions.count <= 3


def test_i_never_got_one(page, actions):
    actions.type("mara@example.com", shortcut="/", leads_to="Receives e-mails")
    actions.click("Send the code again", leads_to="The customer gets the same code again")
    actions.click("Send again", leads_to="The message to mara@example.com is stored, not sent")

    assert actions.count <= 3


def test_i_got_two(page, actions):
    actions.type("mara@example.com", shortcut="/", leads_to="0 of 1")
    expect(page.get_by_text("0 of 1")).to_have_count(2)
    actions.click("Release the code", leads_to="Kept in the history")
    expect(page.get_by_label("Reason")).to_be_focused()
    actions.type("Got two", leads_to="The code has been released")

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
