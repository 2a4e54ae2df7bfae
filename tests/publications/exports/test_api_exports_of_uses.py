"""/v1/exports of redemptions and of gift vouchers' transactions, and /v1/vouchers/{code}/transactions/export."""

import csv
import io
import json

import pytest

from publications.exports.actions.write_export import make_export_file
from publications.exports.models import Export
from publications.redemptions.actions.change_balance import change_balance
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused
from tests.publications.redemptions.test_redeem import gift
from tests.support.api.calls import Api
from tests.support.api.exports import finished, taken
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


def rows(done: dict) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(taken(done["result"]["url"]).body, newline="")))


@pytest.fixture
def used():
    """A code of a campaign that Ada redeemed for an order, once too often, and of which the first use was rolled back."""
    ada = CustomerFactory(name="Ada", source_id="shop-ada")
    code = VoucherFactory(code="ROAST-7AB2", campaign=CampaignFactory(name="Autumn"))
    published(code, ada)
    order = {"source_id": "order-1", "amount": 2000}
    made = redeem(code, customer=ada, order=order, metadata={"shop": "Graz"}, by=STAFF)
    with pytest.raises(RedemptionRefused):
        redeem(code, customer=ada, by=STAFF)
    roll_back(made, reason="Returned", by=STAFF)
    return code


def test_redemptions_with_every_field(used):
    api = Api()
    fields = [
        *("id", "object", "date", "voucher_code", "campaign", "promotion_tier_id", "customer_id", "customer_source_id"),
        *("customer_name", "tracking_id", "order_id", "order_amount", "gift_amount", "loyalty_points", "result"),
        *("failure_code", "failure_message", "metadata"),
    ]

    done = finished(api, "redemption", fields=fields, order="created_at")

    listed = api.get("redemptions", order="created_at").json["redemptions"]
    first, failed, rollback = rows(done)
    assert [row["ID"] for row in (first, failed, rollback)] == [each["id"] for each in listed]
    assert [row["ID"].partition("_")[0] for row in (first, failed, rollback)] == ["r", "rf", "rr"]
    assert [row["Object"] for row in (first, failed, rollback)] == ["redemption", "redemption", "redemption_rollback"]
    assert first == {
        "ID": listed[0]["id"],
        "Object": "redemption",
        "Date": first["Date"],
        "Voucher Code": "ROAST-7AB2",
        "Campaign": "Autumn",
        "Promotion Tier ID": "",
        "Customer ID": listed[0]["customer_id"],
        "Customer Source ID": "shop-ada",
        "Customer Name": "Ada",
        "Tracking ID": "shop-ada",
        "Order ID": "order-1",
        "Order Amount": "20",
        "Gift Amount": "",
        "Loyalty Points": "",
        "Result": "SUCCESS",
        "Failure Code": "",
        "Failure Message": "",
        "Metadata": first["Metadata"],
    }
    assert json.loads(first["Metadata"]) == {"shop": "Graz"}
    assert (failed["Result"], failed["Failure Code"]) == ("FAILURE", "quantity_exceeded")


def test_the_usual_fields_of_both(used):
    redemptions, transactions = finished(Api(), "redemption"), finished(Api(), "voucher_transactions")

    assert redemptions["parameters"]["fields"] == ["id", "object", "voucher_code", "customer_id", "date", "result"]
    assert redemptions["exported_object"] == "redemption"
    assert transactions["parameters"]["fields"] == [
        "id", "type", "source_id", "reason", "source", "balance", "amount", "created_at",
    ]  # fmt: skip
    assert rows(transactions) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"result": {"conditions": {"$is": ["FAILURE"]}}}, ["rf"]),
        ({"object": {"conditions": {"$is": ["redemption_rollback"]}}}, ["rr"]),
        ({"status": {"conditions": {"$in": ["ROLLED_BACK"]}}}, ["r"]),
        ({"status": {"conditions": {"$is_not": ["ROLLED_BACK"]}}}, ["rf", "rr"]),
        ({"failure_code": {"conditions": {"$is": ["quantity_exceeded"]}}}, ["rf"]),
        ({"campaign": {"conditions": {"$is": ["Autumn"]}}}, ["r", "rf", "rr"]),
        ({"campaign": {"conditions": {"$is": ["Spring"]}}}, []),
        ({"customer": {"conditions": {"$is": ["shop-ada"]}}}, ["r", "rf", "rr"]),
        ({"voucher": {"conditions": {"$is": ["ROAST-7AB2"]}}}, ["r", "rf", "rr"]),
        ({"voucher_code": {"conditions": {"$starts_with": ["ROAST-8"]}}}, []),
        ({"created_at": {"conditions": {"$before": ["2020-01-01T00:00:00Z"]}}}, []),
    ],
)
def test_redemptions_are_filtered(used, filters, found):
    done = finished(Api(), "redemption", fields=["id"], filters=filters, order="created_at")

    assert [row["ID"].partition("_")[0] for row in rows(done)] == found


