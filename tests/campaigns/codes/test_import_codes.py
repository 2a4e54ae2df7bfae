"""Codes come in by CSV files: into a campaign, or standalone."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from campaigns.codes.actions.import_codes import TAKEN
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.imports.csv.uploads import NotCsv
from config.staff.models import AuditEntry
from tests.support.factories import CampaignFactory, VoucherFactory
from tests.support.imports import counts, error_rows, imported_codes, refused, sample

pytestmark = pytest.mark.django_db
GIFT = {"kind": "GIFT_VOUCHERS", "gift_amount": 20, "discount_type": None, "discount_value": None}


def test_the_sample_of_a_campaigns_codes_imports_as_it_is():
    campaign = CampaignFactory()

    done = imported_codes(sample("import-discount-coupons-into-campaign-template.csv"), campaign)

    voucher = Voucher.objects.get()
    assert (done.status, counts(done), done.done) == ("done", (1, 1, 0, 0), done.size)
    assert (voucher.campaign, voucher.code, voucher.type) == (campaign, "FALL2022", "DISCOUNT_VOUCHER")
    assert (voucher.active, voucher.category, voucher.metadata) == (False, "New", {"Region": "Europe"})
    assert (voucher.discount_type, voucher.discount_value, voucher.expiration_date) == (None, None, None)
    assert voucher.published_at is None


def test_the_sample_of_referral_codes_imports_as_it_is():
    campaign = CampaignFactory(kind="REFERRAL_PROGRAM")

    done = imported_codes(sample("import-referral-codes-template.csv"), campaign)

    voucher = Voucher.objects.get()
    assert counts(done) == (1, 1, 0, 0)
    assert (voucher.code, voucher.category, voucher.redeemed_quantity) == ("REFERRAL_CODE01", "1", 2)
    assert (voucher.active, voucher.metadata) == (True, None)


def test_the_sample_of_generic_coupons_imports_as_it_is():
    done = imported_codes(sample("import-generic-coupons-template.csv"))

    voucher = Voucher.objects.get()
    assert counts(done) == (1, 1, 0, 0)
    assert (voucher.campaign, voucher.code, voucher.type) == (None, "FALL2022", "DISCOUNT_VOUCHER")
    assert (voucher.discount_type, voucher.discount_value) == ("AMOUNT", Decimal(10))
    assert voucher.start_date == datetime(2022, 9, 19, tzinfo=UTC)
    assert voucher.expiration_date == datetime(2022, 11, 30, 23, 59, tzinfo=UTC)
    assert (voucher.active, voucher.category, voucher.redemption_limit) == (False, "New", None)
    assert (voucher.additional_info, voucher.metadata) == ("Planned release in Fall 2022", {"Region": "Europe"})


def test_the_import_is_audited_and_raises_the_pools_version():
    campaign = CampaignFactory()

    done = imported_codes("Code\nA\nB\nA\n", campaign)

    entry = AuditEntry.objects.get()
    campaign.refresh_from_db()
    assert (entry.action, entry.actor_label) == ("codes.imported", done.actor_label)
    assert (entry.object_id, entry.campaign_id) == (campaign.public_id, campaign.pk)
    assert entry.details == {"rows": 3, "imported": 2, "updated": 0, "refused": 1}
    assert campaign.pool_version == 1


def test_the_pool_follows_the_file():
    imported_codes("Code\nM\nZ\nA\nK\n", CampaignFactory())

    codes = Voucher.objects.order_by("id").values_list("code", flat=True)
    assert list(codes) == ["M", "Z", "A", "K"]


def test_a_code_that_exists_is_refused_by_its_row():
    VoucherFactory(code="OLD", metadata={"kept": True})

    done = imported_codes("Code,Region\nNEW,x\nOLD,x\nNEW,y\n", CampaignFactory())

    assert counts(done) == (3, 1, 0, 2)
    assert refused(done) == [
        (3, TAKEN),
        (4, "Code: is the same as in row 2. Codes must be unique. Remove one of the two."),
    ]
    assert error_rows(done) == [
        ["Code", "Region", "Row", "Error"],
        ["OLD", "x", "3", TAKEN],
        ["NEW", "y", "4", "Code: is the same as in row 2. Codes must be unique. Remove one of the two."],
    ]
    assert Voucher.objects.get(code="OLD").metadata == {"kept": True}


def test_repeats_are_found_across_chunks(monkeypatch):
    monkeypatch.setattr("config.imports.run_import.CHUNK", 2)

    done = imported_codes("Code\nA\nB\nC\nB\nD\nA\n", CampaignFactory())

    assert counts(done) == (6, 4, 0, 2)
    assert [(row, text[:31]) for row, text in refused(done)] == [
        (5, "Code: is the same as in row 3. "),
        (7, "Code: is the same as in row 2. "),
    ]


def test_long_rows_come_in_smaller_chunks(monkeypatch):
    monkeypatch.setattr("config.imports.run_import.CHUNK_TEXT", 100)
    campaign = CampaignFactory()

    done = imported_codes("Code,Note\n" + "".join(f"A{n},{'x' * 60}\n" for n in range(6)) + "A0,again\n", campaign)

    assert counts(done) == (7, 6, 0, 1)
    campaign.refresh_from_db()
    assert campaign.pool_version == 3  # once a chunk of two rows


def test_all_or_nothing_leaves_nothing(monkeypatch):
    monkeypatch.setattr("config.imports.run_import.CHUNK", 2)
    VoucherFactory(code="OLD")
    campaign = CampaignFactory()

    done = imported_codes("Code,Active\nA,yes\nB,maybe\nOLD,no\nC,no\nA,no\n", campaign, on_error="all_or_nothing")

    assert (done.status, counts(done)) == ("failed", (5, 0, 0, 3))
    assert (
        done.error
        == "Nothing was imported: 3 rows are invalid. Fix the file and upload it again, or import only the valid rows."
    )
    assert [row for row, _ in refused(done)] == [3, 4, 6]
    assert [row[0] for row in error_rows(done)[1:]] == ["B", "OLD", "A"]
    assert campaign.vouchers.count() == 0
    assert not AuditEntry.objects.exists()


def test_all_or_nothing_imports_all(monkeypatch):
    monkeypatch.setattr("config.imports.run_import.CHUNK", 2)

    done = imported_codes("Code\nC\nA\nB\nE\nD\n", CampaignFactory(), on_error="all_or_nothing")

    assert (done.status, counts(done)) == ("done", (5, 5, 0, 0))
    assert list(Voucher.objects.order_by("id").values_list("code", flat=True)) == ["C", "A", "B", "E", "D"]


def test_a_code_that_appears_after_the_check_still_refuses_all(monkeypatch):
    VoucherFactory(code="OLD")
    monkeypatch.setattr(
        "campaigns.codes.actions.import_codes.CodeImporter.foresee", lambda *args: []
    )  # it came a moment later
    campaign = CampaignFactory()

    done = imported_codes("Code\nA\nOLD\nB\n", campaign, on_error="all_or_nothing")

    assert (done.status, counts(done), refused(done)) == ("failed", (3, 0, 0, 1), [(3, TAKEN)])
    assert campaign.vouchers.count() == 0


VALUES = "Code,Voucher Type,Discount Type,Value,Unit,Gift Amount\n"


@pytest.mark.parametrize(
    ("row", "stored"),
    [
        ("A,,PERCENT,10.5,,", ("DISCOUNT_VOUCHER", "PERCENT", Decimal("10.5"), "", None)),
        ("A,discount,percentage,10,,", ("DISCOUNT_VOUCHER", "PERCENT", Decimal(10), "", None)),
        ('A,,AMOUNT,"10,50",,', ("DISCOUNT_VOUCHER", "AMOUNT", Decimal("10.5"), "", None)),
        ("A,,UNIT,2,coffee,", ("DISCOUNT_VOUCHER", "UNIT", Decimal(2), "coffee", None)),
        ("A,,FIXED,0,,", ("DISCOUNT_VOUCHER", "FIXED", Decimal(0), "", None)),
        ("A,GIFT_VOUCHER,,,,25", ("GIFT_VOUCHER", None, None, "", Decimal(25))),
        ("A,gift,,25.50,,", ("GIFT_VOUCHER", None, None, "", Decimal("25.5"))),
    ],
)
def test_values_of_standalone_codes(row, stored):
    done = imported_codes(VALUES + row + "\n")

    voucher = Voucher.objects.get()
    assert done.error == ""
    assert stored == (
        voucher.type,
        voucher.discount_type,
        voucher.discount_value,
        voucher.unit_type,
        voucher.gift_amount,
    )


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("A,,,,,", "Discount Type: is missing. Write PERCENT or AMOUNT, or import into a campaign, whose value then applies."),
        ("A,,PERCENT,,,", "Value: Enter the value."),
        ("A,,PERCENT,101,,", "Value: Enter a percentage above 0 and up to 100."),
        ("A,,PERCENT,-5,,", "Value: “-5” is not a number. Write it without separators or symbols, such as 10 or 10.50."),
        ('A,,AMOUNT,"1,000",,',
         "Value: “1,000” can be thousands or decimals. Choose how the file writes amounts, or write it as 1000 or 1.00."),
        ("A,,AMOUNT,1.2345,,", "Value: Enter at most two decimals."),
        ("A,,UNIT,1.5,coffee,", "Value: Enter a whole number of units, 1 or more."),
        ("A,,HALF,50,,", "Discount Type: “HALF” is not a valid discount type. Write PERCENT or AMOUNT or UNIT or FIXED."),
        ("A,LOYALTY_CARD,,,,", "Voucher Type: “LOYALTY_CARD” is not a valid voucher type. Write DISCOUNT_VOUCHER or GIFT_VOUCHER."),
        ("A,GIFT_VOUCHER,,,,", "Gift Amount: Enter an amount above 0."),
        ("A,GIFT_VOUCHER,,1.2345,,", "Value: has more than two decimals."),
        ("A,GIFT_VOUCHER,PERCENT,,,5",
         "Discount Type: does not belong to a GIFT_VOUCHER. Empty the cell, or correct the voucher type."),
        ("A,,PERCENT,5,,5",
         "Gift Amount: does not belong to a DISCOUNT_VOUCHER. Empty the cell, or correct the voucher type."),
        (",,PERCENT,5,,", "Code: is empty. Every row needs a code."),
        ("x" * 256 + ",,PERCENT,5,,",
         "Code: has more than 255 characters, or an invisible one. Correct it."),
        ("A\x07,,PERCENT,5,,", "Code: has more than 255 characters, or an invisible one. Correct it."),
    ],
)  # fmt: skip
def test_a_bad_value_says_how_to_mend_it(row, error):
    done = imported_codes(VALUES + row + "\n")

    assert (done.status, counts(done)) == ("done", (1, 0, 0, 1))
    assert refused(done) == [(2, error)]


@pytest.mark.parametrize("number", ["1000000001", "2147483647"])
@pytest.mark.parametrize("heading", ["Redemption limit", "Redeemed quantity"])
def test_a_number_of_redemptions_that_would_end_its_counter(heading, number):
    done = imported_codes(f"Code,{heading},Discount type,Value\nA,{number},PERCENT,5\nB,1000000000,PERCENT,5\n")

    assert counts(done) == (2, 1, 0, 1)
    assert refused(done) == [(2, f"{heading}: “{number}” is too large. The maximum is 1,000,000,000.")]


def test_all_that_is_wrong_with_a_row_is_said_at_once():
    headings = "Code,Active,Start Date,Expiration Date,Redemption Limit\n"

    done = imported_codes(headings + "A,maybe,2026-02-30,soon,0\n", CampaignFactory())

    assert refused(done) == [
        (
            2,
            "Active: “maybe” is not TRUE or FALSE. "
            "Start Date: “2026-02-30” is not a date. Write it as 2026-11-30 or 2026-11-30T23:59:00Z. "
            "Expiration Date: “soon” is not a date. Write it as 2026-11-30 or 2026-11-30T23:59:00Z. "
            "Redemption Limit: “0” is not a whole number of 1 or more. Write it in digits, such as 3.",
        )
    ]


def test_also_what_does_not_fit_together_and_that_the_code_is_known():
    VoucherFactory(code="HERE")
    headings = "Code,Voucher Type,Value,Gift Amount,Start Date,Expiration Date,Active\n"
    good = "A,GIFT_VOUCHER,,5,,,\n"
    rows = [
        ",GIFT_VOUCHER,,0,2026-11-30,2026-11-24,",
        "HERE,DISCOUNT_VOUCHER,5,5,,,maybe",
        "A,GIFT_VOUCHER,,5,,,maybe",
    ]

    done = imported_codes(headings + good + "\n".join(rows))

    assert refused(done) == [
        (
            3,
            "Code: is empty. Every row needs a code. Gift Amount: Enter an amount above 0. "
            "Expiration Date: The expiration must be after the start.",
        ),
        (
            4,
            "Active: “maybe” is not TRUE or FALSE. "
            "Gift Amount: does not belong to a DISCOUNT_VOUCHER. Empty the cell, or correct the voucher type. " + TAKEN,
        ),
        (
            5,
            "Active: “maybe” is not TRUE or FALSE. "
            "Code: is the same as in row 2. Codes must be unique. Remove one of the two.",
        ),
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-30T23:59:00.000Z", datetime(2026, 11, 30, 23, 59, tzinfo=UTC)),
        ("2026-11-30T23:59:00+02:00", datetime(2026, 11, 30, 21, 59, tzinfo=UTC)),
        ("2026-11-30 23:59", datetime(2026, 11, 30, 23, 59, tzinfo=UTC)),
        ("2026-11-30", datetime(2026, 11, 30, 23, 59, 59, 999_000, tzinfo=UTC)),
    ],
)
def test_dates_as_people_write_them(text, moment):
    imported_codes(f"Code,Expiration Date\nA,{text}\n", CampaignFactory())

    assert Voucher.objects.get().expiration_date == moment


def test_a_code_must_expire_after_it_starts():
    done = imported_codes("Code,Start Date,Expiration Date\nA,2026-02-01,2026-01-01\n", CampaignFactory())

    assert refused(done) == [(2, "Expiration Date: The expiration must be after the start.")]


@pytest.mark.parametrize(
    ("campaign", "row", "error"),
    [
        ({}, "A,GIFT_VOUCHER,", "Voucher Type: GIFT_VOUCHER does not match the campaign, whose codes are DISCOUNT_VOUCHER. "
         "Correct it, or choose another campaign."),
        (GIFT, "A,DISCOUNT_VOUCHER,", "Voucher Type: DISCOUNT_VOUCHER does not match the campaign, whose codes are GIFT_VOUCHER. "
         "Correct it, or choose another campaign."),
    ],
)  # fmt: skip
def test_a_code_must_be_of_the_campaigns_type(campaign, row, error):
    done = imported_codes(f"Code,Voucher Type,Value\n{row}\n", CampaignFactory(**campaign))

    assert refused(done) == [(2, error)]


def test_in_a_campaign_a_value_alone_is_of_the_campaigns_kind():
    imported_codes("Code,Value\nA,15\nB,\n", CampaignFactory(discount_type="PERCENT", discount_value=10))

    values = Voucher.objects.order_by("id").values_list("code", "discount_type", "discount_value")
    assert list(values) == [("A", "PERCENT", Decimal(15)), ("B", None, None)]


def test_codes_of_a_gift_campaign_are_gift_vouchers():
    imported_codes("Code,Gift Amount\nA,50\nB,\n", CampaignFactory(**GIFT))

    assert list(Voucher.objects.order_by("id").values_list("type", "gift_amount")) == [
        ("GIFT_VOUCHER", Decimal(50)),
        ("GIFT_VOUCHER", None),
    ]


def test_a_deleted_campaign_takes_no_codes():
    campaign = CampaignFactory()
    Campaign.objects.filter(pk=campaign.pk).update(deleted_at=datetime(2026, 1, 1, tzinfo=UTC))

    done = imported_codes("Code\nA\n", campaign)

    assert (done.status, done.error) == ("failed", "The campaign was deleted in the meantime.")
    assert not Voucher.objects.exists()


def test_the_error_file_is_safe_for_spreadsheets_and_can_be_mended_and_imported():
    campaign = CampaignFactory()
    first = imported_codes(
        'Code,Active,Note,Terms\n=1+1,maybe,"+1 555|0100","Bring:\n- a pen; =2"\nB,TRUE,x,y\n', campaign
    )
    with first.error_file.open("rb") as file:
        mended = file.read().replace(b"maybe", b"TRUE")

    second = imported_codes(mended, campaign)

    assert error_rows(first)[1][:4] == ["'=1+1", "maybe", "'+1 555\\|0100", "Bring:\n'- a pen; '=2"]
    assert counts(second) == (1, 1, 0, 0)
    voucher = Voucher.objects.get(code="=1+1")
    assert voucher.metadata == {"Note": "+1 555|0100", "Terms": "Bring:\n- a pen; =2"}


def test_the_error_file_keeps_the_delimiter_of_the_upload():
    done = imported_codes("Code;Active\nA;maybe\n", CampaignFactory())

    with done.error_file.open("rb") as file:
        assert file.read().startswith(b"\xef\xbb\xbfCode;Active;Row;Error\r\nA;maybe;2;Active:")


def test_rows_that_cannot_be_read_are_in_the_error_file_as_they_look():
    done = imported_codes(
        b'Code,Region\nA\nB,x,y,z\nC,"x"y"\nD,M\xe1laga\nE,ok\nF,"m\xc3\xa1s"\nG,\xc3\xa9\n', CampaignFactory()
    )

    assert counts(done) == (7, 3, 0, 4)
    assert [row[:3] for row in error_rows(done)] == [
        ["Code", "Region", "Row"],
        ["A", "", "2"],
        ["B", "x,y,z", "3"],
        ['C,"x"y"', "", "4"],
        ["D", "M�laga", "5"],
    ]


def test_a_column_that_is_not_mapped_is_not_imported():
    done = imported_codes("Code,Campaign,QR code,Region\nA,Fall,http://x.example,Europe\n", CampaignFactory())

    assert done.mapping == {"0": "code", "3": "metadata.Region"}
    assert Voucher.objects.get().metadata == {"Region": "Europe"}


def test_only_a_thousand_refused_rows_stay_in_the_database_but_the_file_has_all():
    done = imported_codes("Code,Active\n" + "A,maybe\n" * 1_050, CampaignFactory())

    assert done.rows_refused == 1_050
    assert [row for row, _ in refused(done)] == list(range(2, 1_002))
    assert len(error_rows(done)) == 1_051


def test_a_file_without_rows_is_not_taken():
    with pytest.raises(NotCsv) as no_rows:
        imported_codes("Code,Region\n\n")

    assert str(no_rows.value) == "The file has headings but no rows."
