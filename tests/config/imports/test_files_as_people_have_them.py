"""Files as spreadsheets and people make them: how they are written is found out, and what they say is what is stored."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from campaigns.codes.actions.import_codes import import_codes
from campaigns.codes.models import CodeImport, Voucher
from config.imports.csv.cells import text_of
from config.imports.csv.files import csv_line
from customers.models import Customer
from tests.config.imports.test_import_pages import upload
from tests.support.factories import CampaignFactory
from tests.support.imports import (
    counts,
    error_rows,
    imported_codes,
    imported_customers,
    queued_codes,
    queued_customers,
    refused,
)

pytestmark = pytest.mark.django_db


def gift_campaign():
    return CampaignFactory(kind="GIFT_VOUCHERS", gift_amount=10, discount_type=None, discount_value=None)


def codes():
    return list(Voucher.objects.order_by("pk").values_list("code", flat=True))


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2026-12-31", datetime(2026, 12, 31, 22, 59, 59, 999_000, tzinfo=UTC)),
        ("31.12.2026", datetime(2026, 12, 31, 22, 59, 59, 999_000, tzinfo=UTC)),
        ("12/31/2026", datetime(2026, 12, 31, 22, 59, 59, 999_000, tzinfo=UTC)),
        ("46387", datetime(2026, 12, 31, 22, 59, 59, 999_000, tzinfo=UTC)),
        ("46387.5", datetime(2026, 12, 31, 11, tzinfo=UTC)),
        ("2026-12-31 10:00", datetime(2026, 12, 31, 9, tzinfo=UTC)),
        ("31.12.2026 10:00", datetime(2026, 12, 31, 9, tzinfo=UTC)),
        ("12/31/2026 10:00 PM", datetime(2026, 12, 31, 21, tzinfo=UTC)),
        ("2026-07-01T12:00", datetime(2026, 7, 1, 10, tzinfo=UTC)),
        ("2026-12-31T10:00:00Z", datetime(2026, 12, 31, 10, tzinfo=UTC)),
        ("2026-12-31 10:00:00 -0500", datetime(2026, 12, 31, 15, tzinfo=UTC)),
    ],
)
def test_an_expiration_is_the_end_of_its_day_where_the_project_is(project, cell, moment):
    project(time_zone="Europe/Berlin")

    imported_codes(f"Code,Expiration date\nEXP-1,{cell}\n", CampaignFactory())

    assert Voucher.objects.get().expiration_date == moment


@pytest.mark.parametrize("offset", ["+99:00", "-24:00", "+05:61", "+16:00"])
def test_an_offset_that_no_clock_has_is_no_date(offset):
    done = imported_codes(f"Code,Expiration date\nEXP-1,2026-12-31T10:00:00{offset}\n", CampaignFactory())

    assert [(row, error.split(". ")[0]) for row, error in refused(done)] == [
        (2, f"Expiration date: “2026-12-31T10:00:00{offset}” is not a date")
    ]


def test_a_start_is_the_beginning_of_its_day_where_the_project_is(project):
    project(time_zone="Europe/Berlin")

    imported_codes("Code,Start date\nS-1,2026-12-31\n", CampaignFactory())

    assert Voucher.objects.get().start_date == datetime(2026, 12, 30, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dates", "read"),
    [
        (["03/04/2026", "25/12/2026"], [date(2026, 4, 3), date(2026, 12, 25)]),
        (["03/04/2026", "12/25/2026"], [date(2026, 3, 4), date(2026, 12, 25)]),
        (["03.04.2026"], [date(2026, 4, 3)]),
        (["04/04/2026"], [date(2026, 4, 4)]),
    ],
)
def test_one_date_that_leaves_no_doubt_tells_how_all_are_written(dates, read):
    imported_customers("Name,Birthdate\n" + "".join(f"N,{each}\n" for each in dates))

    assert list(Customer.objects.order_by("pk").values_list("birthdate", flat=True)) == read


def test_a_date_that_can_be_read_in_two_ways_is_refused_until_somebody_says_how():
    unclear = imported_customers("Name,Birthdate\nN,03/04/2026\n")
    told = imported_customers("Name,Birthdate\nN,03/04/2026\n", date_order="mdy")

    assert refused(unclear) == [
        (2, "Birthdate: “03/04/2026” can be read with the day first or the month first. Choose how the file writes "
            "dates, or write it as 2026-11-30.")
    ]  # fmt: skip
    assert counts(told) == (1, 1, 0, 0)
    assert Customer.objects.get().birthdate == date(2026, 3, 4)


def test_thousands_and_decimals_that_look_alike_are_refused_alike():
    done = imported_codes("Code;Gift amount\nTH-1;25.000\nTH-2;25,000\n", gift_campaign())

    ways = "can be thousands or decimals. Choose how the file writes amounts, or write it as 25000 or 25.00."
    assert refused(done) == [(2, f"Gift amount: “25.000” {ways}"), (3, f"Gift amount: “25,000” {ways}")]


@pytest.mark.parametrize(
    ("cells", "amounts"),
    [
        (["25.000", "1,50"], [25_000, Decimal("1.50")]),
        (["25,000", "1.50"], [25_000, Decimal("1.50")]),
        (["1.250,50"], [Decimal("1250.50")]),
        (["1,250.50"], [Decimal("1250.50")]),
        (["1 250,50", "1’250.50"], [Decimal("1250.50"), Decimal("1250.50")]),
        (["1.250.000"], [1_250_000]),
        (["0.125", "5"], None),
        (["12.34.56"], None),
        (["1,2,3"], None),
    ],
)
def test_amounts_as_people_write_them(cells, amounts):
    rows = "".join(f"A-{n};{cell}\n" for n, cell in enumerate(cells))

    done = imported_codes("Code;Gift amount\n" + rows, gift_campaign())

    stored = list(Voucher.objects.order_by("pk").values_list("gift_amount", flat=True))
    assert stored == amounts if amounts else done.rows_refused >= 1


def test_a_finance_file_from_a_german_spreadsheet():
    content = (
        b"Voucher no.;Valid until;Amount;Currency\r\nFIN-0001;31.12.2026;5,00;EUR\r\nFIN-0002;31.12.2026;5,00;EUR\r\n"
    )

    done = imported_codes(content, gift_campaign())

    first, second = Voucher.objects.order_by("pk")
    assert counts(done) == (2, 2, 0, 0)
    assert [(v.code, v.gift_amount, v.expiration_date.date()) for v in (first, second)] == [
        ("FIN-0001", 5, date(2026, 12, 31)),
        ("FIN-0002", 5, date(2026, 12, 31)),
    ]


def test_an_amount_for_a_gift_campaign_is_what_the_card_is_worth():
    imported_codes("Code,Amount\nAH-1,50\n", gift_campaign())

    voucher = Voucher.objects.get()
    assert (voucher.gift_amount, voucher.metadata) == (50, None)


@pytest.mark.parametrize(
    ("cell", "code"),
    [("'00012345", "00012345"), ("'12345E5", "12345E5"), ('"=""00012345"""', "00012345"), ("'TRUE", "TRUE"), ("'=1+1", "=1+1")],
)  # fmt: skip
def test_what_only_tells_a_spreadsheet_that_a_code_is_text_is_taken_off(cell, code):
    imported_codes(f"Code,Region\n{cell},x\n", CampaignFactory())

    assert codes() == [code]


