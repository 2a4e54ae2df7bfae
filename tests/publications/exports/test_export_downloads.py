"""What people get of an export: a name of its own, cells that no spreadsheet runs, and no code that is not theirs to see."""

import re

import pytest
from django.urls import reverse

from publications.exports.actions.order_selection import order_selection
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export, FileLayout
from publications.exports.report import order_report
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def made(export: Export) -> Export:
    make_export_file(export.pk)
    export.refresh_from_db()
    return export


def download(browser, export, **sent) -> bytes:
    answer = browser.post(reverse("exports:download", kwargs={"export_id": export.pk}), sent, follow=True)
    return b"".join(answer.streaming_content)


def page(browser, export) -> str:
    answer = browser.get(reverse("exports:export", kwargs={"export_id": export.pk}))
    return re.sub(r"\s+", " ", answer.content.decode())


def test_exports_made_on_one_day_have_names_of_their_own():
    campaign = CampaignFactory(name="Autumn Roast")

    names = {order_report("codes", campaign=campaign, by=STAFF).file_name for _ in range(2)}

    assert len(names) == 2
    assert all(re.fullmatch(r"autumn-roast-codes-\d{4}-\d\d-\d\d-\d+\.csv", name) for name in names)


def test_what_the_api_ordered_is_made_harmless_when_it_is_downloaded_in_the_dashboard(signed_in):
    CustomerFactory(name='=HYPERLINK("http://example.com")', source_id="a", description="one\ntwo")
    CustomerFactory(name="Ann", source_id="b", description='say "hi", =1')
    fields = ["name", "description", "source_id"]
    export = made(order_selection("customer", fields=fields, order="source_id", by=STAFF))
    staff = signed_in("Exporter")

    for_people, as_stored = download(staff, export), download(staff, export, as_stored="")

    assert as_stored == (
        b'Name,Description,Source ID\r\n"=HYPERLINK(""http://example.com"")","one\ntwo",a\r\nAnn,"say ""hi"", =1",b\r\n'
    )
    assert for_people == (
        b"\xef\xbb\xbfName,Description,Source ID\r\n"
        b'"\'=HYPERLINK(""http://example.com"")","one\ntwo",a\r\n'
        b'Ann,"say ""hi"", =1",b\r\n'
    )
    export.refresh_from_db()
    assert (export.downloads, export.size) == (2, len(as_stored))
    assert "SHA-256 as stored" in page(staff, export)


def test_what_staff_ordered_is_downloaded_as_it_was_made(signed_in):
    CustomerFactory(name="=1+1", email="", source_id=None)
    export = made(order_report("customers", by=STAFF, layout=FileLayout(lossless=True)))
    staff = signed_in("Exporter")

    assert download(staff, export).splitlines()[1].startswith(b",=1+1,")
    assert "Do not open it in a spreadsheet" in page(staff, export)


@pytest.mark.parametrize(
    ("role", "shown"),
    [
        ("Viewer", {"AUTUMN-7KQ2": False, "SPRING-9XWD": False}),
        ("Exporter", {"AUTUMN-7KQ2": False, "SPRING-9XWD": True}),
    ],
)
def test_a_code_that_was_searched_for_is_shown_as_codes_are(signed_in, role, shown):
    VoucherFactory(code="AUTUMN-7KQ2")
    published(VoucherFactory(code="SPRING-9XWD"))
    staff = signed_in(role)

    pages = {
        code: page(staff, order_report(kind, filters=f"q={code}", by=STAFF))
        for code, kind in (("AUTUMN-7KQ2", "codes"), ("SPRING-9XWD", "publications"))
    }

    assert {code: code in text for code, text in pages.items()} == shown


def test_a_report_of_customers_is_of_no_campaign(signed_in):
    staff = signed_in("Exporter")

    of_customers, of_codes = (page(staff, order_report(kind, by=STAFF)) for kind in ("customers", "codes"))

    assert "<dt>Campaign</dt>" not in of_customers
    assert "<dt>Campaign</dt>" in of_codes
