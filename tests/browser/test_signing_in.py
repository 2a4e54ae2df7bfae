"""The first minutes: signing in, and what a new installation says."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.factories import UserFactory

pytestmark = pytest.mark.browser


def test_a_wrong_password_is_said_and_the_right_one_opens_the_page_that_was_asked_for(visit):
    mara = UserFactory(username="mara", role="Manager")
    mara.set_password("correct horse battery")
    mara.save()
    page = visit()

    page.goto("/campaigns/")
    expect(page).to_have_url(re.compile(r"/login/\?next=/campaigns/$"))
    page.get_by_label("Username").fill("mara")
    page.get_by_label("Password").fill("wrong horse battery")
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("alert")).to_contain_text("Please enter a correct username and password.")
    expect(page.get_by_label("Username")).to_have_value("mara")

    page.get_by_label("Password").fill("correct horse battery")
    page.keyboard.press("Enter")

    expect(page).to_have_url(re.compile(r"/campaigns/$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Campaigns")


def test_a_new_installation_says_what_to_do_first(page):
    page.goto("/")

    expect(page.get_by_role("main").get_by_role("heading", level=2)).to_have_text(
        ["Create a campaign", "Add codes", "Publish the first code", "Connect your shop", "Before you use it for real"]
    )
    page.get_by_role("link", name="New campaign").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("New campaign")


def test_signing_out_ends_the_session(page):
    page.goto("/")
    page.locator(".user-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(r"/login/$"))

    page.goto("/customers/")

    expect(page).to_have_url(re.compile(r"/login/\?next=/customers/$"))
