"""Reports: the file says what the filtered page says, publishes nothing, and shows no code that could still be given."""

from datetime import UTC, date

import pytest
from django.utils import timezone

from campaigns.codes.mask import HIDDEN, mask, masked
from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry, ProjectSettings
from customers.models import Customer
from publications.actions.publish import publish
from publications.actions.release import release
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.exports.report import FiltersTooLong, Rows, batches, order_report
from publications.models import Publication
from publications.refusals import NoVoucherSuitable
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db


def made(kind: str, **options) -> Export:
    export = order_report(kind, by=STAFF, **options)
    make_export_file(export.pk)
    export.refresh_from_db()
    assert (export.status, export.error) == ("done", "")
    return export


def lines(export: Export) -> list[str]:
    with export.file.open() as file:
        return file.read().decode().split("\r\n")[:-1]


def first_cells(export: Export) -> list[str]:
    return [line.split(",")[0] for line in lines(export)[1:]]


def iso(moment) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def test_the_codes_of_a_campaign():
    campaign = CampaignFactory(name="Autumn", discount_value=20)
    free = VoucherFactory(campaign=campaign, code="ROAST-99C9-TNEZ")
    taken = VoucherFactory(campaign=campaign, code="ROAST-GRK3-J92B")
    VoucherFactory(campaign=campaign, code="GONE", deleted_at=timezone.now())
    published(taken, CustomerFactory(name="Mia Wolf", email="mia@example.com", source_id="shop-7"))
    VoucherFactory(code="ANOTHER-CAMPAIGN")
    taken.refresh_from_db()

    export = made("codes", campaign=campaign)

    assert lines(export) == [
        "Code,Campaign,Voucher type,Discount type,Value,Unit,Gift amount,Start date,Expiration date,Category,"
        "Published at,Metadata,Active,Status,Customer,E-mail,Customer source ID,Channel,Distribution,For whom,Created at",
        f"ROAST-GRK3-J92B,Autumn,DISCOUNT_VOUCHER,PERCENT,20,,,,,,{iso(taken.published_at)},,true,Redeemable,"
        f"Mia Wolf,mia@example.com,shop-7,API,,,{iso(taken.created_at)}",
        f"••••••EZ,Autumn,DISCOUNT_VOUCHER,PERCENT,20,,,,,,,,true,In pool,,,,,,,{iso(free.created_at)}",
    ]
    assert (export.rows, export.total, export.done) == (2, 2, 2)
    assert Voucher.objects.filter(published_at=None, deleted_at=None).count() == 2
    assert Publication.objects.count() == 1


def test_the_codes_of_everything_and_their_filters():
    published(VoucherFactory(code="ROAST-1"))
    VoucherFactory(code="ROAST-2")
    published(StandaloneVoucherFactory(code="ALONE-1"))

    assert first_cells(made("codes")) == ["ALONE-1", HIDDEN, "ROAST-1"]
    assert first_cells(made("codes", filters="q=ROAST&page=7")) == ["ROAST-1"]
    assert first_cells(made("codes", filters="status=pool")) == [HIDDEN]
    assert first_cells(made("codes", filters="belongs=standalone&q=")) == ["ALONE-1"]


def test_a_released_code_is_masked_again_wherever_it_stands():
    voucher = VoucherFactory(code="ROAST-99C9-TNEZ")
    published(voucher)
    release(voucher, by=STAFF, reason="Sent to the wrong person")

    assert first_cells(made("codes")) == ["••••••EZ"]
    (row,) = lines(made("publications"))[1:]
    assert "99C9" not in row
    assert "••••••EZ" in row
    assert "Sent to the wrong person" in row


def test_the_mask_in_sql_is_the_mask():
    texts = ["A", "ABCDEFG", "ABCDEFGH", "ABCDEFGHIJ", "Zürich-ÄÖ", "🎁" * 7, "🎁" * 8]
    for text in texts:
        VoucherFactory(code=text)

    assert list(Voucher.objects.order_by("id").values_list(masked("code"), flat=True)) == [mask(t) for t in texts]


