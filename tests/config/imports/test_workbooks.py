"""Workbooks are imported as they are, and whatever one does to its reader, it does to a process of its own."""

from datetime import UTC, date, datetime

import pytest
from django.core.files.base import ContentFile

from campaigns.codes.models import CodeImport, Voucher
from config.imports.csv.files import csv_file
from config.imports.csv.layout import CsvLayout
from config.imports.csv.uploads import NotCsv
from config.imports.kinds import Code, Column, Time
from config.imports.xlsx.files import xlsx_file
from config.imports.xlsx.read_workbook import TOO_LARGE, read_sheet
from customers.models import Customer
from tests.config.imports.test_import_pages import choices, upload
from tests.support.factories import CampaignFactory
from tests.support.imports import counts, imported_codes, imported_customers, refused
from tests.support.workbooks import packed, parts_of, sheet_of, workbook


def rows_of(content: bytes, sheet: str = "") -> list[str]:
    with read_sheet(ContentFile(content), sheet).content as file:
        return file.read().decode().splitlines()


def test_cells_are_what_a_person_sees_in_them():
    rows = [
        ["Code", "Number", "Sum", "Day", "Moment", "Yes", "Text"],
        ["00012", 12.0, 0.1 + 0.2, date(2026, 12, 31), datetime(2026, 12, 31, 10, 30), True, 'a "b", c'],  # noqa: DTZ001
        ["A", -5, 1e-7, None, None, False, "é"],
        ["B", 12345678901234567890, 1234567890123456, None, None, None, None],
    ]

    assert rows_of(workbook(Codes=rows)) == [
        "Code,Number,Sum,Day,Moment,Yes,Text",
        '00012,12,0.3,2026-12-31,2026-12-31 10:30:00,TRUE,"a ""b"", c"',
        "A,-5,0.0000001,,,FALSE,é",
        "B,12345678901234600000,1234567890123456,,,,",
    ]


def test_a_formula_that_failed_is_not_an_empty_cell():
    parts = parts_of(workbook(Other=[["x"]], Codes=[["x"]]))
    failed = '<row r="1"><c r="B1"><v>1</v></c><c r="C1"><v>2</v></c></row><row r="3"><c r="B3" t="e"><f>NA()</f><v>#N/A</v></c><c r="C3" t="e"><v>#DIV/0!</v></c></row>'

    assert rows_of(packed({**parts, "xl/worksheets/sheet2.xml": sheet_of(failed)}), "Codes")[2] == "#N/A,#DIV/0!"


def test_rows_are_numbered_as_in_the_spreadsheet():
    content = workbook(Codes=[[], ["Code"], [], ["A"]])

    assert [row.strip('"') for row in rows_of(content)] == ["", "Code", "", "A"]


def test_the_first_sheet_with_rows_is_taken_and_hidden_ones_are_not_offered():
    content = workbook(hidden=("Secret",), Empty=[], Secret=[["x"]], Codes=[["Code"], ["A"]], Other=[["Code"], ["B"]])

    sheet = read_sheet(ContentFile(content))
    sheet.content.close()

    assert (sheet.name, sheet.names) == ("Codes", ["Empty", "Codes", "Other"])
    assert rows_of(content, "Other") == ["Code", "B"]


# Two cells in opposite corners: 1.5 KB whose table would take 17 billion cells.
FAR_APART = sheet_of('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def far_apart() -> bytes:
    return packed({**parts_of(workbook(Codes=[["Code"]])), "xl/worksheets/sheet1.xml": FAR_APART})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (far_apart(), TOO_LARGE),
        (packed({"xl/workbook.xml": "<broken"}), "The spreadsheet is damaged."),
        (packed({"letter.txt": "Hello"}), "This is an archive, not a spreadsheet."),
        (b"PK\x03\x04 and more", "The spreadsheet is damaged."),
    ],
)  # fmt: skip
def test_a_workbook_that_cannot_be_read_is_refused(content, message):
    with pytest.raises(NotCsv) as told:
        read_sheet(ContentFile(content))

    assert str(told.value).startswith(message)


