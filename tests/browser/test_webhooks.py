"""Webhooks in the browser: an address is added, a test is sent and watched, a row opens."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from publications.webhooks.check_address import SETTING
from publications.webhooks.models import WebhookAddress, WebhookDelivery
from tests.support.webhooks import SHOP, a_delivery, listening

pytestmark = pytest.mark.browser


def test_an_address_is_added_and_tried(page, settings):
    page.goto("/settings/webhooks/")
    page.get_by_role("link", name="New webhook").click()
    page.get_by_label("URL").fill("http://localhost/hook")
    page.get_by_label("A code was redeemed").check()
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_role("main")).to_contain_text("localhost is this server itself.")

    page.get_by_label("URL").fill(SHOP)
    page.get_by_role("button", name="Add webhook").click()
    expect(page.get_by_role("heading", name="Webhook Active")).to_be_visible()
    address = WebhookAddress.objects.get()
    assert address.events == ["publication.succeeded", "voucher.redeemed"]
    page.get_by_text("Show", exact=True).click()
    expect(page.get_by_text(address.secret)).to_be_visible()

    WebhookAddress.objects.update(url="http://127.0.0.1:9999/hook")  # to which this server refuses to send
    page.get_by_role("button", name="Send test").click()
    expect(page.get_by_role("region", name="Attempts")).to_contain_text(f"127.0.0.1 is a private address. {SETTING}")
    assert WebhookDelivery.objects.get().status == "failed"


def test_a_row_opens_to_what_was_sent(page):
    address = listening()
    older, newer = a_delivery(address), a_delivery(address)
    WebhookDelivery.objects.update(status="delivered", next_attempt_at=None, answer_status=200, answer_body='{"ok": 1}')

    page.goto(f"/settings/webhooks/{address.public_id}/")
    page.get_by_label(f"Details of {older.event_id}").click()

    expect(page.get_by_text('"type": "publication.succeeded"')).to_have_count(1)
    expect(page.locator(f"#delivery-{older.pk}").get_by_role("region", name="Request")).to_contain_text(older.event_id)
    expect(page.locator(f"#delivery-{newer.pk}")).to_be_hidden()
    page.get_by_label("Status").select_option("Failed")
    expect(page.get_by_role("region", name="Deliveries")).to_contain_text("No matches")


def test_pausing_and_resuming_without_scripts(visit):
    address = listening()
    page = visit("Manager", java_script_enabled=False)

    page.goto(f"/settings/webhooks/{address.public_id}/")
    page.locator("summary", has_text="More").click()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", name="Webhook Paused")).to_be_visible()
    page.get_by_role("button", name="Resume").click()

    expect(page.get_by_role("heading", name="Webhook Active")).to_be_visible()