@pytest.mark.parametrize("order", ["id", "-id", "voucher_code", "-tracking_id", "customer_id", "-created_at"])
def test_redemptions_stand_in_order(used, order):
    other = VoucherFactory(code="BEAN-1")
    published(other)
    redeem(other, by=STAFF)

    done = finished(Api(), "redemption", fields=["id", "voucher_code"], order=order)

    assert len(rows(done)) == Redemption.objects.count() == 4


def test_an_unpublished_code_stays_masked_and_of_several_each_has_a_row():
    codes = [VoucherFactory(code="LEAKED-1"), VoucherFactory(code="GIVEN-1")]
    published(codes[1])
    redeem_together([Use(code) for code in codes], metadata={"shop": "Graz"}, by=STAFF)

    done = finished(Api(), "redemption", fields=["voucher_code", "metadata"], order="voucher_code")

    assert sorted(row["Voucher Code"] for row in rows(done)) == ["GIVEN-1", "••••••-1"]
    assert [json.loads(row["Metadata"]) for row in rows(done)] == [{"shop": "Graz"}] * 2


def test_transactions_say_what_their_list_says():
    api, card, other = Api(), gift("50.00", code="CARD"), gift("20.00", code="OTHER")
    made = redeem(card, amount=10, order={"source_id": "order-1"}, by=STAFF)
    change_balance(card, -5, source_id="till-7", reason="Correction, “by hand”", by=STAFF)
    roll_back(made, by=STAFF)
    redeem(other, amount=1, by=STAFF)
    fields = [
        *("id", "campaign_id", "voucher_id", "type", "source_id", "reason", "source", "balance", "amount"),
        *("related_transaction_id", "created_at", "details"),
    ]

    ordered = api.post("vouchers/CARD/transactions/export", {"parameters": {"fields": fields, "order": "created_at"}})
    make_export_file(Export.objects.get().pk)
    done = api.get(f"exports/{ordered.json['id']}").json

    listed = api.get("vouchers/CARD/transactions", order="id").json["data"]
    assert ordered.status == 200
    assert (ordered.json["status"], ordered.json["exported_object"]) == ("SCHEDULED", "voucher_transactions")
    assert ordered.json["parameters"]["filters"] == {
        "junction": "and", "voucher_id": {"conditions": {"$in": [card.public_id]}},
    }  # fmt: skip
    for row, told in zip(rows(done), listed, strict=True):
        assert (row["ID"], row["Voucher ID"], row["Type"]) == (told["id"], card.public_id, told["type"])
        assert (row["Source ID"], row["Reason"]) == (told["source_id"] or "", told["reason"] or "")
        assert (row["Source"], row["Creation Date"]) == (told["source"] or "", told["created_at"])
        assert float(row["Balance"]) * 100 == told["details"]["balance"]["balance"]
        assert float(row["Amount"]) * 100 == told["details"]["balance"]["amount"]
        assert json.loads(row["Details"]) == without_null(told["details"])
    assert len(rows(finished(api, "voucher_transactions"))) == 4


def without_null(value):
    if isinstance(value, dict):
        return {name: without_null(part) for name, part in value.items() if part is not None}
    return value


def test_transactions_are_filtered_by_code_campaign_and_time():
    api, campaign = (
        Api(),
        CampaignFactory(kind="GIFT_VOUCHERS", discount_type=None, discount_value=None, gift_amount=50),
    )
    card = VoucherFactory(campaign=campaign, type="GIFT_VOUCHER")
    published(card)
    redeem(card, amount=10, by=STAFF)
    other = gift("20.00")
    redeem(other, amount=1, by=STAFF)

    def amounts(**conditions):
        filters = {name: {"conditions": value} for name, value in conditions.items()}
        return [
            row["Amount"] for row in rows(finished(api, "voucher_transactions", fields=["amount"], filters=filters))
        ]

    assert amounts(campaign_id={"$in": [campaign.public_id]}) == ["-10"]
    assert amounts(voucher_id={"$is": [other.public_id]}) == ["-1"]
    assert amounts(created_at={"$after": ["2999-01-01T00:00:00Z"]}) == []


def test_what_cannot_be_is_refused():
    api, card = Api(), gift("20.00", code="CARD")

    unknown = api.post("vouchers/NOPE/transactions/export", {})
    field = api.post(f"vouchers/{card.public_id}/transactions/export", {"parameters": {"fields": ["points"]}})
    order = api.post("vouchers/CARD/transactions/export", {"parameters": {"order": "balance"}})

    assert (unknown.status, unknown.json["key"]) == (404, "not_found")
    assert (field.status, field.json["key"]) == (400, "invalid_export_fields")
    assert (order.status, order.json["details"]) == (400, "parameters.order: must be one of created_at, -created_at")
