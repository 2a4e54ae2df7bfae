"""What stands in the files of /v1/exports: fields, filters and orders of vouchers, publications and customers."""

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.actions.release import release
from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.redemptions.actions.redeem import redeem
from tests.support.api.calls import Api
from tests.support.api.exports import finished, table, taken
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db


def test_all_fields_of_a_voucher():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    campaign = CampaignFactory(
        name="Gifts", kind="GIFT_VOUCHERS", discount_type=None, discount_value=None, gift_amount=25, start_date=start,
        redemption_limit=None, category="staff",
    )  # fmt: skip
    customer = CustomerFactory(source_id="c-1")
    gift = VoucherFactory(campaign=campaign, code="GIFT-0001", type="GIFT_VOUCHER", metadata={"a": [1]})
    published(gift, customer)
    redeem(gift, amount=5, by=STAFF)
    plain = StandaloneVoucherFactory(
        code="=PLAIN-1", active=False, additional_info="+1 555", discount_type="UNIT", discount_value=2, unit_type="tea",
        redemption_limit=3,
    )  # fmt: skip
    fields = [
        "id", "code", "voucher_type", "value", "discount_type", "campaign", "campaign_id", "category", "start_date",
        "expiration_date", "gift_balance", "redemption_quantity", "redemption_count", "active", "metadata",
        "is_referral_code", "additional_info", "customer_id", "customer_source_id", "discount_unit_type", "qr_code",
    ]  # fmt: skip

    head, *rows = table(Api(), fields=fields, order="created_at")

    assert head == [
        "ID", "Code", "Voucher Type", "Value", "Discount Type", "Campaign", "Campaign ID", "Category", "Start Date",
        "Expiration Date", "Gift Balance", "Redemption Limit", "Redemption Count", "Active", "Metadata",
        "Is Referral Code", "Additional Info", "Customer ID", "Customer Source ID", "Discount Unit Type", "QR Code",
    ]  # fmt: skip
    assert rows == [
        [
            gift.public_id, "GIFT-0001", "GIFT_VOUCHER", "20", "", "Gifts", campaign.public_id, "staff",
            "2026-01-01T00:00:00.000Z", "", "20", "", "1", "true", '{"a": [1]}', "false", "", customer.public_id, "c-1",
            "", "",
        ],
        [
            plain.public_id, "••••••-1", "DISCOUNT_VOUCHER", "2", "UNIT", "", "", "", "", "", "", "3", "0", "false", "",
            "false", "+1 555", "", "", "tea", "",
        ],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("exported_object", "heading"),
    [
        ("voucher", ["Code", "Voucher Type", "Value", "Discount Type"]),
        ("publication", ["Voucher Code", "Customer ID", "Date", "Channel"]),
        ("customer", ["Name", "Source ID"]),
    ],
)
def test_the_usual_fields_where_none_are_named(exported_object, heading):
    caller = Api()

    answer = caller.post("exports", {"exported_object": exported_object})
    make_export_file(Export.objects.get().pk)

    done = caller.get(f"exports/{answer.json['id']}").json
    assert taken(done["result"]["url"]).body == ",".join(heading) + "\r\n"


def test_every_field_of_the_documents_is_a_column():
    for exported_object, count in [
        ("voucher", 33),
        ("publication", 8),
        ("customer", 30),
        ("redemption", 18),
        ("voucher_transactions", 12),
    ]:
        refused = Api().post("exports", {"exported_object": exported_object, "parameters": {"fields": ["x"]}})
        allowed = refused.error[3].removeprefix("Unsupported field used. Allowed fields: ").split(", ")

        assert refused.error[:3] == (400, "invalid_export_fields", "Invalid Export")
        assert len(allowed) == count
        assert len(table(Api(), exported_object, fields=allowed)[0]) == count


def test_a_field_named_twice_is_one_column():
    VoucherFactory(code="UNPUBLISHED")

    assert table(Api(), fields=["code", "active", "code"]) == [["Code", "Active"], ["••••••ED", "true"]]


