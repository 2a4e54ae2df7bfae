"""What was never set, what null clears, and what is assumed where nothing was said."""

import pytest

from campaigns.codes.models import CodeOrder
from campaigns.models import Campaign
from customers.models import Customer
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db

PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
GIFT = {"gift": {"amount": 5000}}
HOME = {"line_1": "Main St. 1", "city": "Kyiv", "country": "UA"}


@pytest.mark.parametrize(
    ("redemption", "limit"), [({}, None), ({"redemption": None}, None), ({"redemption": {}}, None),
    ({"redemption": {"quantity": None}}, None), ({"redemption": {"quantity": 1}}, 1)],
)  # fmt: skip
def test_codes_of_a_campaign_may_be_used_without_limit_unless_told(redemption, limit):
    caller = Api()

    made = caller.post("campaigns", {"name": "Coffee", "type": "AUTO_UPDATE", "voucher": PERCENT | redemption}).json
    published = caller.post("publications", {"campaign": "Coffee", "customer": "12344"}).json

    assert made["voucher"]["redemption"]["quantity"] == limit
    assert published["voucher"]["redemption"]["quantity"] == limit


@pytest.mark.parametrize("voucher", [GIFT, GIFT | {"type": "GIFT_VOUCHER"}])
def test_a_campaign_is_as_its_voucher_is(voucher):
    made = Api().post("campaigns", {"name": "Gifts", "voucher": voucher})

    assert (made.status, made.json["campaign_type"]) == (200, "GIFT_VOUCHERS")


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"voucher": {"type": "GIFT_VOUCHER"}}, "The body must have voucher.gift: it is required for a GIFT_VOUCHERS campaign"),
        ({"voucher": {"type": "DISCOUNT_VOUCHER", **GIFT}}, "voucher.discount: it is required for a DISCOUNT_COUPONS campaign"),
        ({"voucher": {"discount": {"type": "AMOUNT", "amount_off": 0}}}, "voucher.discount: Enter an amount above 0."),
        ({"voucher": PERCENT, "vouchers_count": "5"}, "vouchers_count: must be a whole number"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_named(body, details):
    answer = Api().post("campaigns", {"name": "Gifts", **body})

    assert answer.error[:2] == (400, "invalid_payload")
    assert details in answer.error[3]
    assert not Campaign.objects.exists()


def test_the_amount_of_another_kind_of_discount_does_not_matter():
    discount = {"type": "PERCENT", "percent_off": 10, "amount_off": 0, "unit_off": 0}

    assert Api().post("vouchers/TEN", {"type": "DISCOUNT_VOUCHER", "discount": discount}).status == 200


def test_a_date_that_was_cleared_is_not_in_the_answer():
    campaign = CampaignFactory(start_date="2026-01-01T00:00:00Z", expiration_date="2036-01-01T00:00:00Z")
    caller = Api()

    answer = caller.put(f"campaigns/{campaign.public_id}", {"expiration_date": None}).json

    assert answer["start_date"] == "2026-01-01T00:00:00.000Z"
    assert "expiration_date" not in answer
    assert caller.get(f"campaigns/{campaign.public_id}").json["expiration_date"] is None


def test_a_customer_without_metadata_has_none():
    caller = Api()

    assert "metadata" not in caller.post("customers", {"source_id": "12344"}).json
    assert "metadata" not in caller.get("customers").json["customers"][0]
    assert caller.post("customers", {"source_id": "12344", "metadata": {"a": 1}}).json["metadata"] == {"a": 1}


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ({"city": None}, {"line_1": "Main St. 1", "country": "UA"}),
        ({"city": "Lviv", "line_1": None, "state": None}, {"city": "Lviv", "country": "UA"}),
        (None, None),
        ({"line_1": None, "city": None, "country": None}, None),
        ({}, HOME),
    ],
)
def test_null_clears_an_address_and_each_part_of_it(sent, left):
    customer, caller = CustomerFactory(address=HOME, source_id="12344"), Api()
    everywhere = [
        lambda: caller.put(f"customers/{customer.public_id}", {"address": sent}),
        lambda: caller.post("customers", {"source_id": "12344", "address": sent}),
        lambda: caller.post("events", {"event": "seen", "customer": {"source_id": "12344", "address": sent}}),
    ]

    for send in everywhere:
        Customer.objects.update(address=HOME)
        assert send().status == 200
        assert caller.get("customers/12344").json["address"] == left


def test_a_new_customer_has_no_empty_parts():
    caller = Api()

    assert caller.post("customers", {"source_id": "a", "address": None}).json["address"] is None
    assert caller.post("customers", {"source_id": "b", "address": {"city": None}}).json["address"] is None
    assert caller.post("customers", {"name": "C", "address": {"city": "Kyiv", "state": None}}).json["address"] == {
        "city": "Kyiv"
    }


def test_an_id_of_ours_that_nobody_has_is_not_found():
    unknown = CustomerFactory().public_id
    Customer.objects.all().delete()
    campaign, caller = CampaignFactory(codes=3), Api()

    for customer in (unknown, {"id": unknown}):
        answer = caller.post("publications", {"campaign": campaign.name, "customer": customer})
        assert (answer.error[:2], answer.json["resource_id"]) == ((404, "not_found"), unknown)
    assert not Customer.objects.exists()


def test_an_id_of_another_system_is_a_source_id():
    campaign, caller = CampaignFactory(codes=3), Api()

    answer = caller.post("publications", {"campaign": campaign.name, "customer": "cust_RZa0oS7qUT9giVISFVJhKlMq"})

    assert answer.json["tracking_id"] == "cust_RZa0oS7qUT9giVISFVJhKlMq"


@pytest.mark.parametrize("path", ["metadata-schemas", "metadata-schemas/voucher", "metadata-schemas/"])
def test_there_are_no_metadata_schemas(path):
    assert Api("read").get(path).json == {
        "object": "list",
        "data_ref": "schemas",
        "schemas": [],
        "total": 0,
        "has_more": False,
    }


def test_work_that_waits_is_in_progress():
    """Clients look again while it is, and give up at ENQUEUED."""
    order = CodeOrder.objects.create(
        campaign=CampaignFactory(), total=5, actor_kind=STAFF.kind, actor_id=STAFF.id, actor_label=STAFF.label
    )

    assert order.status == "queued"
    assert Api().get(f"async-actions/{order.public_id}").json["status"] == "IN_PROGRESS"
