"""POST …/import and …/importCSV of vouchers: what comes in, and what the async action tells of it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from campaigns.codes.actions.import_codes import TAKEN
from campaigns.codes.models import CodeImport, Voucher
from config.staff.models import AuditEntry
from config.stored_files import files
from customers.models import CustomerImport
from tests.support.api.calls import Api
from tests.support.api.imports import done
from tests.support.factories import CampaignFactory, VoucherFactory
from tests.support.imports import sample

pytestmark = pytest.mark.django_db

PERCENT = {"type": "PERCENT", "percent_off": 30}


def test_standalone_vouchers_as_json():
    caller = Api()

    action = done(caller, caller.post("vouchers/import", [
        {
            "code": "PROMO-1", "category": "new customers", "type": "DISCOUNT_VOUCHER", "active": False,
            "discount": {"amount_off": 3050, "type": "AMOUNT"}, "start_date": "2020-12-01T23:00:00+02:00",
            "expiration_date": "2042-12-19", "redemption": {"quantity": 5, "redeemed_quantity": 1},
            "metadata": {"unit": "EUR", "n": 1.5, "tags": ["a", {"b": None}]}, "additional_info": 'He said "hi",\n=1+1',
        },
        {"code": "GIFT-1", "type": "GIFT_VOUCHER", "gift": {"amount": 10000, "balance": 10000}, "redemption": None},
        {"code": "UNIT-1", "discount": {"type": "UNIT", "unit_off": 2, "unit_type": "coffee"}, "category": None},
        {"code": "=SUM-1", "discount": PERCENT, "metadata": {}, "additional_info": "'=1|2; -3"},
    ]))  # fmt: skip

    promo, gift, unit, formula = Voucher.objects.order_by("pk")
    assert action["result"] == {
        "message": "4 voucher(s) imported successfully, 0 failed.",
        "done_count": 4,
        "failed_count": 0,
        "failed": [],
    }
    assert (action["type"], action["status"], action["operation_status"]) == ("VOUCHERS.IMPORT", "DONE", "SUCCESS")
    assert action["progress"] == 100
    assert (promo.code, promo.type, promo.active, promo.category) == (
        "PROMO-1", "DISCOUNT_VOUCHER", False, "new customers",
    )  # fmt: skip
    assert (promo.discount_type, promo.discount_value, promo.redemption_limit) == ("AMOUNT", Decimal("30.5"), 5)
    assert promo.start_date == datetime(2020, 12, 1, 21, tzinfo=UTC)
    assert promo.expiration_date == datetime(2042, 12, 19, tzinfo=UTC)
    assert promo.metadata == {"unit": "EUR", "n": 1.5, "tags": ["a", {"b": None}]}
    assert (promo.additional_info, promo.redeemed_quantity) == ('He said "hi",\n=1+1', 0)
    assert (gift.type, gift.gift_amount, gift.redemption_limit) == ("GIFT_VOUCHER", 100, None)
    assert (unit.discount_value, unit.unit_type) == (2, "coffee")
    assert (formula.code, formula.metadata, formula.additional_info) == ("=SUM-1", None, "'=1|2; -3")
    entry = AuditEntry.objects.get(action="codes.imported")
    assert (entry.actor_kind, entry.actor_label, entry.details["imported"]) == ("api_key", "Shop", 4)


def test_what_cannot_be_imported_is_told_code_by_code():
    VoucherFactory(code="OLD")
    caller = Api()

    answer = caller.post("vouchers/import", [
        {"code": "GOOD", "discount": PERCENT},
        {"code": "OLD", "discount": PERCENT},
        {"code": "GOOD", "discount": PERCENT},
        {"code": "NOTHING"},
        {"code": "BAD", "discount": {"type": "PERCENT", "percent_off": 101}, "redemption": {"quantity": 0}},
    ])  # fmt: skip
    action = done(caller, answer)
    seen = Api("read").get(f"async-actions/{answer.json['async_action_id']}").json

    assert action["result"] == {
        "message": "1 voucher(s) imported successfully, 4 failed.",
        "done_count": 1,
        "failed_count": 4,
        "failed": [
            {"code": "OLD", "row": 2, "reason": TAKEN},
            {
                "code": "GOOD",
                "row": 3,
                "reason": "Code: is the same as in object 1. Codes must be unique. Remove one of the two.",
            },
            {
                "code": "NOTHING",
                "row": 4,
                "reason": "discount_type: is missing. Write PERCENT or AMOUNT, or import into a campaign, whose value then applies.",
            },
            {
                "code": "BAD",
                "row": 5,
                "reason": "redemption_limit: “0” is not a whole number of 1 or more. Write it in digits, such as 3. "
                "discount_value: Enter a percentage above 0 and up to 100.",
            },
        ],
    }
    assert (action["status"], action["operation_status"]) == ("DONE", "SUCCESS")
    assert [row["code"] for row in seen["result"]["failed"]] == ["••••••"] * 4


def test_an_import_of_which_no_row_is_good_has_failed():
    VoucherFactory(code="OLD")
    caller = Api()

    action = done(caller, caller.post("vouchers/import", [{"code": "OLD", "discount": PERCENT}]))

    assert (action["status"], action["operation_status"]) == ("DONE", "FAILED")


def test_into_a_campaign_as_json():
    campaign = CampaignFactory(name="Coffee")
    caller = Api()

    action = done(caller, caller.post("campaigns/Coffee/import", [
        {"code": "CODE7", "category": "First", "redemption": {"quantity": 1}, "metadata": {"season": "Fall"}, "active": True},
        {"code": "CODE8", "gift": {"amount": 500}},
    ]))  # fmt: skip

    voucher = campaign.vouchers.get()
    assert (voucher.code, voucher.category, voucher.redemption_limit, voucher.discount_type) == (
        "CODE7", "First", 1, None,
    )  # fmt: skip
    assert action["type"] == "CAMPAIGN.VOUCHERS_IMPORT"
    assert [(row["code"], row["row"]) for row in action["result"]["failed"]] == [("CODE8", 2)]
    assert "the campaign, whose codes are DISCOUNT_VOUCHER" in action["result"]["failed"][0]["reason"]
    campaign.refresh_from_db()
    assert campaign.pool_version == 1


@pytest.mark.parametrize(
    ("codes", "key", "message", "details"),
    [
        (["NEW", "OLD", "GONE"], "duplicate_key", "Duplicate codes", "2 voucher codes(s) already exist: GONE, OLD"),
        (["NEW", "NEW"], "duplicate_key", "Duplicate codes", "1 voucher codes(s) already exist: NEW"),
        (["NEW", "", None], "invalid_voucher", "Invalid Voucher", "Found 2 voucher(s) without 'code' value"),
    ],
)
def test_one_known_code_refuses_them_all_where_they_go_into_a_campaign(codes, key, message, details):
    CampaignFactory(name="Coffee")
    VoucherFactory(code="OLD")
    VoucherFactory(code="GONE", deleted_at=datetime.now(UTC))

    answer = Api().post("campaigns/Coffee/import", [{"code": code} for code in codes])

    assert answer.error == (400, key, message, details)
    assert not CodeImport.objects.exists()


@pytest.mark.parametrize("path", ["vouchers/import", "campaigns/Coffee/import", "customers/bulk/async"])
@pytest.mark.parametrize(
    ("body", "details"),
    [
        ("{}", "The body must be a JSON array."),
        ("null", "The body must be a JSON array."),
        ("", "The body is empty; send JSON."),
        ("[]", "The body contains nothing to import."),
        ("[7]", "0: must be an object"),
        ('[{"metadata": {"a": "\\u0000"}}]', "[0].metadata.a: contains a NUL character (\\u0000), which cannot be stored."),
        ('[{"metadata": {"n": 9223372036854775808}}]', "The body contains the number 9223372036854775808…, which is larger than 64 bits."),
        ('[{"metadata": 7}]', "0.metadata: must be an object"),
    ],
)  # fmt: skip
def test_bodies_that_are_no_array_of_them(path, body, details):
    CampaignFactory(name="Coffee")

    answer = Api().send("POST", path, body)

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not CodeImport.objects.exists()
    assert not CustomerImport.objects.exists()


@pytest.mark.parametrize(
    ("item", "details"),
    [
        ({"code": 7}, "0.code: must be a string"),
        ({"code": "A", "active": "yes"}, "0.active: must be true or false"),
        ({"code": "A", "type": "LOYALTY_CARD"}, "0.type: must be 'DISCOUNT_VOUCHER' or 'GIFT_VOUCHER'"),
        ({"code": "A", "discount": {"percent_off": 5}}, "0.discount.type: is required"),
        ({"code": "A", "redemption": {"quantity": "5"}}, "0.redemption.quantity: must be a whole number"),
        ({"code": "A", "start_date": "soon"}, "0.start_date: must be an ISO 8601 time such as 2026-03-01T12:00:00Z"),
        (
            {"code": "A", "metadata": {"a": "x" * 33_000}},
            "0.metadata: Metadata can have at most 32 KB; this is 32 KB.",
        ),
        ({"code": "x" * 1001}, "0.code: can have at most 1000 characters"),
    ],
)
def test_what_is_of_a_wrong_shape_refuses_the_call(item, details):
    answer = Api().post("vouchers/import", [item])

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not CodeImport.objects.exists()


def test_ten_megabytes_and_not_more():
    caller = Api()
    room = 10 * 1024 * 1024 - len('[{"code": "A", "x": ""}]')

    answers = [
        caller.send("POST", "vouchers/import", f'[{{"code": "A", "x": "{"y" * size}"}}]') for size in (room, room + 1)
    ]

    assert answers[0].status == 202
    assert answers[1].error == (413, "payload_too_large", "Payload too large", "The body can have at most 10,240 KB.")


def test_many_at_once():
    caller = Api()

    action = done(
        caller, caller.post("vouchers/import", [{"code": f"N{n}", "discount": PERCENT} for n in range(12_000)])
    )

    assert (action["result"]["done_count"], Voucher.objects.count()) == (12_000, 12_000)


def test_a_file_of_standalone_vouchers():
    caller = Api()

    action = done(caller, caller.upload("vouchers/importCSV", sample("import-generic-coupons-template.csv")))

    voucher = Voucher.objects.get()
    assert (action["type"], action["result"]["done_count"]) == ("VOUCHERS.IMPORT_CSV", 1)
    assert (voucher.code, voucher.discount_type, voucher.discount_value) == ("FALL2022", "AMOUNT", 10)
    assert voucher.metadata == {"Region": "Europe"}


def test_a_file_into_a_campaign():
    campaign = CampaignFactory(name="Coffee")
    VoucherFactory(code="OLD")
    caller = Api()

    action = done(caller, caller.upload("campaigns/Coffee/importCSV", "Code;Active\nA;TRUE\nOLD;TRUE\nB;maybe\n"))

    assert action["type"] == "CAMPAIGN.VOUCHERS_IMPORT_CSV"
    assert action["result"] == {
        "message": "1 voucher(s) imported successfully, 2 failed.",
        "done_count": 1,
        "failed_count": 2,
        "failed": [
            {"code": "OLD", "row": 2, "reason": TAKEN},
            {
                "code": "B",
                "row": 3,
                "reason": "Active: “maybe” is not TRUE or FALSE.",
            },
        ],
    }
    assert campaign.vouchers.get().code == "A"
    assert CodeImport.objects.get().original_name == "file.csv"


def test_an_import_shows_in_the_dashboard_too(signed_in):
    campaign = CampaignFactory(name="Coffee")
    caller = Api()
    done(caller, caller.post("campaigns/Coffee/import", [{"code": "A"}, {"code": "B", "gift": {"amount": 5}}]))
    code_import = CodeImport.objects.get()

    manager = signed_in("Manager")
    page = manager.get(reverse("campaigns:code-import", args=[code_import.pk])).content.decode()
    file = manager.get(reverse("campaigns:code-import-errors", args=[code_import.pk]))
    errors = b"".join(file.streaming_content).decode("utf-8-sig")

    assert "sent-as-json.csv" in page
    assert errors.splitlines()[1].startswith("B,GIFT_VOUCHER,")
    assert campaign.vouchers.count() == 1


@pytest.mark.parametrize("path", ["vouchers/importCSV", "campaigns/Coffee/importCSV", "customers/importCSV"])
@pytest.mark.parametrize(
    ("content", "details"),
    [
        ("", "file: The file is empty. Its first row must contain headings, such as “Code”, or data."),
        ("Code\n", "file: The file has headings but no rows."),
        (b"PK\x03\x04", None),
    ],
)
def test_files_that_are_not_taken(path, content, details):
    CampaignFactory(name="Coffee")

    answer = Api().upload(path, content)

    assert answer.error[:2] == (400, "invalid_payload")
    assert details is None or answer.error[3] == details
    assert not CodeImport.objects.exists()
    assert not CustomerImport.objects.exists()


def test_a_file_without_codes_leaves_nothing_behind():
    before = _stored()

    answer = Api().upload("vouchers/importCSV", "Coupon no\nA\n")

    assert answer.error[3] == "file: There is no column “Code”, which is required."
    assert not CodeImport.objects.exists()
    assert _stored() == before


def _stored() -> set[str]:
    storage = files()
    folders, found = ["imports"] if storage.exists("imports") else [], set()
    while folders:
        folder = folders.pop()
        inner, names = storage.listdir(folder)
        folders += [f"{folder}/{name}" for name in inner]
        found |= {f"{folder}/{name}" for name in names}
    return found


@pytest.mark.parametrize("path", ["vouchers/importCSV", "campaigns/Coffee/importCSV", "customers/importCSV"])
def test_a_call_without_a_file(path):
    caller = Api()
    CampaignFactory(name="Coffee")

    as_json = caller.post(path, {"file": "x"})
    other_field = caller.upload(path, "Code\nA\n", field="upload")
    garbled = caller.send("POST", path, b"--x\r\n", "multipart/form-data; boundary=" + "y" * 300)

    assert as_json.error == other_field.error == (400, "invalid_payload", "Invalid payload", "file: is required")
    assert garbled.error[:2] == (400, "invalid_payload")


def test_a_file_that_is_too_large(settings):
    settings.UPLOAD_MAX_BYTES = 1000

    answer = Api().upload("vouchers/importCSV", "Code\n" + "A\n" * 40_000)

    assert answer.error == (413, "payload_too_large", "Payload too large", "The body can have at most 64 KB.")


def test_a_job_is_written_with_the_import():
    caller = Api()
    before = ProcrastinateJob.objects.count()

    caller.post("vouchers/import", [{"code": "A", "discount": PERCENT}])
    caller.upload("customers/importCSV", "Source_id\nc-1\n")

    jobs = ProcrastinateJob.objects.order_by("pk").values_list("task_name", "args")[before:]
    assert [(name.rpartition(".")[2], args) for name, args in jobs] == [
        ("run_code_import", {"import_id": CodeImport.objects.get().pk}),
        ("run_customer_import", {"import_id": CustomerImport.objects.get().pk}),
    ]
