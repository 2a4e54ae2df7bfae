"""Files that LibreOffice opened and saved again: no cell has changed. Runs with `make torture`, where LibreOffice is installed."""

import os
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from django.db import connection

from campaigns.codes.models import Voucher
from config.staff.models import ProjectSettings
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.exports.choose_columns import available
from publications.exports.models import Export, FileLayout
from publications.exports.report import order_report
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, published
from tests.support.imports import imported_codes, refused

SOFFICE = shutil.which("soffice")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.long,
    pytest.mark.skipif(not SOFFICE, reason="LibreOffice is not installed (apt-get install libreoffice-calc)"),
]
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
EXCELS_PREY = ["00012345", "12345678901234567890", "1E10", "5.03E+02", "12-MAR", "TRUE", "1/2", "1,000", "0,5", "10%"]
HOSTILE = [
    "=1+1", "+1-1", "-1", "@A1", "'=1", '="0012"', "<r><t>x</t></r>", "_x0041_", "]]>", "a b", "a,b;c", 'say "hi"', "ÄÖÜ-茶",
    "🎁-1", "http://example.com", "{=1}", "&amp;", "ROAST-1",
]  # fmt: skip


def saved_again(path, folder, *options) -> str:
    """The path of what LibreOffice makes of it."""
    home = f"-env:UserInstallation=file://{folder}/profile"
    command = [
        SOFFICE,
        home,
        "--headless",
        *options,
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        folder / "out",
        path,
    ]
    subprocess.run(command, check=True, timeout=300, capture_output=True, env={**os.environ, "HOME": str(folder)})
    return folder / "out" / (path.stem + ".xlsx")


def cells_of(path) -> dict[str, str | float]:
    """{"A2": "00012345", "E2": 46350.5}: texts and numbers as what they are."""
    with zipfile.ZipFile(path) as parts:
        shared = []
        if "xl/sharedStrings.xml" in parts.namelist():
            root = ElementTree.fromstring(parts.read("xl/sharedStrings.xml"))
            shared = ["".join(text.text or "" for text in item.iter(f"{MAIN}t")) for item in root]
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
    found: dict[str, str | float] = {}
    for cell in sheet.iter(f"{MAIN}c"):
        value = cell.findtext(f"{MAIN}v")
        match cell.get("t", "n"):
            case "inlineStr":
                found[cell.get("r")] = "".join(text.text or "" for text in cell.iter(f"{MAIN}t"))
            case "s":
                found[cell.get("r")] = shared[int(value)]
            case "n" if value is not None:
                found[cell.get("r")] = pytest.approx(float(value), abs=1e-8)
            case "str" | "b" | "e":
                found[cell.get("r")] = f"{cell.get('t')}: {value}"
    return found


def made(export: Export, tmp_path):
    make_export_file(export.pk)
    export.refresh_from_db()
    assert (export.status, export.error) == ("done", "")
    path = tmp_path / export.file_name
    with export.file.open() as file:
        path.write_bytes(file.read())
    return path


def hand_out(tmp_path, layout):
    campaign = CampaignFactory(
        name="=Autumn", discount_value=Decimal("12.5"), start_date=datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
    )
    Voucher.objects.bulk_create(
        Voucher(code=code, campaign=campaign, metadata={"n": code}) for code in EXCELS_PREY + HOSTILE
    )
    return made(order_hand_out(campaign, count=None, for_whom="Print shop", by=STAFF, layout=layout), tmp_path)


def test_a_hand_out_comes_back_as_it_was(tmp_path):
    path = hand_out(tmp_path, FileLayout(format="xlsx"))

    before, after = cells_of(path), cells_of(saved_again(path, tmp_path))

    assert [before[f"A{row + 2}"] for row in range(len(EXCELS_PREY))] == EXCELS_PREY
    assert after == before


def test_a_report_of_all_columns_comes_back_as_it_was(tmp_path):
    ProjectSettings.objects.update_or_create(id=1, defaults={"time_zone": "Europe/Madrid"})
    campaign = CampaignFactory(name="Autumn", codes=20)
    for number, voucher in enumerate(campaign.vouchers.order_by("pk")[:10]):
        customer = CustomerFactory(
            name=(HOSTILE + EXCELS_PREY)[number], phone="+1 555 0100", metadata={"box": EXCELS_PREY[number]}
        )
        published(voucher, customer)
    columns = [*available("codes"), "metadata.box"]

    path = made(order_report("codes", columns=columns, by=STAFF, layout=FileLayout(format="xlsx")), tmp_path)

    assert cells_of(saved_again(path, tmp_path)) == cells_of(path)


def test_a_hand_out_goes_from_libreoffice_into_an_import(tmp_path):
    saved = saved_again(hand_out(tmp_path, FileLayout(format="xlsx")), tmp_path)

    assert imported(saved, columns={"0": "code"}) == {code: (code, None) for code in EXCELS_PREY + HOSTILE}


def test_a_report_goes_from_libreoffice_into_an_import_with_the_same_values(tmp_path):
    ProjectSettings.objects.update_or_create(id=1, defaults={"time_zone": "Europe/Madrid"})
    campaign = CampaignFactory(name="Autumn")
    at = datetime(2099, 3, 1, 22, 59, 59, 999_000, tzinfo=UTC)
    Voucher.objects.bulk_create(
        Voucher(code=code, campaign=campaign, expiration_date=at, metadata={"box": code})
        for code in EXCELS_PREY + HOSTILE
    )
    Voucher.objects.update(published_at=at)  # else its code is not shown
    columns = ["code", "expiration_date", "metadata.box"]
    path = made(order_report("codes", columns=columns, by=STAFF, layout=FileLayout(format="xlsx")), tmp_path)

    stored = imported(saved_again(path, tmp_path))

    assert stored == {code: (code, at) for code in EXCELS_PREY + HOSTILE}


def imported(path, columns=None):
    """{metadata “box”, or else the code: (code, expiration date)} of what such a file becomes where these codes are new."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE codes_voucher CASCADE")
    done = imported_codes(path.read_bytes(), CampaignFactory(), **({"mapping": columns} if columns else {}))
    assert refused(done) == []
    return {(v.metadata or {}).get("box", v.code): (v.code, v.expiration_date) for v in Voucher.objects.all()}


def test_codes_in_a_csv_file_made_for_excel_are_read_as_they_are(tmp_path):
    path = hand_out(tmp_path, FileLayout(for_excel=True, byte_order_mark=True, delimiter="semicolon"))

    after = cells_of(saved_again(path, tmp_path, "--infilter=CSV:59,34,76,1"))

    assert [after[f"A{row + 2}"] for row in range(len(EXCELS_PREY))] == [f"str: {code}" for code in EXCELS_PREY]