def test_publications_a_line_for_each_code():
    campaign = CampaignFactory(name="Coffee", codes=2)
    customer = CustomerFactory(source_id="c-1")
    caller = Api()
    caller.post("publications", {"campaign": {"name": "Coffee", "count": 2}, "customer": "c-1", "metadata": {"a": 1}})
    first, second = campaign.vouchers.order_by("pk")
    release(first, by=STAFF, reason="Sent to the wrong customer")
    day = datetime.now(UTC).date().isoformat()

    head, *rows = table(
        caller, "publication",
        fields=["voucher_code", "customer_id", "customer_source_id", "date", "channel", "campaign", "is_winner", "metadata"],
    )  # fmt: skip

    assert head == [
        "Voucher Code", "Customer ID", "Customer Source ID", "Date", "Channel", "Campaign", "Is Winner", "Metadata",
    ]  # fmt: skip
    assert [row[:3] + row[4:] for row in rows] == [
        [code, customer.public_id, "c-1", "API", "Coffee", "", '{"a": 1}'] for code in ("••••••00", second.code)
    ]
    assert all(row[3].startswith(day) and row[3].endswith("Z") for row in rows)


def test_customers():
    customer = CustomerFactory(
        source_id="c-1", name="=Ada", email="ada@example.com", phone="+1 555", birthdate="1990-12-31",
        address={"city": "Łódź", "line_1": "Main St, 1"}, metadata={"lang": "en"},
    )  # fmt: skip
    CustomerFactory(erased_at=datetime.now(UTC), source_id=None, name="", email="")
    fields = ["id", "name", "email", "phone", "birthdate", "address_city", "address_line_1", "metadata", "orders_total_count"]  # fmt: skip

    head, *rows = table(Api(), "customer", fields=fields)

    assert head == [
        "ID", "Name", "Email", "Phone", "Birthdate", "Address City", "Address Line 1", "Metadata", "Orders Total Count",
    ]  # fmt: skip
    assert rows == [
        [
            customer.public_id, "=Ada", "ada@example.com", "+1 555", "1990-12-31", "Łódź", "Main St, 1",
            '{"lang": "en"}', "0",
        ]
    ]  # fmt: skip


@pytest.fixture
def three():
    """Vouchers a, b and c: of Coffee, of Tea and published, standalone and disabled."""
    coffee, tea = CampaignFactory(name="Coffee", category="hot"), CampaignFactory(name="Tea")
    VoucherFactory(code="a", campaign=coffee, expiration_date=datetime(2042, 1, 1, tzinfo=UTC))
    published(VoucherFactory(code="b", campaign=tea), CustomerFactory(source_id="c-1", name="Ada"), channel="kiosk")
    StandaloneVoucherFactory(code="c", active=False, updated_at=datetime.now(UTC) + timedelta(days=1))
    VoucherFactory(code="d", deleted_at=datetime.now(UTC))
    VoucherFactory(code="e", campaign=CampaignFactory(deleted_at=datetime.now(UTC)))


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, "cba"),
        ({"code": {"conditions": {"$in": ["a", "b"]}}}, "ba"),
        ({"code": {"conditions": {"$is": "a"}}}, "a"),
        ({"code": {"conditions": {"$starts_with": ["c"]}}}, "c"),
        ({"active": {"conditions": {"$is": [True]}}}, "ba"),
        ({"active": {"conditions": {"$is": "false"}}}, "c"),
        ({"categories": {"conditions": {"$is": ["hot"]}}}, "a"),
        ({"campaign": {"conditions": {"$is_unknown": []}}}, "c"),
        ({"expiration_date": {"conditions": {"$after": ["2030-01-01T00:00:00Z"]}}}, "a"),
        ({"created_date": {"conditions": {"$more_than": [1]}}}, ""),
        ({"holder_id": {"conditions": {"$is": ["{customer}"]}}}, "b"),
        ({"published_for_customer_id": {"conditions": {"$is_not": ["{customer}"]}}}, "ca"),
        ({"vouchers": {"conditions": {"$in": ["{voucher}", "v_x"]}}}, "a"),
        ({"is_referral_code": {"conditions": {"$is": ["false"]}}}, "cba"),
        ({"code": {"conditions": {"$is": ["a"]}}, "active": {"conditions": {"$is": ["false"]}}}, ""),
        (
            {"code": {"conditions": {"$is": ["a"]}}, "active": {"conditions": {"$is": ["false"]}}, "junction": "OR"},
            "ca",
        ),
        ({"code": {"conditions": {"$is": ["a"], "$is_not": None}}, "active": None}, "a"),
    ],
)
def test_filters_of_vouchers(three, filters, wanted):
    ids = {"{customer}": Customer.objects.get().public_id, "{voucher}": Voucher.objects.get(code="a").public_id}
    for value in filters.values():
        for op, values in value["conditions"].items() if isinstance(value, dict) else ():
            if isinstance(values, list):
                value["conditions"][op] = [ids.get(text, text) for text in values]

    rows = table(Api(), fields=["id"], filters=filters)[1:]

    codes = {voucher.public_id: voucher.code for voucher in Voucher.objects.all()}
    assert "".join(codes[row[0]] for row in rows) == wanted