def test_the_publications_of_a_campaign():
    campaign = CampaignFactory(name="Autumn", codes=2)
    mia = CustomerFactory(name="=Mia", email="mia@example.com", source_id="shop-7")
    two = publish(campaign, mia, count=2, channel="newsletter", origin="api", by=STAFF, metadata={"box": 7})
    with pytest.raises(NoVoucherSuitable):
        publish(campaign, mia, origin="dashboard", by=STAFF)
    failed = Publication.objects.get(result="FAILURE")
    published()

    export = made("publications", campaign=campaign)

    first, second = (voucher.code for voucher in two.vouchers)
    start = f"{iso(two.created_at)},SUCCESS,Autumn"
    end = '\'=Mia,mia@example.com,shop-7,newsletter,,,Test Staff,,,,1,,,,"{""box"": 7}"'
    assert lines(export) == [
        "Date,Result,Campaign,Code,Customer,E-mail,Customer source ID,Channel,Distribution,For whom,By,Source ID,Failure,Failure reason,Attempts,"
        "Code requested,Released at,Release reason,Metadata",
        f"{iso(failed.created_at)},FAILURE,Autumn,,'=Mia,mia@example.com,shop-7,API,,,Test Staff,,"
        f'"{failed.failure_message}",Pool empty,1,,,,',
        f"{start},{first},{end}",
        f"{start},{second},{end}",
    ]
    assert (export.rows, export.total, export.done) == (3, 2, 2)


def test_a_code_that_somebody_tried_is_masked():
    voucher = VoucherFactory(code="ROAST-99C9-TNEZ", active=False)
    with pytest.raises(Exception, match="disabled"):
        published(voucher)

    (row,) = lines(made("publications"))[1:]

    assert "••••••EZ" in row
    assert "99C9" not in row


def test_publications_are_filtered_as_on_the_page_and_their_days_are_the_projects():
    ProjectSettings.objects.update_or_create(id=1, defaults={"time_zone": "Pacific/Kiritimati"})  # UTC+14
    early, late = published(channel="shop"), published(channel="shop")
    published(channel="till")
    Publication.objects.filter(pk=early.pk).update(created_at="2026-11-01T09:59:00Z")
    Publication.objects.filter(pk=late.pk).update(created_at="2026-11-01T10:00:00Z")

    assert len(first_cells(made("publications", filters="channel=shop"))) == 2
    assert first_cells(made("publications", filters="since=2026-11-02&until=2026-11-02&channel=")) == [
        "2026-11-01T10:00:00.000Z"
    ]
    assert first_cells(made("publications", filters="q=nobody")) == []


def test_the_customers():
    mia = Customer.objects.create(
        source_id="shop-7", name="Mia Wolf", email="mia@example.com", phone="+49 30 1234", birthdate=date(1990, 2, 28),
        address={"line_1": "Hauptstr. 1", "city": "Berlin", "country": "Germany"}, metadata={"lang": "de"},
    )  # fmt: skip
    CustomerFactory(name="Noah", erased_at=None)
    export = made("customers", filters="q=mia")

    assert lines(export) == [
        "Source ID,Name,E-mail,Phone,Birthdate,Address line 1,Address line 2,Postal code,City,State,Country,"
        "Description,Created at,Metadata",
        "shop-7,Mia Wolf,mia@example.com,'+49 30 1234,1990-02-28,Hauptstr. 1,,,Berlin,,Germany,,"
        f'{iso(mia.created_at)},"{{""lang"": ""de""}}"',
    ]
    assert len(first_cells(made("customers"))) == 2


def test_batches_hold_every_row_once_in_order():
    customers = [CustomerFactory() for _ in range(10)]
    moments = ["2026-11-01T09:00:00Z", "2026-11-01T09:00:00Z", "2026-11-02T09:00:00.000001Z"]
    for number, customer in enumerate(customers):
        Customer.objects.filter(pk=customer.pk).update(created_at=moments[number % 3])
    expected = list(Customer.objects.order_by("-created_at", "-id"))

    for size in (1, 2, 3, 5, 9, 10, 11):
        made_of = [list(b) for b in batches(Rows(Customer.objects.all(), ("-created_at", "-id")), size=size)]
        assert [customer for batch in made_of for customer in batch] == expected
        assert max(len(batch) for batch in made_of) <= size
        assert [c.pk for b in batches(Rows(Customer.objects.all(), ("id",)), size=size) for c in b] == [
            customer.pk for customer in customers
        ]


def test_a_report_is_audited_without_its_filters():
    export = order_report("customers", filters="q=mia@example.com", by=STAFF)

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.details) == ("export.ordered", export.public_id, {"kind": "customers"})


def test_endless_filters_are_refused():
    with pytest.raises(FiltersTooLong, match="2,000"):
        order_report("codes", filters="q=" + "x" * 2_000, by=STAFF)

    assert Export.objects.count() == 0


@pytest.mark.parametrize("kind", ["hand_out", "everything"])
def test_an_unknown_kind_is_an_error_of_the_caller(kind):
    with pytest.raises(ValueError, match=kind):
        order_report(kind, by=STAFF)
