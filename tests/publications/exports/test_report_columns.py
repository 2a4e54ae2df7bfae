"""Reports whose columns, order and rows people choose, kept as views; and who may have which."""

import csv
import html
import io
import uuid

import pytest
from django.urls import reverse

from config.staff.audit import record
from config.staff.models import AuditEntry
from publications.actions.publish import publish
from publications.exports.actions.write_export import make_export_file
from publications.exports.choose_columns import (
    TooManyColumns,
    UnknownColumn,
    available,
    check_columns,
    metadata_keys,
    usual,
)
from publications.exports.models import Export, SavedView
from publications.exports.report import order_report
from publications.redemptions.actions.redeem import redeem
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.one_of_each import one_of_each

pytestmark = pytest.mark.django_db

REPORT = reverse("exports:report")
KINDS = [kind for kind in Export.Kind.values if kind != "hand_out"]


def rows(kind: str, **options) -> list[dict[str, str]]:
    export = order_report(kind, by=STAFF, **options)
    make_export_file(export.pk)
    export.refresh_from_db()
    assert (export.status, export.error) == ("done", "")
    with export.file.open() as file:
        return list(csv.DictReader(io.StringIO(file.read().decode())))


def send(browser, **sent):
    return browser.post(REPORT, {"made_for": "spreadsheet", "token": uuid.uuid4(), **sent})


def test_every_column_of_every_report_can_be_written_in_every_order():
    one_of_each()

    for kind in KINDS:
        found = [rows(kind, columns=list(available(kind)), order=order) for order in ("", "oldest", "name")]

        headings = [column.heading for column in available(kind).values()]
        assert all(list(row) == headings for order in found for row in order)
        assert kind in ("recipients", "firings") or all(found)


def test_a_report_has_the_columns_that_were_chosen_in_their_order():
    campaign = CampaignFactory(name="Autumn", codes=1)
    mia = CustomerFactory(name="Mia", phone="+1 555", metadata={"tier": "gold"})
    publication = publish(campaign, mia, channel="shop", origin="api", by=STAFF, metadata={"box": 7, "=x": "=1+1"})

    (row,) = rows("publications", columns=["metadata.box", "publication_id", "phone", "value", "metadata.=x", "uses"])

    assert list(row.items()) == [
        ("metadata.box", "7"), ("Publication ID", publication.public_id), ("Phone", "'+1 555"), ("Value", "10"),
        ("metadata.=x", "'=1+1"), ("Uses", "0"),
    ]  # fmt: skip
    assert metadata_keys(Export(kind="publications")) == ["metadata.=x", "metadata.box"]
    assert rows("holders", columns=["customer", "code", "metadata.tier"]) == [
        {"Customer": "Mia", "Code": publication.vouchers[0].code, "metadata.tier": "gold"}
    ]


def test_redemptions_campaigns_and_the_order_of_rows():
    campaign = CampaignFactory(name="Autumn")
    first, second = (VoucherFactory(campaign=campaign, code=f"ROAST-99C{n}") for n in "12")
    published(first)
    redeem(first, by=STAFF)
    redeem(second, by=STAFF)

    used = rows("redemptions", columns=["code", "uses_after_it"], order="oldest")

    assert used == [{"Code": "ROAST-99C1", "Uses after it": "1"}, {"Code": "••••••C2", "Uses after it": "1"}]
    assert rows("redemptions", campaign=CampaignFactory()) == []
    columns = ["campaign", "codes", "published", "used"]
    assert rows("campaigns", columns=columns, filters="q=autumn") == [
        {"Campaign": "Autumn", "Codes": "2", "Published": "1", "Used": "2"}
    ]


@pytest.mark.parametrize(
    "names", [["secret"], ["code", "password"], ["metadata."], ["metadata." + "x" * 201], ["metadata.a\nb"]]
)
def test_a_column_that_does_not_exist_is_refused(names):
    with pytest.raises(UnknownColumn):
        check_columns("codes", names)
    with pytest.raises(UnknownColumn):
        check_columns("audit", ["metadata.x"])
    with pytest.raises(TooManyColumns):
        check_columns("codes", [f"metadata.{n}" for n in range(101)])


def test_a_key_of_metadata_may_hold_anything():
    VoucherFactory(metadata={"a'b\"c%s--": "1"})

    assert rows("codes", columns=["metadata.a'b\"c%s--"]) == [{"metadata.a'b\"c%s--": "1"}]