@pytest.mark.parametrize(
    ("order", "wanted"),
    [("created_at", "abc"), ("-created_at", "cba"), ("code", "bac"), ("-code", "cab"), ("updated_at", "abc"),
     ("-updated_at", "cba")],
)  # fmt: skip
def test_orders_of_vouchers(three, monkeypatch, order, wanted):
    monkeypatch.setattr("publications.exports.report.BATCH", 1)
    caller = Api()
    rows = table(caller, fields=["id"], order=order)[1:]

    codes = {voucher.public_id: voucher.code for voucher in Voucher.objects.all()}
    assert "".join(codes[row[0]] for row in rows) == wanted


@pytest.mark.parametrize(("order", "wanted"), [("code", "cab"), ("-code", "bac")])
def test_masked_codes_stand_in_the_order_in_which_they_are_shown(monkeypatch, order, wanted):
    """a, b and c are masked alike but for b's last letters; by their text it were bca."""
    monkeypatch.setattr("publications.exports.report.BATCH", 1)
    names = {}
    for name, code in [("c", "M-PUBLISHED"), ("a", "Z-HIDDEN-11"), ("b", "A-HIDDEN-22")]:
        names[VoucherFactory(code=code).public_id] = name
    published(Voucher.objects.get(code="M-PUBLISHED"))

    rows = table(Api(), fields=["id", "code"], order=order)[1:]

    assert "".join(names[row[0]] for row in rows) == wanted


def test_of_one_campaign(three):
    campaign = Voucher.objects.get(code="b").campaign
    caller = Api()

    done = finished(caller, fields=["code"], campaign_id=campaign.public_id)

    assert done["parameters"]["campaign_id"] == campaign.public_id
    assert taken(done["result"]["url"]).body == "Code\r\nb\r\n"
    assert caller.post("exports", {"exported_object": "voucher", "parameters": {"campaign_id": "camp_x"}}).error == (
        404,
        "not_found",
        "Resource not found",
        "Cannot find campaign with id camp_x",
    )


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"campaign": {"conditions": {"$is": ["Tea"]}}}, 1),
        ({"campaign": {"conditions": {"$is": ["Coffee"]}}}, 0),
        ({"customer": {"conditions": {"$is": ["c-1"]}}}, 1),
        ({"voucher": {"conditions": {"$is": ["b"]}}}, 1),
        ({"voucher": {"conditions": {"$is_not": ["b"]}}}, 0),
        ({"channel": {"conditions": {"$in": ["kiosk"]}}}, 1),
        ({"result": {"conditions": {"$is": ["FAILURE"]}}}, 0),
        ({"voucher_type": {"conditions": {"$is": ["DISCOUNT_VOUCHER"]}}}, 1),
        ({"created_at": {"conditions": {"$before": ["2026-01-01"]}}}, 0),
    ],
)
@pytest.mark.parametrize("order", ["id", "-voucher_code", "tracking_id", "-customer_id", "created_at", "channel"])
def test_filters_and_orders_of_publications(three, filters, count, order):
    assert len(table(Api(), "publication", filters=filters, order=order)[1:]) == count


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["Ada", "Bob"]),
        ({"name": {"conditions": {"$contains": ["o"]}}}, ["Bob"]),
        ({"email": {"conditions": {"$ends_with": ["@example.com"]}}}, ["Ada"]),
        ({"city": {"conditions": {"$is": ["Kyiv"]}}}, ["Bob"]),
        ({"source_id": {"conditions": {"$is_unknown": [True]}}}, ["Bob"]),
        ({"phone": {"conditions": {"$is": ["+1"]}}}, ["Ada"]),
    ],
)
@pytest.mark.parametrize("order", ["name", "id", "email", "source_id", "created_at", "updated_at"])
def test_filters_and_orders_of_customers(filters, names, order):
    CustomerFactory(name="Ada", source_id="z", email="ada@example.com", phone="+1")
    CustomerFactory(name="Bob", source_id=None, email="bob@example.org", address={"city": "Kyiv"})

    rows = table(Api(), "customer", fields=["name"], filters=filters, order=order)[1:]

    assert sorted(row[0] for row in rows) == names
