"""Small things that each page has: buttons that copy and say so, and menus that a keyboard opens and leaves."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from config.api.actions.create_api_key import create_api_key
from publications.webhooks.actions.create_address import create_address
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.browser


def test_what_is_copied_is_said(visit, transactional_db):
    key, _ = create_api_key("Web shop", by=STAFF)
    hook = create_address("https://shop.example.com/webhooks", events=["publication.succeeded"], by=STAFF)
    page = visit("Manager")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    for address, text in (
        ("/settings/api-keys/", str(key.app_id)),
        (f"/settings/webhooks/{hook.public_id}/", hook.url),
    ):
        page.goto(address)
        page.get_by_role("button", name=f"Copy {text}").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#live")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == text


def test_where_a_browser_does_not_let_copy_that_is_said_too(visit, transactional_db):
    key, _ = create_api_key("Web shop", by=STAFF)
    page = visit("Manager")
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(); document.execCommand = () => false")
    page.goto("/settings/api-keys/")

    page.get_by_role("button", name=f"Copy {key.app_id}").click()

    expect(page.locator("#live")).to_have_text("Your browser did not allow copying. Select the text instead.")


def test_a_menu_is_left_by_escape_and_the_focus_is_on_its_button(visit, transactional_db):
    campaign = CampaignFactory(codes=1)
    page = visit("Manager")
    page.goto(f"/campaigns/{campaign.public_id}/")
    opener = page.locator("summary", has_text="Add codes")

    opener.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Generate codes")).to_be_focused()
    page.keyboard.press("Escape")

    expect(page.get_by_role("link", name="Generate codes")).to_be_hidden()
    expect(opener).to_be_focused()
