"""The pages of exports: ordering a hand-out or a report, watching it, taking the file away."""

import html
import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.staff.models import AuditEntry
from publications.exports.actions.hand_out import order_hand_out, take_codes
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.exports.report import order_report
from publications.models import Publication
from tests.support.factories import STAFF, CampaignFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def url(name, **keys):
    return reverse(f"exports:{name}", kwargs=keys)


def page_of(export):
    return url("export", export_id=export.pk)


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def hidden_fields(page) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode())
    # Without the columns, which are then the usual ones.
    return {name: html.unescape(value) for name, value in found if name != "listed"}


def hand_out_of(codes: int, count: int | None = None, *, make=True) -> Export:
    export = order_hand_out(
        CampaignFactory(name="Autumn Roast", codes=codes), count=count, by=STAFF, for_whom="Print shop"
    )
    if make:
        make_export_file(export.pk)
        export.refresh_from_db()
    return export


# ---- ordering a hand-out


def test_a_hand_out_is_ordered_from_its_page(signed_in):
    campaign, staff = CampaignFactory(codes=5), signed_in("Manager")
    address = url("hand-out", campaign_id=campaign.pk)

    page = staff.get(address)
    answer = staff.post(address, {"count": "3", "for_whom": "Print shop", "made_for": "excel", "token": uuid.uuid4()})

    assert "5 codes in the pool" in text(page)
    assert "The codes in the file become published." in text(page)
    export = Export.objects.get()
    assert answer.headers["Location"] == page_of(export)
    assert (export.kind, export.total, export.everything) == ("hand_out", 3, False)
    assert (export.for_excel, export.lossless, export.status) == (True, False, "queued")
    assert (export.actor_id, export.actor_label) == (staff.user.pk, staff.user.username)


def test_all_codes_for_a_program(signed_in):
    campaign = CampaignFactory(codes=5)

    signed_in("Manager").post(
        url("hand-out", campaign_id=campaign.pk),
        {"everything": "on", "for_whom": "Print shop", "made_for": "program", "token": uuid.uuid4()},
    )

    export = Export.objects.get()
    assert (export.total, export.everything, export.for_excel, export.lossless) == (5, True, False, True)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"count": "800"}, "You requested 800 codes, but the pool has 5. Request fewer, or add codes"),
        ({"count": ""}, "Enter how many codes the file should contain, or choose all."),
        ({"count": "0"}, "greater than or equal to 1"),
        ({"count": "1", "for_whom": "  "}, "Enter who gets the file."),
        ({"everything": "on", "count": "3"}, "You chose all codes and also entered a number. Clear one of them."),
    ],
)
def test_a_wrong_number_comes_back_with_the_form_and_orders_nothing(signed_in, sent, said):
    campaign = CampaignFactory(codes=5)

    page = signed_in("Manager").post(
        url("hand-out", campaign_id=campaign.pk),
        {"made_for": "excel", "for_whom": "Print shop", "token": uuid.uuid4(), **sent},
    )

    assert page.status_code == 200
    assert said in text(page)
    assert Export.objects.count() == 0


def test_the_form_sent_twice_leads_to_the_same_export(signed_in):
    campaign, staff = CampaignFactory(codes=5), signed_in("Manager")
    sent = {"everything": "on", "for_whom": "Print shop", "made_for": "excel", "token": uuid.uuid4()}

    first = staff.post(url("hand-out", campaign_id=campaign.pk), sent)
    make_export_file(Export.objects.get().pk)
    again = staff.post(url("hand-out", campaign_id=campaign.pk), sent)

    assert first.headers["Location"] == again.headers["Location"]
    assert Export.objects.count() == 1


def test_an_empty_pool_and_an_expired_campaign_say_so_instead_of_a_form(signed_in):
    staff = signed_in("Manager")
    empty = CampaignFactory()
    expired = CampaignFactory(codes=1, expiration_date=timezone.now() - timedelta(days=1))

    pages = [text(staff.get(url("hand-out", campaign_id=campaign.pk))) for campaign in (empty, expired)]

    assert "The pool is empty" in pages[0]
    assert "This campaign has expired." in pages[1]
    assert not any("Publish to a file" in page for page in pages)


def test_in_a_dialog_the_browser_is_sent_to_the_export(signed_in):
    campaign = CampaignFactory(codes=1)

    answer = signed_in("Manager").post(
        url("hand-out", campaign_id=campaign.pk),
        {"everything": "on", "for_whom": "Print shop", "made_for": "excel", "token": uuid.uuid4()},
        headers={"HX-Request": "true", "HX-Target": "dialog"},
    )

    assert answer.headers["HX-Redirect"] == page_of(Export.objects.get())


