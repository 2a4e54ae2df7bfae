"""Files from the dashboard: ordered in a dialog, made by the worker, and what the browser saves is what is in the database."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from config.staff.models import AuditEntry
from publications.exports.models import Export
from publications.models import Publication
from tests.support.factories import CampaignFactory, CustomerFactory, published

pytestmark = pytest.mark.browser


def test_a_hand_out_is_ordered_watched_and_downloaded(page):
    campaign = CampaignFactory(name="=Autumn, roasted", codes=60, category="Season")
    published(campaign.vouchers.order_by("pk")[10])
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.locator("summary", has_text="Export").click()
    page.get_by_role("link", name="Hand out codes to a file").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("59 codes in the pool")

    dialog.get_by_label("Number of codes").fill("60")
    dialog.get_by_label("For whom").fill("Print shop")
    dialog.get_by_role("button", name="Publish to a file").click()
    expect(dialog.get_by_role("alert")).to_contain_text("You requested 60 codes, but the pool has 59.")
    dialog.get_by_label("Number of codes").fill("40")
    dialog.get_by_label("CSV for a program").check()
    dialog.get_by_role("button", name="Publish to a file").click()

    file = _download(page)
    export, publication = Export.objects.get(), Publication.objects.get(channel="CSV")
    assert hashlib.sha256(file).hexdigest() == export.sha256
    assert len(file) == export.size
    expect(page.get_by_role("main")).to_contain_text(export.sha256)
    headings, *rows = csv.reader(io.StringIO(file.decode()))
    assert headings[:3] == ["Code", "Campaign", "Voucher type"]
    held = publication.ledger.order_by("voucher_id").values_list("voucher__code", flat=True)
    assert [row[0] for row in rows] == list(held)
    assert len(rows) == publication.voucher_count == 40
    at = headings.index("Published at")
    moment = publication.ledger.order_by("voucher_id")[0].voucher.published_at
    expected = ["=Autumn, roasted", "DISCOUNT_VOUCHER", "PERCENT", "10", "", "", "", "", "Season"]
    assert all(row[1:10] == expected for row in rows)
    assert rows[0][at] == f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"
    assert AuditEntry.objects.filter(action="export.downloaded", object_id=export.public_id).count() == 1
    assert campaign.vouchers.filter(published_at=None).count() == 19


def test_a_report_holds_what_the_history_was_filtered_to(page):
    campaign = CampaignFactory(name="Autumn Roast", codes=12)
    mara = CustomerFactory(name="=Mara()", email="mara@example.com", source_id="shop-1042")
    for number, voucher in enumerate(campaign.vouchers.order_by("pk")[:10]):
        published(voucher, mara if number % 2 else None, channel="Dashboard" if number < 6 else "API")
    page.goto(f"/campaigns/{campaign.public_id}/?channel=Dashboard&q=shop-1042")
    history = page.get_by_role("region", name="Publication history")
    expect(history.locator("tbody > tr:not(.expanded)")).to_have_count(3)

    history.get_by_role("link", name="Report").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("definition")).to_have_text(["Dashboard", "shop-1042"])
    expect(dialog.get_by_label("Excel workbook")).to_be_checked()  # which is what is offered first
    expect(dialog.get_by_label("Separator")).to_be_hidden()
    dialog.get_by_label("CSV for Excel").check()
    dialog.get_by_label("Separator").select_option("Semicolon")
    dialog.locator("button.primary", has_text="Create file").click()

    file = _download(page)
    assert file.startswith(b"\xef\xbb\xbfDate;")
    rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig")), delimiter=";"))
    expected = Publication.objects.filter(channel="Dashboard", customer=mara).order_by("-created_at", "-id")
    assert [row["Code"] for row in rows] == [publication.ledger.get().voucher.code for publication in expected]
    assert {row["Customer"] for row in rows} == {"'=Mara()"}
    assert {(row["E-mail"], row["Channel"], row["Result"]) for row in rows} == {
        ("mara@example.com", "Dashboard", "SUCCESS")
    }
    assert Publication.objects.count() == 10


def _download(page: Page) -> bytes:
    """From the page of the export, as soon as the worker has made its file."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download file").click()
    assert download.value.suggested_filename == Export.objects.get().file_name
    return Path(download.value.path()).read_bytes()
