"""Moving in from Voucherify by its CSV exports: its files are taken as they are, by the pages' imports and by one command."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns.codes.models import CodeImport, Voucher
from customers.actions.upsert import find_customer
from customers.models import Customer, CustomerImport
from publications.models import Publication, PublicationImport
from tests.support.factories import CampaignFactory
from tests.support.imports import SAMPLES, counts, imported_codes, imported_customers, refused, sample

pytestmark = pytest.mark.django_db
ANN, BEN = "cust_eWgXlBBiY6THFRJwX45Iakv4", "cust_7iUa6ICKyU6gH40dBU25kQU1"


def move_in(**files) -> str:
    out = StringIO()
    call_command("move_in", stdout=out, stderr=out, **files)
    return out.getvalue()


def test_an_export_of_codes_imports_as_it_is():
    done = imported_codes(sample("voucherify-codes.csv"), CampaignFactory(name="Autumn coffee"))

    one, two, free = Voucher.objects.order_by("id")
    assert (counts(done), refused(done)) == ((3, 3, 0, 0), [])
    assert (one.code, one.type, one.discount_type, one.discount_value) == (
        "AUTUMN-7KQ2", "DISCOUNT_VOUCHER", "PERCENT", Decimal(10),
    )  # fmt: skip
    assert (one.start_date, one.expiration_date) == (
        datetime(2022, 9, 19, tzinfo=UTC), datetime(2022, 11, 30, 23, 59, tzinfo=UTC),
    )  # fmt: skip
    assert (one.category, one.additional_info, one.metadata) == ("New", "Autumn release", {"region": "Europe"})
    assert (one.redemption_limit, one.redeemed_quantity, one.active) == (1, 1, True)
    assert (two.redemption_limit, two.metadata, free.active) == (None, None, False)
    assert {voucher.published_at for voucher in (one, two, free)} == {None}


def test_gift_cards_come_with_what_is_left_on_them():
    campaign = CampaignFactory(kind="GIFT_VOUCHERS", gift_amount=50, discount_type=None, discount_value=None)

    done = imported_codes(sample("voucherify-codes-labels.csv"), campaign)

    cards = Voucher.objects.order_by("id").values_list("code", "type", "gift_amount", "redeemed_quantity", "metadata")
    assert (counts(done), refused(done)) == ((2, 2, 0, 0), [])
    assert list(cards) == [
        ("CARD-7KQ2", "GIFT_VOUCHER", Decimal("12.50"), 3, None),
        ("CARD-USED", "GIFT_VOUCHER", Decimal(0), 1, None),
    ]


def test_the_balance_of_what_is_no_gift_card_is_refused_unless_it_is_0():
    done = imported_codes("Code,Value,Discount Type,Gift Balance\nA,10,PERCENT,0\nB,10,PERCENT,5\n", CampaignFactory())

    assert refused(done) == [
        (
            3,
            "Gift Balance: does not belong to a DISCOUNT_VOUCHER. Empty the cell, or correct the voucher type.",
        )
    ]


@pytest.mark.parametrize(
    ("name", "metadata"),
    [
        ("voucherify-customers.csv", {"lang": "en", "tier": 2}),
        ("voucherify-customers-labels.csv", {"lang": "en", "tier": "2"}),  # columns "metadata.lang" and "metadata.tier"
    ],
)
def test_an_export_of_customers_imports_as_it_is(name, metadata):
    done = imported_customers(sample(name))

    ben, ann = Customer.objects.order_by("source_id")
    assert (counts(done), refused(done)) == ((2, 2, 0, 0), [])
    assert (ann.source_id, ann.name, ann.email, ann.phone) == (
        "shop-1",
        "Ann Lee",
        "ann.lee@example.com",
        "+1 555 0100",
    )
    assert (ann.birthdate, ann.description, ann.metadata) == (date(1990, 7, 3), "A good customer.", metadata)
    assert ann.address == {
        "city": "Springfield", "line_1": "12 Hill Road", "country": "United States", "postal_code": "12345",
    }  # fmt: skip
    assert (ben.source_id, ben.metadata) == (BEN, {})
    assert find_customer(BEN) == ben


def test_an_old_id_is_a_key_like_any_source_id():
    imported_customers(f"Name,ID,Source ID\nBen,{BEN},\n")

    again = imported_customers(f"Name,ID,Source ID\nBen Ode,{BEN},\nBen,{BEN},\nX,x{'y' * 255},\n")

    assert counts(again) == (3, 0, 1, 2)
    assert list(again.refused.order_by("row").values_list("key", flat=True)) == [BEN, f"x{'y' * 254}"]
    assert Customer.objects.get().name == "Ben Ode"


def test_the_command_moves_everything_in():
    campaign = CampaignFactory(name="Autumn coffee")

    said = move_in(
        campaign="Autumn coffee",
        codes=SAMPLES / "voucherify-codes.csv",
        customers=SAMPLES / "voucherify-customers.csv",
        publications=SAMPLES / "voucherify-publications.csv",
    )

    holders = Publication.objects.order_by("id").values_list("ledger__voucher__code", "customer__name")
    assert list(holders) == [("AUTUMN-7KQ2", "Ann Lee"), ("AUTUMN-9XWD", "Ben Ode")]
    assert campaign.vouchers.get(published_at=None).code == "AUTUMN-FREE"
    assert said.splitlines() == [
        f"{SAMPLES}/voucherify-codes.csv: 3 rows read, 3 imported",
        f"{SAMPLES}/voucherify-customers.csv: 2 rows read, 2 imported",
        f"{SAMPLES}/voucherify-publications.csv: 2 rows read, 2 imported",
        "Now run manage.py verify, which checks every invariant over the whole database.",
    ]
    assert Publication.objects.first().actor_label == "Command line"


def test_the_command_twice_repeats_no_publication_and_no_customer():
    CampaignFactory(name="Autumn coffee")
    files = {kind: SAMPLES / f"voucherify-{kind}.csv" for kind in ("customers", "publications")}
    move_in(campaign="Autumn coffee", codes=SAMPLES / "voucherify-codes.csv", **files)

    said = move_in(**files)

    assert "customers.csv: 2 rows read, 0 imported, 2 updated" in said
    assert "publications.csv: 2 rows read, 0 imported, 2 skipped" in said
    assert (Publication.objects.count(), Customer.objects.count()) == (2, 2)


def test_refused_rows_are_counted_and_their_file_is_named(tmp_path):
    out = StringIO()
    file = tmp_path / "publications.csv"
    file.write_text("voucher_code,customer_source_id\nNONE,shop-1\n")

    with pytest.raises(
        CommandError, match=r"^1 row was rejected. Fix the rows in the error files, then import those files.$"
    ):
        call_command("move_in", publications=file, stdout=out)

    done = PublicationImport.objects.get()
    assert Path(done.error_file.path).is_file()
    assert out.getvalue().splitlines()[:2] == [
        f"{file}: 1 row read, 0 imported, 1 refused",
        f"  the rejected rows with their reasons:  {done.error_file.path}",
    ]


def test_publications_without_source_ids_are_warned_of(tmp_path):
    file = tmp_path / "publications.csv"
    file.write_text("code,customer_id,date,channel\nA,cust_1,2022-01-01,API\n")
    imported_codes("Code,Discount Type,Value\nA,PERCENT,5\n")

    assert "No column is imported as the customers’ source ID." in move_in(publications=file)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "Name at least one file: --codes, --customers or --publications."),
        ({"codes": SAMPLES / "voucherify-codes.csv"},
         "Choose where the codes go: --campaign NAME, or --standalone if they belong to no campaign."),
        ({"codes": SAMPLES / "voucherify-codes.csv", "campaign": "Nowhere"},
         "There is no campaign “Nowhere”. Create it in the dashboard first."),
        ({"customers": SAMPLES / "absent.csv"}, f"There is no file {SAMPLES}/absent.csv. Nothing was imported."),
        ({"publications": SAMPLES / "voucherify-customers.csv"},
         f"{SAMPLES}/voucherify-customers.csv: There is no column “Voucher code”, which is required."),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said_before_anything_happens(files, message):
    with pytest.raises(CommandError) as refusal:
        move_in(**files)

    assert str(refusal.value) == message
    assert not (CodeImport.objects.exists() or CustomerImport.objects.exists() or PublicationImport.objects.exists())


def test_a_worker_goes_on_where_the_command_is_killed():
    move_in(customers=SAMPLES / "voucherify-customers.csv")

    job = ProcrastinateJob.objects.get()
    assert (job.task_name, job.args) == (
        "customers.run_customer_import",
        {"import_id": CustomerImport.objects.get().pk},
    )


def test_standalone_codes_move_in_without_a_campaign():
    move_in(standalone=True, codes=SAMPLES / "voucherify-codes.csv")

    assert list(Voucher.objects.values_list("campaign", flat=True)) == [None, None, None]
