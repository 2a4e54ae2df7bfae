"""The one writer of workbooks: what each cell is, read back from the file's own XML and by LibreOffice's rules."""

import hashlib
import os
import resource
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.db.models import DateField, Func, Value

from campaigns.models import Campaign
from config.imports.kinds import Code, Column, Day, Flag, Money, Number, PublicId, Time
from config.imports.xlsx import files
from config.imports.xlsx.files import xlsx_file
from tests.support.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_data_folder(settings, tmp_path):
    """Else the files that another process of the suite is writing would be found there."""
    settings.HANDOUT_DATA = tmp_path


MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
NAME = [Column("Name", "name")]


def sheets(columns, *, batches=None, zone="Europe/Madrid") -> list[ElementTree.Element]:
    batches = [Campaign.objects.order_by("id")] if batches is None else batches
    with xlsx_file(columns, batches, zone=zone, name="Codes report") as file:
        return sheets_of(file)


def sheets_of(file) -> list[ElementTree.Element]:
    with zipfile.ZipFile(file.content.temporary_file_path()) as parts:
        names = sorted(name for name in parts.namelist() if name.startswith("xl/worksheets/sheet"))
        return [ElementTree.fromstring(parts.read(name)) for name in names]


def rows(sheet) -> list[list[tuple[str, str]]]:
    """[(type, text), …] of each row: "inlineStr" is text, "n" a number. Excel's _x000D_ is taken back."""
    return [
        [
            (
                cell.get("t", "n"),
                "".join(part.text or "" for part in cell.iter() if part.tag in (f"{MAIN}t", f"{MAIN}v")),
            )
            for cell in row
        ]
        for row in sheet.iter(f"{MAIN}row")
    ]


def only(columns, **options) -> list[tuple[str, str]]:
    (sheet,) = sheets(columns, **options)
    return [cell for row in rows(sheet)[1:] for cell in row]


def texts(cells):
    return [("inlineStr", text) for text in cells]


def test_each_cell_is_what_it_is():
    CampaignFactory(
        name="00012345", discount_value=Decimal("10.5000"), start_date=datetime(2026, 11, 24, 9, 30, 0, 250_000, UTC),
        active=True,
    )  # fmt: skip
    columns = [
        Column("Code", "name", Code), Column("Value", "discount_value", Number), Column("Amount", "discount_value", Money),
        Column("Start date", "start_date", Time), Column("Active", "active", Flag),
        Column("Born", Value(date(1990, 5, 17), DateField()), Day), Column("Nothing", "category"),
    ]  # fmt: skip

    (sheet,) = sheets(columns)

    headings, row = rows(sheet)
    assert [text for _, text in headings] == ["Code", "Value", "Amount", "Start date", "Active", "Born", "Nothing"]
    # 10:30:00.250 in Madrid
    serial = (
        datetime(2026, 11, 24, 10, 30, 0, 250_000, UTC) - datetime(1899, 12, 30, tzinfo=UTC)
    ).total_seconds() / 86400
    assert row[0] == ("inlineStr", "00012345")
    assert [kind for kind, _ in row] == ["inlineStr", "n", "n", "n", "inlineStr", "n"]
    assert [float(text) for kind, text in row if kind == "n"] == [10.5, 10.5, pytest.approx(serial, abs=1e-9), 33010.0]
    assert row[4] == ("inlineStr", "true")
    pane, area = sheet.find(f".//{MAIN}pane"), sheet.find(f"{MAIN}autoFilter")
    assert (pane.get("state"), pane.get("ySplit"), area.get("ref")) == ("frozen", "1", "A1:G2")


HOSTILE = [
    "=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://example.com\")", "http://example.com", "mailto:a@example.com",
    "internal:Sheet1!A1", "{=1+1}", "1E10", "12-MAR", "TRUE", "12345678901234567890", "00012345", "'=1", " x ", "a\tb\nc",
    "<r><t>a</t></r>", "<r></r>", "<b>&amp;", "_x0041_", "\ufffe\uffff", "]]>", "\x01\x1f", "one\r\ntwo", "🎁" * 5,
]  # fmt: skip


def test_nothing_in_it_is_a_formula_a_link_or_markup():
    for name in HOSTILE:
        CampaignFactory(name=name)

    (sheet,) = sheets([Column("Code", "name", Code)])

    cells = [cell for row in rows(sheet)[1:] for cell in row]
    escaped = {"\x01\x1f": "_x0001__x001F_", "one\r\ntwo": "one_x000D_\ntwo", "_x0041_": "_x005F_x0041_"}
    escaped["\ufffe\uffff"] = "_xFFFE__xFFFF_"
    assert cells == texts(escaped.get(name, name) for name in HOSTILE)
    assert list(sheet.iter(f"{MAIN}f")) == list(sheet.iter(f"{MAIN}hyperlink")) == []


