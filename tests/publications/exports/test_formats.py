"""Files as their readers want them: chosen in the form, remembered, said on the export's page, and the same codes in each."""

import csv
import io
import re
import uuid
import zipfile
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from campaigns.codes.models import Voucher
from config.staff.models import ProjectSettings
from publications.exports.actions.hand_out import order_hand_out
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export, FileLayout, FilePreference
from publications.exports.report import order_report
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

CODES = ["00012345", "12345678901234567890", "1E10", "12-MAR", "TRUE", "ROAST-1", "=1+1"]
XLSX, EXCEL = FileLayout(format="xlsx"), FileLayout(for_excel=True, byte_order_mark=True, delimiter="semicolon")


def made(export: Export) -> Export:
    make_export_file(export.pk)
    export.refresh_from_db()
    assert (export.status, export.error) == ("done", "")
    return export


def page(browser, export) -> str:
    answer = browser.get(reverse("exports:export", kwargs={"export_id": export.pk}))
    return re.sub(r"\s+", " ", answer.content.decode())


def hand_out(layout: FileLayout) -> Export:
    campaign = CampaignFactory(name="Autumn")
    Voucher.objects.bulk_create(Voucher(code=code, campaign=campaign) for code in CODES)
    return made(order_hand_out(campaign, count=None, by=STAFF, layout=layout, for_whom="Print shop"))


def test_a_hand_out_as_a_workbook(signed_in):
    export = hand_out(XLSX)

    with export.file.open() as file, zipfile.ZipFile(file) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert 'name="Hand-out"' in parts.read("xl/workbook.xml").decode()
    assert export.file_name.endswith(".xlsx") and export.file.name.endswith(".xlsx")
    found = re.findall(r'<c r="A\d+"[^>]* t="inlineStr"><is><t>([^<]*)</t>', sheet)
    assert found == ["Code", *CODES]
    assert "Excel workbook: codes are text" in page(signed_in("Manager"), export)


def test_a_hand_out_made_for_excel_says_how_many_codes_it_protects(signed_in):
    export = hand_out(EXCEL)

    with export.file.open() as file:
        rows = list(csv.reader(io.StringIO(file.read().decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in rows[1:]] == [*(f'="{code}"' for code in CODES[:5]), "ROAST-1", "'=1+1"]
    shown = page(signed_in("Manager"), export)
    assert "5 codes that Excel would have changed are marked as text." in shown
    assert "Semicolon between cells, with a byte order mark" in shown


def test_a_code_that_nobody_has_is_masked_in_a_workbook_too():
    VoucherFactory(code="ROAST-99C9-TNEZ")
    published(VoucherFactory(code="SPRING-9XWD"))

    export = made(order_report("codes", by=STAFF, layout=XLSX))

    with export.file.open() as file, zipfile.ZipFile(file) as parts:
        everything = "".join(parts.read(name).decode() for name in parts.namelist())
    assert "99C9" not in everything
    assert "••••••EZ" in everything and "SPRING-9XWD" in everything


def test_local_dates_are_those_of_the_project():
    ProjectSettings.objects.update_or_create(id=1, defaults={"time_zone": "Asia/Tokyo"})
    CampaignFactory(codes=1)
    moment = Voucher.objects.get().created_at

    export = made(order_report("codes", by=STAFF, layout=FileLayout(dates="day_first")))

    with export.file.open() as file:
        created = next(csv.DictReader(io.StringIO(file.read().decode())))["Created at"]
    from_utc = moment.astimezone(ZoneInfo("Asia/Tokyo"))
    assert created.startswith(f"{from_utc:%d.%m.%Y %H:%M:%S}")


def test_the_form_begins_with_what_this_person_chose_last(signed_in):
    first, second = signed_in("Exporter"), signed_in("Exporter")
    chosen = {"made_for": "spreadsheet", "delimiter": "tab", "byte_order_mark": "always", "dates": "day_first"}

    first.post(reverse("exports:report"), {"kind": "codes", "token": uuid.uuid4(), **chosen})

    export = Export.objects.get()
    assert (export.format, export.delimiter, export.byte_order_mark, export.dates) == ("csv", "tab", True, "day_first")
    assert (export.for_excel, export.lossless) == (False, False)
    forms = [browser.get(reverse("exports:report")).context["form"] for browser in (first, second)]
    assert [{name: form[name].value() for name in chosen} for form in forms] == [
        chosen,
        {"made_for": "xlsx", "delimiter": None, "byte_order_mark": None, "dates": None},
    ]

    first.post(reverse("exports:report"), {"kind": "codes", "token": uuid.uuid4(), "made_for": "xlsx"})

    assert Export.objects.latest("pk").format == "xlsx"
    assert FilePreference.objects.values_list("made_for", "delimiter").get() == ("xlsx", "tab")


@pytest.mark.parametrize(
    "nonsense", [{"delimiter": "|"}, {"dates": "tomorrow"}, {"byte_order_mark": "x"}, {"made_for": "pdf"}]
)
def test_a_format_that_does_not_exist_orders_nothing(signed_in, nonsense):
    sent = {"kind": "codes", "token": uuid.uuid4(), "made_for": "excel", **nonsense}

    assert signed_in("Exporter").post(reverse("exports:report"), sent).status_code == 200
    assert not Export.objects.exists()
