"""A distribution in the browser: made step by step, looked at, started, watched while it sends, and its outbox."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.utils import timezone
from playwright.sync_api import Page, expect

from customers.segments.models import Segment, SegmentMember
from publications.distributions.models import Delivery, Distribution, KeptMessage
from tests.browser.test_every_page import in_each_light
from tests.support.distributions import draft, put_all_into
from tests.support.factories import CampaignFactory, CustomerFactory

pytestmark = pytest.mark.browser


def go_on(page: Page, words: str = "Save and continue") -> None:
    page.get_by_role("button", name=words).click()


def start_now() -> None:
    Distribution.objects.filter(status="scheduled").update(starts_at=timezone.now())


def test_from_the_first_step_to_the_last_message(visit):
    ada, ben = CustomerFactory(name="Ada Adler", email="ada@example.com"), CustomerFactory(name="Ben Baker", email="")
    segment = Segment.objects.create(name="Readers", type="static")
    SegmentMember.objects.bulk_create(SegmentMember(segment=segment, customer=customer) for customer in (ada, ben))
    campaign = CampaignFactory(name="Autumn Roast", codes=3)
    page = visit("Operator")

    page.goto("/distributions/")
    page.get_by_role("link", name="New distribution").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("Readers in November")
    page.keyboard.press("Enter")
    page.get_by_label("Segment", exact=True).select_option("Readers")
    go_on(page)
    page.get_by_label("Campaign", exact=True).press_sequentially("autumn")
    page.get_by_role("option", name="Autumn Roast").click()
    go_on(page)
    page.get_by_label("Subject").fill("For {{ customer.first_name }}")
    page.get_by_label("Text").fill("Hello {{ customer.name }},\n\nyour code: {{ code }}")
    sample = page.get_by_role("region", name="Sample")
    expect(sample).to_contain_text("Hello Ada Adler,")
    page.get_by_label("Subject").fill("For {{ customer.firstname }}")
    expect(sample).to_contain_text("{{ customer.firstname }} is not a variable")
    page.get_by_label("Subject").fill("For {{ customer.first_name }}")
    expect(sample).to_contain_text("For Ada")
    go_on(page)
    go_on(page, "Save and review")

    expect(page.get_by_role("region", name="Dry run")).to_contain_text("1 needed, 3 in the pool")
    expect(page.get_by_role("row", name="No e-mail address 1")).to_be_visible()
    expect(page.frame_locator("iframe").get_by_text("Hello Ada Adler,")).to_be_visible()
    page.get_by_placeholder("Name, e-mail or source ID").press_sequentially("ben")
    page.get_by_role("option", name="Ben Baker").click()
    message = page.get_by_role("region", name="Message")
    expect(message).to_contain_text("Ben Baker would be skipped: No e-mail address.")
    page.get_by_label("Send a test to").fill("me@example.com")
    page.get_by_role("button", name="Send test").click()
    expect(page.get_by_text("The test was stored in the Outbox, not sent")).to_be_visible()
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_text("Starts in")).to_be_visible()
    start_now()
    expect(page.get_by_role("heading", name="Readers in November Done")).to_be_visible()
    expect(page.get_by_role("row", name="Ada Adler")).to_contain_text("Stored, not sent")
    page.get_by_role("link", name="Outbox").first.click()
    page.get_by_role("link", name="For Ada", exact=True).click()
    code = Delivery.objects.get(customer=ada).publication.ledger.get().voucher.code
    expect(page.frame_locator("iframe").get_by_text(code)).to_be_visible()
    assert campaign.vouchers.filter(published_at=None).count() == 2
    assert KeptMessage.objects.count() == 2  # with the test


def test_a_run_is_cancelled_within_its_window(page):
    made = draft(2, codes=2)

    page.goto(f"/distributions/{made.public_id}/review")
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Cancel").click()

    expect(page.get_by_role("heading", name="Autumn Cancelled")).to_be_visible()
    expect(page.get_by_text("Cancelled before it started. Nothing was sent.")).to_be_visible()
    assert made.deliveries.count() == 0


def test_the_list_follows_the_run_but_not_while_somebody_is_busy_with_it(page):
    made = draft([CustomerFactory(name="Ada Adler")], codes=1)
    # Resting, so that the worker of the test leaves it alone; no longer than it ever rests.
    rest = timezone.now() + timedelta(minutes=4)
    put_all_into("running", audience_complete=True, started_at=timezone.now(), rests_until=rest)
    recipient = Delivery.objects.create(distribution=made, customer=made.listed.get().customer)
    row, tile = page.get_by_role("row", name="Ada Adler"), page.locator("#run .tile dd")

    page.goto(f"/distributions/{made.public_id}/")
    row.get_by_role("link").focus()
    Delivery.objects.update(state="failed", reason="refused", detail="No such mailbox")
    expect(tile.nth(2)).to_have_text("1")
    expect(row).to_contain_text("Waiting")
    page.get_by_role("link", name="Outbox").first.focus()
    Delivery.objects.filter(pk=recipient.pk).update(state="sent", reason="", detail="")

    expect(row).to_contain_text("Sent")


def test_an_empty_pool_pauses_the_run_until_somebody_stops_it(page):
    made = draft(3, codes=1)

    page.goto(f"/distributions/{made.public_id}/review")
    expect(page.get_by_text("2 codes short.")).to_be_visible()
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Starts in")).to_be_visible()
    start_now()
    expect(page.get_by_role("heading", name="Autumn Paused by Handout")).to_be_visible()
    page.get_by_role("link", name="Stop permanently").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()

    expect(page.get_by_role("heading", name="Autumn Stopped")).to_be_visible()


def test_every_step_without_scripts(visit):
    CampaignFactory(name="Autumn Roast", codes=2)
    CustomerFactory(name="Ada Adler", source_id="shop-1")
    page = visit("Operator", java_script_enabled=False)

    page.goto("/distributions/new")
    page.get_by_label("Name").fill("Plain")
    page.get_by_role("button", name="Create draft").click()
    page.get_by_label("A list of e-mail addresses or source IDs").check()
    page.get_by_label("Paste a list").fill("shop-1")
    go_on(page)
    page.get_by_label("Campaign", exact=True).fill("Autumn Roast")
    go_on(page)
    page.get_by_label("Subject").fill("For {{ customer.name }}")
    page.get_by_label("Text").fill("{{ code }}")
    page.get_by_role("button", name="Show the sample").click()
    expect(page.get_by_role("region", name="Sample")).to_contain_text("For Ada Adler")
    go_on(page)
    go_on(page, "Save and review")
    page.get_by_role("button", name="Start").click()

    expect(page.get_by_role("link", name="Reload to update the countdown")).to_be_visible()
    assert Distribution.objects.get().status == "scheduled"


def test_the_pages_of_every_state_in_each_light(visit):
    page = visit("Manager", color_scheme="light", reduced_motion="reduce")
    made = draft([CustomerFactory() for _ in range(8)], codes=2)
    states = ["pending", "published", "sending", "sent", "kept", "failed", "skipped", "unknown"]
    for state, row in zip(states, made.listed.all(), strict=True):
        reason = "other" if state in ("failed", "skipped", "unknown") else ""
        Delivery.objects.create(
            distribution=made, customer=row.customer, state=state, reason=reason, detail="A reason" if reason else ""
        )

    faults = []
    for status in ("paused", "held", "done", "stopped", "cancelled"):
        put_all_into(status, status_reason="pool_empty" if status == "held" else "", audience_complete=True)
        page.goto(f"/distributions/{made.public_id}/")
        page.evaluate(AXE_SCRIPT)
        faults += [f"{status}: {fault}" for fault in in_each_light(page)]

    assert not faults, "\n".join(faults)