@pytest.mark.parametrize(
    ("moment", "zone", "cell"),
    [
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), "Europe/Madrid", ("n", 46320.10416666667)),  # 02:30, the first
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), "Europe/Madrid", ("inlineStr", "2026-10-25T01:30:00.000Z")),
        (datetime(2026, 10, 25, 2, 30, tzinfo=UTC), "Europe/Madrid", ("n", 46320.14583333333)),
        (datetime(1899, 12, 31, tzinfo=UTC), "UTC", ("inlineStr", "1899-12-31T00:00:00.000Z")),
    ],
)
def test_a_moment_that_a_spreadsheet_cannot_tell_stands_as_text_in_utc(moment, zone, cell):
    CampaignFactory(start_date=moment)

    ((kind, text),) = only([Column("Start", "start_date", Time)], zone=zone)

    assert (kind, pytest.approx(float(text), abs=1e-9) if kind == "n" else text) == cell


def test_a_number_that_a_spreadsheet_would_round_stands_as_text():
    CampaignFactory()
    columns = [
        Column("Long", Value(Decimal("12345678901234567")), Number), Column("Short", Value(Decimal("-0.125")), Number)
    ]  # fmt: skip

    assert only(columns) == [("inlineStr", "12345678901234567"), ("n", "-0.125")]


def test_a_text_that_no_cell_holds_is_cut_and_counted():
    CampaignFactory(name="x" * 200)
    long = Column("Long", Func(Value("🎁"), Value(20_000), function="repeat"))
    whole = Column("Whole", Func(Value("y"), Value(32_767), function="repeat"))

    with xlsx_file([long, whole], [Campaign.objects.all()], zone="UTC", name="Codes") as file:
        (sheet,) = sheets_of(file)

    cut, kept = (text for _, text in rows(sheet)[1])
    assert cut == "🎁" * ((32_767 - len("… (cut: 40,000 characters)")) // 2) + "… (cut: 40,000 characters)"
    assert (len(kept), file.cut_cells) == (32_767, 1)


def test_rows_beyond_a_sheet_go_on_the_next(monkeypatch):
    monkeypatch.setattr(files, "SHEET", 4)
    for name in "abcdefg":
        CampaignFactory(name=name)

    found = sheets(NAME)

    assert [[text for row in rows(sheet) for _, text in row] for sheet in found] == [
        ["Name", "a", "b", "c"],
        ["Name", "d", "e", "f"],
        ["Name", "g"],
    ]
    assert [sheet.find(f"{MAIN}autoFilter").get("ref") for sheet in found] == ["A1:A4", "A1:A4", "A1:A2"]


def test_a_file_without_rows_has_its_headings():
    assert [text for row in rows(sheets(NAME, batches=[Campaign.objects.none()])[0]) for _, text in row] == ["Name"]


def test_public_ids_stand_as_the_api_writes_them():
    campaign = CampaignFactory()

    class CampaignId(PublicId):
        template = PublicId.template.replace("%(prefix)s", "camp")

    assert only([Column("ID", "pk", CampaignId)]) == texts([campaign.public_id])


def test_the_file_is_whole_private_and_leaves_nothing_behind():
    CampaignFactory(name="one")

    with xlsx_file(NAME, [Campaign.objects.all()], zone="UTC", name="Codes") as file:
        content = Path(file.content.temporary_file_path()).read_bytes()
        assert os.stat(file.content.temporary_file_path()).st_mode & 0o777 == 0o600

    assert (file.rows, file.size, file.sha256) == (1, len(content), hashlib.sha256(content).hexdigest())
    assert os.listdir(settings.HANDOUT_DATA / "unfinished") == []


@pytest.mark.parametrize("room", [100, 3_000])
def test_a_full_disk_is_an_error_and_leaves_nothing(room):
    """While the rows are written, and while the workbook is put together."""
    CampaignFactory.create_batch(30, description="x" * 200)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))

    try:
        file = xlsx_file([*NAME, Column("Text", "description")], [Campaign.objects.all()], zone="UTC", name="Codes")
        with pytest.raises(OSError, match="File too large"), file:
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert os.listdir(settings.HANDOUT_DATA / "unfinished") == []