# ---- ordering a report


def test_a_report_is_ordered_with_the_filters_of_its_list(signed_in):
    campaign, staff = CampaignFactory(name="Autumn Roast"), signed_in("Exporter")
    link = url("report") + f"?kind=publications&campaign={campaign.public_id}&q=mia&channel=API&result=&page=3"

    page = staff.get(link)
    answer = staff.post(url("report"), {**hidden_fields(page), "made_for": "spreadsheet"})

    assert "Publications report of Autumn Roast" in text(page)
    assert "<dt>Channel</dt><dd>API</dd>" in text(page)
    export = Export.objects.get()
    assert answer.headers["Location"] == page_of(export)
    assert (export.kind, export.campaign, export.filters) == ("publications", campaign, "q=mia&channel=API")
    assert (export.for_excel, export.lossless) == (False, False)


def test_the_list_of_all_codes_has_a_filter_called_campaign(signed_in):
    campaign = CampaignFactory(codes=2)
    VoucherFactory()
    staff = signed_in("Exporter")

    page = staff.get(url("report") + f"?kind=all-codes&campaign={campaign.public_id}&status=pool")
    staff.post(url("report"), {**hidden_fields(page), "made_for": "excel"})
    export = Export.objects.get()
    make_export_file(export.pk)

    export.refresh_from_db()
    assert (export.kind, export.campaign, export.rows) == ("codes", None, 2)


def test_without_a_list_the_kind_is_chosen(signed_in):
    staff = signed_in("Exporter")

    page = staff.get(url("report"))
    staff.post(url("report"), {"kind": "customers", "made_for": "excel", "token": uuid.uuid4()})

    assert page.content.decode().count('type="radio" name="kind"') == 9
    assert Export.objects.get().kind == "customers"


@pytest.mark.parametrize("sent", [{"kind": "hand_out"}, {"kind": "codes", "campaign": "camp_nonsense"}, {}])
def test_nonsense_orders_no_report(signed_in, sent):
    page = signed_in("Exporter").post(url("report"), {"made_for": "excel", "token": uuid.uuid4(), **sent})

    assert page.status_code == 200
    assert "error" in page.content.decode()
    assert Export.objects.count() == 0


# ---- looking at exports


def test_the_list_shows_what_there_is_to_know(signed_in):
    export = hand_out_of(3, 2)

    page = text(signed_in("Manager").get(url("exports")))

    for shown in (export.file_name, "Hand-out", "Autumn Roast", export.sha256[:8], "Test Staff", "Done", "Download"):
        assert shown in page


def test_a_short_hand_out_says_so(signed_in):
    export = hand_out_of(3, 3, make=False)
    published(export.campaign.vouchers.last())
    make_export_file(export.pk)
    staff = signed_in("Manager")

    assert '2 <small class="muted">of 3</small>' in text(staff.get(url("exports")))
    assert "<strong>2 of the 3 requested codes were published.</strong>" in text(staff.get(page_of(export)))


def test_progress_is_polled_until_the_work_ends(signed_in):
    export, staff = hand_out_of(3, make=False), signed_in("Viewer")
    part = {"HX-Request": "true", "HX-Target": "export"}

    waiting = text(staff.get(page_of(export)))
    Export.objects.update(status="running", done=1)
    publishing = text(staff.get(page_of(export), headers=part))
    take_codes(export.pk)
    writing = text(staff.get(page_of(export), headers=part))
    make_export_file(export.pk)
    done = text(staff.get(page_of(export), headers=part))

    assert "Queued" in waiting
    assert "Publishing: 1 of 3" in publishing
    assert 'value="33"' in publishing
    assert "Writing: 0 of 3" in writing
    assert "hx-trigger" in writing
    assert "hx-trigger" not in done
    assert "<html" not in done
    assert "<html" in waiting


def test_a_row_of_the_list_is_polled_and_in_the_end_the_list_is_drawn_anew(signed_in):
    export, staff = hand_out_of(3, make=False), signed_in("Viewer")
    here = {"HX-Request": "true", "HX-Current-URL": "http://testserver/exports/?page=2"}
    address = url("export-status", export_id=export.pk)

    running = text(staff.get(address, headers=here))
    make_export_file(export.pk)
    done = text(staff.get(address, headers=here))

    assert f'hx-get="{address}"' in running
    assert 'hx-get="/exports/?page=2"' in done
    assert 'hx-target="#list"' in done