def test_columns_are_moved_and_chosen_in_the_browser_without_a_script(signed_in):
    staff = signed_in("Exporter")
    page = staff.get(REPORT + "?kind=customers&q=mia")
    listed = [item.name for item in page.context["form"].columns]
    assert listed[:3] == ["source_id", "name", "e_mail"] and "customer_id" in listed

    moved = send(staff, kind="customers", filters="q=mia", listed=listed, columns=["source_id", "name"], act="up:name")
    columns = moved.context["form"].columns
    assert [(item.name, item.chosen) for item in columns[:3]] == [
        ("name", True),
        ("source_id", True),
        ("e_mail", False),
    ]
    added = send(
        staff, kind="customers", listed=listed, columns=["name"], act="add", metadata_key="tier"
    ).context["form"].columns  # fmt: skip
    assert (added[-1].name, added[-1].chosen) == ("metadata.tier", True)
    assert not Export.objects.exists()

    send(
        staff,
        kind="customers",
        filters="q=mia",
        order="name",
        listed=["name", "source_id"],
        columns=["name", "source_id"],
    )

    export = Export.objects.get()
    assert (export.columns, export.order, export.filters) == (["name", "source_id"], "name", "q=mia")
    shown = staff.get(export.get_absolute_url()).content.decode()
    assert "<dt>Columns</dt><dd>Name, Source ID</dd>" in shown and "<dt>Order</dt><dd>By name</dd>" in shown


@pytest.mark.parametrize("columns", [[], ["name", "password"]])
def test_no_column_and_an_unknown_one_order_nothing(signed_in, columns):
    answer = send(signed_in("Exporter"), kind="customers", listed=["name", *columns], columns=columns)

    assert b'role="alert"' in answer.content
    assert not Export.objects.exists()


def test_a_view_keeps_columns_order_and_filters(signed_in):
    staff, colleague = signed_in("Exporter"), signed_in("Exporter")
    campaign = CampaignFactory(name="Autumn")
    of_view = {"kind": "codes", "campaign": campaign.public_id, "filters": "status=pool", "order": "oldest"}

    send(staff, **of_view, listed=["code", "value"], columns=["value", "code"], act="save", view_name=" For  finance ")
    again = send(staff, **of_view, listed=["code"], columns=["code"], act="save", view_name="for FINANCE")

    view = SavedView.objects.get()
    assert (view.name, view.columns, view.actor_label) == ("For finance", ["code", "value"], staff.user.username)
    assert "A view called “for FINANCE” already exists." in again.content.decode()
    assert b"For finance" in colleague.get(reverse("exports:exports")).content
    form = colleague.get(f"{REPORT}?view={view.pk}").context["form"]
    assert [item.name for item in form.columns if item.chosen] == ["code", "value"]
    assert {name: form[name].value() for name in of_view} == of_view
    assert b"For finance" not in signed_in("Viewer").get(reverse("exports:exports")).content

    colleague.post(reverse("exports:delete-view", kwargs={"view_id": view.pk}))

    assert not SavedView.objects.exists()
    assert list(AuditEntry.objects.filter(action__startswith="view.").values_list("action", flat=True)) == [
        "view.deleted", "view.saved"
    ]  # fmt: skip


def test_the_audit_log_is_for_managers(signed_in):
    record("user.signed_in", by=STAFF, object_id="=1+1", object_label="Ann")
    exporter, manager = signed_in("Exporter"), signed_in("Manager")
    sent = {"kind": "audit", "listed": usual("audit"), "columns": usual("audit")}

    assert b"is not one of the available choices" in send(exporter, **sent).content
    send(exporter, **sent, act="save", view_name="Log")
    assert not Export.objects.exists() and not SavedView.objects.exists()
    send(manager, **sent, act="save", view_name="Log")
    assert b">Log<" not in exporter.get(reverse("exports:exports")).content
    assert (
        exporter.post(reverse("exports:delete-view", kwargs={"view_id": SavedView.objects.get().pk})).status_code == 404
    )
    send(manager, **sent)
    export = Export.objects.get()
    make_export_file(export.pk)
    download = reverse("exports:download", kwargs={"export_id": export.pk})
    assert exporter.post(download).status_code == 403
    answer = manager.post(download, follow=True)
    assert "'=1+1" in b"".join(answer.streaming_content).decode()


def test_lists_link_to_their_reports(signed_in):
    CampaignFactory(codes=1)
    record("campaign.created", by=STAFF, object_label="Autumn")
    staff = signed_in("Manager")

    campaigns = staff.get("/campaigns/?kind=DISCOUNT_COUPONS").content.decode()
    link = campaigns[campaigns.index(f'href="{REPORT}?') :].split('"')[1]
    form = staff.get(html.unescape(link)).context["form"]

    assert (form["kind"].value(), form["filters"].value()) == ("campaigns", "kind=DISCOUNT_COUPONS")
    assert f"{REPORT}?kind=audit" in staff.get("/settings/audit-log").content.decode()
