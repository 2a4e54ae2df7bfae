"""CSV files as different countries and programs want them, and codes that Excel would change."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from django.db.models import DateField, Value
from hypothesis import HealthCheck, given, settings

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.imports.csv.files import csv_file, csv_line
from config.imports.csv.formulas import neutralised_row, neutralised_rows, restored
from config.imports.csv.layout import CsvLayout, Dates, Delimiter
from config.imports.kinds import Code, Column, Day, Flag, Number, Time
from tests.config.imports.test_csv_formulas import WITHOUT_NUL
from tests.support.factories import CampaignFactory

SIGNS = [delimiter.sign for delimiter in Delimiter]


def written(columns, rows=None, **layout):
    with csv_file(columns, [rows or Campaign.objects.order_by("id")], CsvLayout(**layout)) as file:
        return b"".join(file.content.chunks()).decode(), file


@pytest.mark.parametrize("sign", SIGNS)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(WITHOUT_NUL)
def test_a_row_of_postgresql_is_written_as_one_of_python_whatever_separates(sign, cells):
    as_it_is = csv_line(cells, lossless=True, delimiter=sign)[:-2]
    expected = csv_line(cells, delimiter=sign)[:-2]

    assert neutralised_row(as_it_is, sign) == expected
    assert neutralised_rows([as_it_is + b"\n"], delimiter=sign) == expected + b"\r\n"
    assert [
        restored(cell, sign) for cell in next(csv.reader(io.StringIO(expected.decode(), newline=""), delimiter=sign))
    ] == cells


@pytest.mark.django_db
@pytest.mark.parametrize("sign", SIGNS)
def test_each_separator(sign):
    CampaignFactory(name="a,b;c\td", category='say "hi"', description="=1+1")

    text, _ = written([Column(name.title(), name) for name in ("name", "category", "description")], delimiter=sign)

    headings, row = csv.reader(io.StringIO(text, newline=""), delimiter=sign)
    assert headings == ["Name", "Category", "Description"]
    assert row == ["a,b;c\td", 'say "hi"', "'=1+1"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("dates", "moment", "day"),
    [
        (Dates.ISO, "2026-12-31T22:59:59.000Z", "1990-05-17"),
        (Dates.LOCAL, "2026-12-31 23:59:59", "1990-05-17"),
        (Dates.DAY_FIRST, "31.12.2026 23:59:59", "17.05.1990"),
        (Dates.MONTH_FIRST, "12/31/2026 23:59:59", "05/17/1990"),
    ],
)
def test_dates(dates, moment, day):
    CampaignFactory(start_date=datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC))
    columns = [Column("Start", "start_date", Time), Column("Born", Value(date(1990, 5, 17), DateField()), Day)]

    text, _ = written(columns, dates=dates, zone="Europe/Madrid")

    assert text == f"Start,Born\r\n{moment},{day}\r\n"


@pytest.mark.django_db
def test_the_hour_that_comes_twice_is_told_apart_and_fractions_are_kept():
    for hour, micro in ((0, 250_000), (1, 0), (2, 0)):
        CampaignFactory(start_date=datetime(2026, 10, 25, hour, 30, 0, micro, tzinfo=UTC))
    CampaignFactory(start_date=None)

    text, _ = written([Column("S", "start_date", Time), Column("E", Value("."))], dates="local", zone="Europe/Madrid")

    assert text.split("\r\n")[1:-1] == [
        "2026-10-25 02:30:00.25,.", "2026-10-25T01:30:00.000Z,.", "2026-10-25 03:30:00,.", ",."
    ]  # fmt: skip


MISREAD = [
    "00012345", "12345678901234567890", "123456789012", "1E10", "5.03E+02", "1e5", "12-MAR", "12-Mar", "MAR-12", "SEPT2",
    "1mar", "TRUE", "false", "WAHR", "1/2", "1-2", "2026-11-30", "31.12.2026", "12/31/2026", "12:30", "1:02:03", "10 AM",
    "1.50", "1,000", "25.000", "10%", "$5", "5€", "(5)", "1 1/2", "-05", " 007 ", "30 November 2026", "Dec 24, 2026",
    "'00123", "''7", "'TRUE",
]  # fmt: skip
KEPT = [
    "", "12345", "12345678901", "0", "-5", "7", "ROAST-99C9-TNEZ", "A00012345", "1E10X", "MARKET-12", "TRUELY", "12-MARS-3X",
    "AB12-3456", "••••••EZ", "•1E10", "Ann", "10 Downing Street", "DECADE-12", "1/2/3/4/5", '="0012"',
    "'t Hooft", "'A1",
]  # fmt: skip


@pytest.mark.django_db
def test_made_for_excel_such_codes_are_marked_as_text_and_counted():
    Voucher.objects.bulk_create(
        Voucher(code=code or "-", additional_info=f"info {code}", category="0815" if code == "0" else "")
        for code in MISREAD + KEPT
    )
    columns = [
        Column("Code", "code", Code),
        Column("Category", "category"),
        Column("Active", "active", Flag),
        Column("N", "pk", Number),
    ]
    rows = Voucher.objects.order_by("id")

    text, file = written(columns, rows, protects=True)
    plain, without = written(columns, rows)

    cells = [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert cells[: len(MISREAD)] == [f'="{code}"' for code in MISREAD]
    assert cells[len(MISREAD) :] == [row[0] for row in csv.reader(io.StringIO(plain, newline=""))][len(MISREAD) + 1 :]
    assert (file.protected_codes, file.protected_others) == (len(MISREAD), 1)
    assert (without.protected_codes, without.protected_others) == (0, 0)


@pytest.mark.django_db
def test_a_hostile_text_gets_no_formula_through_the_mark():
    hostile = ['1E10"&cmd|A1&"', '="1E10"', '00012345"', "1E10~", "00012345\n=1+1", "1E10\t=1", '"=1+1"', "=1E10"]
    Voucher.objects.bulk_create(Voucher(code=f"C{n}", additional_info=text) for n, text in enumerate(hostile))
    columns, rows = [Column("Info", "additional_info"), Column("End", Value("."))], Voucher.objects.order_by("id")

    protected, file = written(columns, rows, protects=True)

    assert protected == written(columns, rows)[0]
    assert (file.protected_codes, file.protected_others) == (0, 0)


@pytest.mark.django_db
def test_lossless_wins_over_protection():
    CampaignFactory(name="00012345")

    assert written([Column("Name", "name", Code)], lossless=True, protects=True)[0] == "Name\r\n00012345\r\n"