def test_a_failed_export_says_why_and_can_be_retried(signed_in):
    export, staff = hand_out_of(3, make=False), signed_in("Manager")
    Export.objects.update(status="failed", error="The server’s disk is full.")

    page = text(staff.get(page_of(export)))
    answer = staff.post(url("retry-export", export_id=export.pk))

    assert "The server’s disk is full." in page
    assert "Retry" in page
    assert answer.headers["Location"] == page_of(export)
    export.refresh_from_db()
    assert (export.status, export.error) == ("queued", "")
    assert AuditEntry.objects.filter(action="export.retried", actor_id=staff.user.pk).count() == 1


def test_the_campaigns_tab_holds_its_own_exports_only(signed_in):
    export = hand_out_of(1)
    order_report("customers", by=STAFF)

    page = text(signed_in("Viewer").get(url("campaign-exports", campaign_id=export.campaign_id)))

    assert export.file_name in page
    assert "customers-" not in page


@pytest.mark.parametrize("count", [1, 50])
def test_a_list_takes_the_same_number_of_queries_however_long_it_is(signed_in, count):
    staff = signed_in("Manager")
    campaign = CampaignFactory(codes=count)
    for n in range(count):
        publication = published(campaign.vouchers.filter(published_at=None).first())
        Export.objects.create(
            kind="hand_out", campaign=campaign, publication=publication, total=1, rows=1, size=1, status="done",
            file_name=f"{n}.csv", sha256="0" * 64, actor_label="Staff",
        )  # fmt: skip
    staff.get(url("exports"))

    with CaptureQueriesContext(
        connection,
    ) as queries:
        page = staff.get(url("exports"))
    with CaptureQueriesContext(connection) as queries_of_tab:
        staff.get(url("campaign-exports", campaign_id=campaign.pk))

    assert page.content.decode().count('class="btn small"') == min(count, 25)
    assert (len(queries), len(queries_of_tab)) == (8, 10)


# ---- taking the file away


def test_a_download_is_the_file_and_is_written_down(signed_in):
    export, staff = hand_out_of(2), signed_in("Manager")

    answer = staff.post(url("download", export_id=export.pk), follow=True)

    with export.file.open() as file:
        assert b"".join(answer.streaming_content) == file.read()
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{export.file_name}"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Length"] == str(export.size)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    export.refresh_from_db()
    assert export.downloads == 1
    entry = AuditEntry.objects.get(action="export.downloaded")
    assert (entry.actor_id, entry.object_id, entry.campaign_id) == (
        staff.user.pk,
        export.public_id,
        export.campaign_id,
    )
    assert entry.details == {"kind": "hand_out", "rows": 2}


def test_a_get_downloads_nothing(signed_in):
    export = hand_out_of(1)

    assert signed_in("Manager").get(url("download", export_id=export.pk)).status_code == 405
    assert AuditEntry.objects.filter(action="export.downloaded").count() == 0


@pytest.mark.parametrize(
    ("role", "of_hand_out", "of_report"), [("Viewer", 403, 403), ("Operator", 403, 403), ("Exporter", 403, 200), ("Manager", 200, 200)]
)  # fmt: skip
def test_who_may_take_which_file(signed_in, role, of_hand_out, of_report):
    staff, hand_out = signed_in(role), hand_out_of(1)
    report = order_report("codes", by=STAFF)
    make_export_file(report.pk)

    answers = [staff.post(url("download", export_id=export.pk), follow=True) for export in (hand_out, report)]
    taken = [b"".join(answer.streaming_content) for answer in answers if answer.streaming]

    assert [answer.status_code for answer in answers] == [of_hand_out, of_report]
    assert AuditEntry.objects.filter(action="export.downloaded").count() == len(taken)
    page = text(staff.get(page_of(hand_out)))
    assert ("Download file" in page) == (of_hand_out == 200)


def test_an_operator_who_is_also_an_exporter_may_hand_out(signed_in):
    staff, export = signed_in("Operator"), hand_out_of(1)
    staff.user.groups.add(Group.objects.get(name="Exporter"))

    answer = staff.post(url("download", export_id=export.pk), follow=True)
    assert b"".join(answer.streaming_content).count(b"\r\n") == 2


def test_a_file_that_is_gone_is_told_instead_of_a_download(signed_in):
    export, staff = hand_out_of(1), signed_in("Manager")
    export.file.storage.delete(export.file.name)

    answer = staff.post(url("download", export_id=export.pk), follow=True)

    assert "The file is missing from the server’s storage." in text(answer)
    assert Publication.objects.get().voucher_count == 1
    assert AuditEntry.objects.filter(action="export.downloaded").count() == 0
