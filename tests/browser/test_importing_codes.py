"""Codes from a CSV file: uploaded, looked at, its columns chosen, imported by the worker, the wrong rows taken home."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from playwright.sync_api import expect

from campaigns.codes.models import CodeImport
from tests.support.factories import CampaignFactory, VoucherFactory

pytestmark = pytest.mark.browser

FILE = """Voucher;Enabled;Region
ROAST-7KQ2;TRUE;Köln
ROAST-9XWD;FALSE;Malmö
ROAST-7KQ2;TRUE;Porto
TAKEN-0001;TRUE;Lyon
ROAST-B4TM;perhaps;Kraków
"""


def test_good_rows_are_imported_and_wrong_ones_come_back_in_a_file(page):
    VoucherFactory(code="TAKEN-0001")
    campaign = CampaignFactory(name="Autumn Roast")
    page.goto(f"/campaigns/{campaign.public_id}/")
    page.get_by_text("Add codes", exact=True).click()
    page.get_by_role("link", name="Import codes").click()

    file = {"name": "autumn.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252", "xmlcharrefreplace")}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload and preview").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("autumn.csv")
    expect(page.get_by_label("Encoding")).to_have_value("cp1252")
    expect(page.get_by_label("Delimiter")).to_have_value(";")
    expect(page.get_by_label("Import column “Region” as")).to_have_value("metadata.Region")
    page.get_by_label("Import column “Voucher” as").select_option("Code")
    page.get_by_label("Import column “Enabled” as").select_option("Active")
    preview = page.get_by_role("region", name="Preview of what will be stored")
    expect(preview).to_contain_text("Malmö")
    expect(preview.get_by_role("row").last).to_contain_text("Rejected")
    findings = page.get_by_role("region", name="5 rows")
    expect(findings).to_contain_text("1 row would be rejected. Enabled: “perhaps” is not TRUE or FALSE.")
    expect(findings).to_contain_text("Windows-1252 (Western Europe) is a guess.")
    expect(page.get_by_role("main")).to_contain_text("3 of 5 would be rejected")
    page.get_by_role("button", name="Import file").click()

    expect(page.get_by_role("main")).to_contain_text("The valid rows have been imported; 3 were rejected.")
    refused = page.get_by_role("region", name="Rejected rows").get_by_role("row")
    expect(refused).to_have_count(4)
    imported = campaign.vouchers.order_by("code").values_list("code", "active", "metadata")
    assert list(imported) == [("ROAST-7KQ2", True, {"Region": "Köln"}), ("ROAST-9XWD", False, {"Region": "Malmö"})]

    with page.expect_download() as download:
        page.get_by_role("link", name="Download the error file").click()
    assert download.value.suggested_filename == "autumn-errors.csv"
    with Path(download.value.path()).open(encoding="utf-8-sig", newline="") as file:
        headings, *rows = csv.reader(file, delimiter=";")
    assert headings == ["Voucher", "Enabled", "Region", "Row", "Error"]
    assert [(row[0], row[3]) for row in rows] == [("ROAST-7KQ2", "4"), ("TAKEN-0001", "5"), ("ROAST-B4TM", "6")]

    page.get_by_role("link", name="View codes").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Autumn Roast")
    assert CodeImport.objects.get().rows_imported == 2


def test_a_file_that_is_no_csv_is_refused_where_it_was_chosen(page):
    page.goto("/codes/import")

    file = {
        "name": "picture.csv",
        "mimeType": "text/csv",
        "buffer": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
    }
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload and preview").click()

    expect(page.get_by_label("CSV file")).to_have_attribute("aria-invalid", "true")
    assert not CodeImport.objects.exists()