def test_where_marks_belong_to_the_text_a_file_for_programs_comes_back_as_it_was(signed_in):
    browser = signed_in("Manager")
    stored = ["'00123", '="0012"', "'TRUE", "'=1", "=1+1", "''7"]
    content = csv_line(["Code"]) + b"".join(csv_line([code], lossless=True) for code in stored)

    draft = upload(browser, content, f"/campaigns/{CampaignFactory().public_id}/import")
    page = browser.get(draft.url).content.decode()
    options = {"encoding": "utf-8-sig", "delimiter": ",", "on_error": "keep_good", "column_0": "code"}
    browser.post(draft.url, {**options, "as_stored": "True", "start": ""})
    import_codes(CodeImport.objects.get().pk)

    assert "5 cells of “Code” are marked as text for spreadsheets: “&#x27;00123” is read as “00123”." in page
    assert codes() == stored


def test_the_error_file_of_such_a_file_means_the_same():
    done = imported_codes("Code,Redemption limit\n'00123,x\n", CampaignFactory(), as_stored=True)

    mended = [row[0] for row in error_rows(done)[1:]]
    assert [text_of(cell) for cell in mended] == ["'00123"]


def test_a_name_keeps_its_own_apostrophe():
    imported_customers("Name,Phone\n't Hooft,'+31 20 555\n'Abd al-Malik,'0031\n")

    assert list(Customer.objects.order_by("pk").values_list("name", "phone")) == [
        ("'t Hooft", "+31 20 555"),
        ("'Abd al-Malik", "0031"),
    ]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1251", ["Иван Петров", "Ольга Смирнова"]),
        ("koi8-r", ["Иван Петров", "Ольга Смирнова"]),
        ("cp1250", ["Łukasz Żółć", "Jiří Dvořák"]),
        ("cp1252", ["José Núñez", "François Müller"]),
        ("cp1253", ["Γιώργος Παπαδόπουλος", "Μαρία"]),
        ("cp932", ["田中太郎", "鈴木一郎"]),
        ("utf-16-le", ["Jiří Dvořák", "Jane"]),
        ("utf-16-be", ["Jiří Dvořák", "Jane"]),
        ("utf-16", ["田中太郎", "Jane"]),
        ("utf-8", ["田中太郎", "Jiří Dvořák"]),
    ],
)
def test_names_come_in_by_the_encoding_that_the_file_is_in(encoding, names):
    rows = "".join(f"{n};{name}\n" for n, name in enumerate(names, start=1))

    done = imported_customers(("source_id;name\n" + rows).encode(encoding))

    assert list(Customer.objects.order_by("pk").values_list("name", flat=True)) == names
    assert done.encoding_guessed is not encoding.startswith("utf")