@pytest.mark.django_db
def test_our_own_workbooks_and_protected_files_come_back_as_the_codes_that_they_were(settings, tmp_path):
    settings.HANDOUT_DATA = tmp_path
    codes = ["00012", "'00123", "''7", "'TRUE", "'t Hooft", "'=1+1", "1E10", "12-MAR", '="0012"']
    Voucher.objects.bulk_create(
        Voucher(code=code, expiration_date=datetime(2026, 12, 31, 22, 59, 59, 999_000, tzinfo=UTC)) for code in codes
    )
    columns = [Column("Code", "code", Code), Column("Valid until", "expiration_date", Time)]
    rows = Voucher.objects.order_by("id")
    with xlsx_file(columns, [rows], zone="Europe/Madrid", name="Codes") as file:
        workbook_of_ours = b"".join(file.content.chunks())
    with csv_file(columns, [rows], CsvLayout(protects=True)) as file:
        protected = b"".join(file.content.chunks())
    Voucher.objects.all().delete()

    campaign = CampaignFactory()
    for content in (workbook_of_ours, protected):
        done = imported_codes(content, campaign, time_zone="Europe/Madrid")
        stored = list(Voucher.objects.order_by("id").values_list("code", "expiration_date"))
        assert refused(done) == []
        assert stored == [(code, datetime(2026, 12, 31, 22, 59, 59, 999_000, tzinfo=UTC)) for code in codes]
        Voucher.objects.all().delete()


@pytest.mark.django_db
def test_codes_come_in_from_a_workbook(project):
    project(time_zone="Europe/Berlin")
    rows = [["Code", "Expiration date", "Value", "Discount type"], ["X-1", date(2026, 12, 31), 10.0, "PERCENT"]]

    done = imported_codes(workbook(Codes=rows), CampaignFactory())

    voucher = Voucher.objects.get()
    assert counts(done) == (1, 1, 0, 0)
    assert (voucher.code, voucher.discount_value) == ("X-1", 10)
    assert voucher.expiration_date.isoformat() == "2026-12-31T22:59:59.999000+00:00"
    assert (done.workbook.name[-5:], done.sheet) == (".xlsx", "Codes")


@pytest.mark.django_db
def test_wrong_rows_of_a_workbook_are_named_as_it_numbers_them():
    done = imported_customers(workbook(People=[["Name", "Email"], ["Ann", "ann@example.com"], [], ["Ben", "nobody"]]))

    assert [row for row, _ in refused(done)] == [4]
    assert Customer.objects.get().name == "Ann"


@pytest.mark.django_db
def test_another_sheet_is_chosen_on_the_page(signed_in):
    browser = signed_in("Manager")
    content = workbook(First=[["Code"], ["A-1"]], Second=[["Voucher", "Active"], ["B-1", True], ["B-2", False]])
    answer = upload(browser, content, f"/campaigns/{CampaignFactory().public_id}/import", "codes.xlsx")
    draft = CodeImport.objects.get()

    page = browser.post(answer.url, choices(draft, sheet="Second"))

    draft.refresh_from_db()
    assert (draft.sheet, draft.mapping) == ("Second", {"0": "code", "1": "active"})
    assert [row.values for row in page.context["preview"].rows] == [["B-1", "Yes"], ["B-2", "No"]]


@pytest.mark.django_db
def test_a_sheet_that_cannot_be_read_is_told_and_the_draft_stays_as_it_was(signed_in):
    browser = signed_in("Manager")
    parts = parts_of(workbook(First=[["Code"], ["A-1"]], Second=[["Code"]]))
    content = packed({**parts, "xl/worksheets/sheet2.xml": FAR_APART})
    answer = upload(browser, content, f"/campaigns/{CampaignFactory().public_id}/import", "codes.xlsx")

    page = browser.post(answer.url, choices(CodeImport.objects.get(), sheet="Second") | {"start": ""})

    draft = CodeImport.objects.get()
    assert page.context["preview"].problem == TOO_LARGE
    assert (draft.status, draft.sheet) == ("draft", "First")
    assert [row.values for row in browser.get(answer.url).context["preview"].rows] == [["A-1"]]


@pytest.mark.django_db
def test_cells_are_pasted_from_a_spreadsheet(signed_in):
    browser = signed_in("Manager")
    url = f"/campaigns/{CampaignFactory().public_id}/import"

    answer = browser.post(url, {"cells": "Code\tActive\r\nP-1\tTRUE\r\nP-2\tFALSE\r\n"})
    nothing = browser.post(url, {"cells": " "})

    draft = CodeImport.objects.get()
    assert (draft.delimiter, draft.mapping) == ("\t", {"0": "code", "1": "active"})
    assert [row.values for row in browser.get(answer.url).context["preview"].rows] == [["P-1", "Yes"], ["P-2", "No"]]
    assert nothing.context["form"].errors == {"file": ["Choose a file, or paste cells."]}
