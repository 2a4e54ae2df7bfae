"""What a customer could redeem, holds, and did; metadata of many codes; and being deleted for good."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.codes.actions.update_metadata import update_metadata
from campaigns.codes.models import MetadataUpdate, Voucher
from customers.models import Customer
from tests.publications.redemptions.test_redeem import gift
from tests.support.api.calls import Api
from tests.support.factories import (
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return Api()


def qualify(shop, **body):
    answer = shop.post("qualifications", body)
    assert answer.status == 200, answer.json
    return answer.json


def codes(answer):
    return [one["id"] for one in answer["redeemables"]["data"]]


def test_all_are_codes_for_everybody_and_the_customers_own(shop):
    ada = CustomerFactory(source_id="ada")
    StandaloneVoucherFactory(code="FOR-ALL")
    VoucherFactory(code="SUMMER", campaign=CampaignFactory(standalone=True, name="Summer"))
    published(VoucherFactory(code="MINE"), ada)
    published(StandaloneVoucherFactory(code="SOMEONES"))
    VoucherFactory(code="IN-POOL")
    StandaloneVoucherFactory(code="OFF", active=False)
    published(VoucherFactory(code="OVER", expiration_date=timezone.now() + timedelta(days=1)), ada)
    Voucher.objects.filter(code="OVER").update(expiration_date=timezone.now() - timedelta(days=1))

    everything = qualify(shop, customer={"source_id": "ada"}, order={"amount": 2000})

    assert codes(everything) == ["MINE", "SUMMER", "FOR-ALL"]
    assert codes(qualify(shop)) == ["SUMMER", "FOR-ALL"]
    assert codes(qualify(shop, scenario="CUSTOMER_WALLET", customer={"source_id": "ada"})) == ["MINE"]
    assert codes(qualify(shop, scenario="CUSTOMER_WALLET", customer={"source_id": "new"})) == []
    summer = everything["redeemables"]["data"][1]
    assert (summer["object"], summer["campaign_name"]) == ("voucher", "Summer")
    assert summer["result"] == {"discount": {"type": "PERCENT", "percent_off": 10}}
    assert summer["order"]["total_amount"] == 1800
    assert (everything["tracking_id"], everything["order"]["amount"]) == ("ada", 2000)
    assert Customer.objects.filter(source_id="new").count() == 0


def test_they_are_paged_by_a_cursor_that_clients_read_as_a_time(shop):
    for n in range(5):
        StandaloneVoucherFactory(code=f"CODE-{n}")

    first = qualify(shop, options={"limit": 2})
    second = qualify(shop, options={"limit": 2, "starting_after": first["redeemables"]["more_starting_after"]})
    last = qualify(shop, options={"limit": 2, "starting_after": second["redeemables"]["more_starting_after"]})

    assert [codes(page) for page in (first, second, last)] == [["CODE-4", "CODE-3"], ["CODE-2", "CODE-1"], ["CODE-0"]]
    assert first["redeemables"]["more_starting_after"].startswith("1970-01-01T00:")
    assert (last["redeemables"]["has_more"], last["redeemables"]["total"]) == (False, 1)
    assert codes(qualify(shop, options={"starting_after": "2018-01-01T00:00:00Z"})) == []


def test_they_are_filtered_and_sorted_by_what_they_are_worth(shop):
    StandaloneVoucherFactory(code="TEN")
    StandaloneVoucherFactory(code="NINE", discount_type="AMOUNT", discount_value=9)
    gift("5.00", code="CARD")
    order = {"amount": 2000}

    def filtered(**filters):
        sent = {name: {"conditions": condition} for name, condition in filters.items()}
        return sorted(codes(qualify(shop, options={"filters": sent})))

    assert codes(qualify(shop, order=order, options={"sorting_rule": "BEST_DEAL"})) == ["NINE", "CARD", "TEN"]
    assert codes(qualify(shop, order=order, options={"sorting_rule": "LEAST_DEAL"})) == ["TEN", "CARD", "NINE"]
    assert filtered(voucher_type={"$is": ["GIFT_VOUCHER"]}) == ["CARD"]
    assert filtered(resource_type={"$in": ["voucher"]}) == ["CARD", "NINE", "TEN"]
    assert filtered(resource_type={"$is": ["promotion_tier"]}) == []
    assert filtered(code={"$starts_with": ["N"]}, holder_role={"$in": ["OWNER"]}) == ["NINE"]
    assert filtered(campaign_type={"$is": ["DISCOUNT_COUPONS"]}) == []


@pytest.mark.parametrize(
    ("body", "key", "details"),
    [
        ({"scenario": "PRODUCTS"}, "invalid_payload", "scenario: must be 'ALL', 'CUSTOMER_WALLET' or 'AUDIENCE_ONLY'"),
        ({"scenario": "CUSTOMER_WALLET"}, "missing_customer", "customer: is required for a wallet"),
        ({"options": {"limit": 51}}, "invalid_payload", "options.limit: must be at most 50"),
        ({"options": {"starting_after": "soon"}}, "invalid_payload",
         "options.starting_after: must be an ISO 8601 time such as 2026-03-01T12:00:00Z"),
        ({"options": {"filters": {"colour": {"conditions": {"$is": ["red"]}}}}}, "invalid_payload", None),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(shop, body, key, details):
    _, told, _, why = shop.post("qualifications", body).error

    assert told == key
    assert details is None or why == details


def test_a_list_of_codes_is_not_for_keys_below_all():
    assert Api("redeem").post("qualifications", {}).status == 403


def test_what_a_customer_holds(shop):
    ada = CustomerFactory(source_id="ada")
    published(VoucherFactory(code="FIRST"), ada)
    referral = CampaignFactory(kind="REFERRAL_PROGRAM")
    published(VoucherFactory(code="REFER", campaign=referral), ada)
    published(gift("5.00", code="EMPTY"), ada)
    shop.post("vouchers/EMPTY/redemption", {"gift": {"credits": 500}})
    published(VoucherFactory(code="OTHERS"))

    listed = shop.get("customers/ada/redeemables").json
    first = shop.get("customers/ada/redeemables", limit=2).json
    rest = shop.get(f"customers/{ada.public_id}/redeemables", starting_after_id=first["more_starting_after"]).json

    told = [
        (row["redeemable"]["voucher"]["code"], row["holder_role"], row["redeemable"]["status"])
        for row in listed["data"]
    ]
    assert told == [("EMPTY", "OWNER", "NO_BALANCE"), ("REFER", "REFERRER", "ACTIVE"), ("FIRST", "OWNER", "ACTIVE")]
    assert (listed["total"], listed["has_more"]) == (3, False)
    assert first["data"] + rest["data"] == listed["data"]
    assert [
        row["campaign_id"]
        for row in shop.get(f"customers/ada/redeemables?campaign_id={referral.public_id}").json["data"]
    ] == [referral.public_id]


def test_what_happened_to_a_customer(shop):
    ada = CustomerFactory(source_id="ada")
    shop.post("events", {"event": "viewed", "customer": {"source_id": "ada"}})
    published(VoucherFactory(code="MINE", redemption_limit=1), ada)
    made = shop.post("vouchers/MINE/redemption", {"customer": {"source_id": "ada"}}).json
    shop.post("vouchers/MINE/redemption", {"customer": {"source_id": "ada"}})
    shop.post(f"redemptions/{made['id']}/rollback", {})

    listed = shop.get("customers/ada/activity").json

    assert [row["type"] for row in listed["data"]] == [
        "customer.redemption.rollback.succeeded", "customer.redemption.failed", "customer.redemption.succeeded",
        "customer.publication.succeeded", "customer.custom_event",
    ]  # fmt: skip
    assert listed["data"][2]["data"]["redemption"]["id"] == made["id"]
    assert listed["data"][4]["data"]["custom_event"]["type"] == "viewed"
    first = shop.get("customers/ada/activity", limit=2).json
    rest = shop.get("customers/ada/activity", starting_after_id=first["more_starting_after"]).json
    assert first["data"] + rest["data"] == listed["data"]
    assert shop.get("customers/ada/activity", order="created_at").json["data"] == listed["data"][::-1]
    assert len(shop.get("customers/ada/activity", type="customer.redemption.failed").json["data"]) == 1


def test_a_permanent_deletion_tells_what_went(shop):
    ada = CustomerFactory(source_id="ada")
    shop.post("events", {"event": "viewed", "customer": {"source_id": "ada"}})

    told = shop.post("customers/ada/permanent-deletion", {}).json

    assert (told["related_object_id"], told["status"], told["object"]) == (ada.public_id, "DONE", "pernament_deletion")
    assert (told["data_json"]["events"], told["data_json"]["customer"]) == (1, 1)
    assert shop.get("customers/ada").status == 404
    assert shop.post("customers/ada/permanent-deletion", {}).status == 404


def test_metadata_of_many_codes_is_added_to_in_the_background(shop):
    StandaloneVoucherFactory(code="TEN", metadata={"a": 1, "b": 1})
    StandaloneVoucherFactory(code="FIVE")

    bulk = shop.post(
        "vouchers/bulk/async",
        [
            {"code": "TEN", "metadata": {"b": 2}},
            {"code": "nobody", "metadata": {}},
            {"code": "TEN", "metadata": {"c": 3}},
        ],
    ).json["async_action_id"]
    same = shop.post("vouchers/metadata/async", {"codes": ["TEN", "FIVE"], "metadata": {"lang": "en"}}).json
    for update in MetadataUpdate.objects.order_by("pk"):
        update_metadata(update.pk)
        update_metadata(update.pk)

    assert Voucher.objects.get(code="TEN").metadata == {"a": 1, "b": 2, "c": 3, "lang": "en"}
    assert Voucher.objects.get(code="FIVE").metadata == {"lang": "en"}
    told = shop.get(f"async-actions/{bulk}").json
    assert (told["type"], told["status"], told["operation_status"]) == ("VOUCHERS.BULK_UPDATE", "DONE", "SUCCESS")
    assert (told["result"]["done_count"], told["result"]["failed_count"]) == (1, 1)
    assert told["result"]["errors"][0]["code"] == "nobody"
    assert shop.get(f"async-actions/{same['async_action_id']}").json["type"] == "VOUCHERS.METADATA_UPDATE"
    assert shop.post("customers/metadata/async", {"source_ids": ["ada"], "metadata": {"a": 1}}).status == 202