def test_few_lines_with_accents_far_down_a_long_file_tell_its_encoding():
    ascii_rows = "".join(f"{n};Ann;Rome\n" for n in range(20_000))

    queued = queued_customers(f"source_id;name;city\n{ascii_rows}x;Иван Петров;Москва\n".encode("cp1251"))

    assert (queued.encoding, queued.encoding_guessed) == ("cp1251", True)


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;"])
def test_the_line_that_tells_the_delimiter_is_no_row(line):
    done = imported_customers(f"{line}\nsource_id;name\n1;Ada\n2;Ben;too many\n")

    assert list(Customer.objects.values_list("source_id", "name")) == [("1", "Ada")]
    assert [row for row, _ in refused(done)] == [3]  # as a spreadsheet counts, which does not show that line


@pytest.mark.parametrize(
    ("content", "imported"),
    [
        ("ABC-1\nABC-2\nABC-3\n", ["ABC-1", "ABC-2", "ABC-3"]),
        ("X7KQ2\nB4TM9\n", ["X7KQ2", "B4TM9"]),
        ("12345678\n87654321\n", ["12345678", "87654321"]),
        ("QWERTYUI\nASDFGHJK\nZXCVBNML\n", ["QWERTYUI", "ASDFGHJK", "ZXCVBNML"]),
        ("AUTUMN-1,2026-01-01\nAUTUMN-2,2026-01-01\n", ["AUTUMN-1", "AUTUMN-2"]),
        ("Code\nABC-1\n", ["ABC-1"]),
        ("Etikett,Coupon\nx,ABC-1\n", ["ABC-1"]),
    ],
)
def test_a_first_row_that_is_data_is_imported(content, imported):
    done = imported_codes(content, CampaignFactory())

    assert (codes(), done.rows_refused) == (imported, 0)


def test_addresses_without_headings_become_customers():
    done = imported_customers("one@example.com\ntwo@example.com\nthree@example.com\n")

    assert counts(done) == (3, 3, 0, 0)
    assert list(Customer.objects.order_by("pk").values_list("email", "metadata")) == [
        ("one@example.com", {}),
        ("two@example.com", {}),
        ("three@example.com", {}),
    ]


def test_the_error_file_of_a_file_without_headings_can_be_mended_and_imported():
    done = imported_customers("one@example.com,Ann\ntwo@example,Ben\n")

    headings, row = error_rows(done)
    mended = imported_customers(",".join(headings) + "\ntwo@example.com,Ben,2,x\n")

    assert (headings, row[:2]) == (["email", "Column B", "Row", "Error"], ["two@example", "Ben"])
    assert counts(mended) == (1, 1, 0, 0)
    assert set(Customer.objects.values_list("email", flat=True)) == {"one@example.com", "two@example.com"}


def test_a_file_with_the_same_headings_is_read_as_the_one_before():
    queued_codes("Promo;Bis\nA-1;03/04/2026\n", CampaignFactory(), mapping={}).__class__.objects.update(
        mapping={"0": "code", "1": "expiration_date"}, date_order="mdy"
    )

    again = queued_codes("Promo;Bis\nB-1;03/04/2026\n", CampaignFactory())
    other = queued_codes("Promo;Ab\nB-1;03/04/2026\n", CampaignFactory())

    assert (again.mapping, again.date_order) == ({"0": "code", "1": "expiration_date"}, "mdy")
    assert other.mapping == {"0": "metadata.Promo", "1": "metadata.Ab"}
