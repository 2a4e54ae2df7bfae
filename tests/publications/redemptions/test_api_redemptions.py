"""The API of redemptions: what is sent, what is answered, what is refused, and what is listed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.codes.models import Voucher
from config.public_ids import key_of
from customers.models import Customer
from publications.redemptions.models import Redemption
from tests.publications.redemptions.test_redeem import counted, gift
from tests.support.api.calls import Api
from tests.support.factories import (
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db


def redeem(caller, *codes, **body):
    return caller.post("redemptions", {"redeemables": [{"object": "voucher", "id": code} for code in codes], **body})


def ids(answer, name="redemptions"):
    assert answer.status == 200, answer.json
    return [row["id"] for row in answer.json[name]]


def test_one_code_is_redeemed():
    campaign = CampaignFactory(name="Coffee")
    voucher = VoucherFactory(campaign=campaign, code="ONE", redemption_limit=2)
    caller = Api()

    answer = redeem(
        caller,
        "ONE",
        customer={"source_id": "crm-1", "name": "Mara", "email": "mara@example.com"},
        order={
            "source_id": "A-1",
            "amount": 5500,
            "items": [{"quantity": 2, "price": 2750, "product": {"name": "Bag"}}],
        },
        metadata={"till": 3},
        session={"type": "LOCK", "key": "k"},
        options={"expand": ["order"]},
    )

    customer, redemption = Customer.objects.get(), Redemption.objects.get()
    assert answer.status == 200
    assert answer.json.keys() == {"redemptions", "order", "inapplicable_redeemables", "skipped_redeemables"}
    (made,) = answer.json["redemptions"]
    date = redemption.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    whole_voucher = made.pop("voucher")
    order = {
        "source_id": "A-1",
        "amount": 5500,
        "initial_amount": 5500,
        "discount_amount": 550,
        "total_discount_amount": 550,
        "applied_discount_amount": 550,
        "total_applied_discount_amount": 550,
        "total_amount": 4950,
        "items": [{"quantity": 2, "price": 2750, "product": {"name": "Bag"}, "object": "order_item"}],
        "metadata": {},
        "status": "PAID",
        "created_at": date,
        "updated_at": None,
        "customer_id": customer.public_id,
        "customer": {"id": customer.public_id, "object": "customer"},
        "referrer_id": None,
        "object": "order",
        "redemptions": {
            redemption.public_id: {
                "date": date,
                "related_object_type": "voucher",
                "related_object_id": voucher.public_id,
                "related_object_parent_id": campaign.public_id,
            }
        },
    }
    assert made == {
        "id": redemption.public_id,
        "object": "redemption",
        "date": date,
        "customer_id": customer.public_id,
        "tracking_id": "crm-1",
        "metadata": {"till": 3},
        "redemption": None,
        "result": "SUCCESS",
        "status": "SUCCEEDED",
        "related_redemptions": {"rollbacks": [], "redemptions": []},
        "order": order,
        "channel": {"channel_id": str(caller.key.app_id), "channel_type": "API"},
        "customer": {
            "id": customer.public_id,
            "name": "Mara",
            "email": "mara@example.com",
            "source_id": "crm-1",
            "object": "customer",
        },
        "related_object_type": "voucher",
        "related_object_id": voucher.public_id,
    }
    assert answer.json["order"] == order
    assert whole_voucher == caller.get("vouchers/ONE").json
    assert (whole_voucher["redemption"]["quantity"], whole_voucher["redemption"]["redeemed_quantity"]) == (2, 1)
    assert whole_voucher["discount"] == {"type": "PERCENT", "percent_off": 10}
    assert (redemption.actor_kind, redemption.actor_id, redemption.actor_label) == ("api_key", caller.key.pk, "Shop")


def test_a_code_is_redeemed_by_its_address_and_without_a_body():
    StandaloneVoucherFactory(code="SHOP/10 %")

    answer = Api().send("POST", "vouchers/SHOP%2F10%20%25/redemption", b"")

    assert answer.status == 200, answer.json
    assert (answer.json["object"], answer.json["status"]) == ("redemption", "SUCCEEDED")
    assert (answer.json["order"], answer.json["customer"], answer.json["customer_id"]) == (None, None, None)
    assert answer.json["voucher"]["code"] == "SHOP/10 %"
    assert answer.json["voucher"]["redemption"] == {
        "object": "list",
        "quantity": None,
        "redeemed_quantity": 1,
        "url": "/v1/vouchers/SHOP%2F10%20%25/redemptions?page=1&limit=10",
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("vouchers/ONE/redemption?tracking_id=crm-1", {}),
        ("vouchers/ONE/redemption", {"tracking_id": "crm-1"}),
        ("redemptions", {"redeemables": [{"object": "voucher", "id": "ONE"}], "tracking_id": "crm-1"}),
    ],
)
def test_a_tracking_id_alone_is_the_customers_source_id(path, body):
    VoucherFactory(code="ONE")
    customer = CustomerFactory(source_id="crm-1")

    assert Api().post(path, body).status == 200
    assert Redemption.objects.get().customer == customer


def test_a_gift_voucher_in_hundredths():
    card = gift("50.50", code="CARD")
    caller = Api()

    by_credits = caller.post("vouchers/CARD/redemption", {"gift": {"credits": 2025}, "order": {"amount": 6000}}).json
    by_order = caller.post("vouchers/CARD/redemption", {"order": {"amount": 1000}}).json
    too_much = caller.post("vouchers/CARD/redemption", {"gift": {"credits": 2026}})

    assert (by_credits["amount"], by_credits["gift"]) == (2025, {"amount": 2025})
    assert by_credits["voucher"]["gift"] == {"amount": 5050, "balance": 3025}
    assert (by_order["amount"], by_order["voucher"]["gift"]["balance"]) == (1000, 2025)
    assert by_order["voucher"]["redemption"]["redeemed_amount"] == 3025
    assert too_much.error == (400, "gift_amount_exceeded", "gift amount exceeded", "CARD")
    assert too_much.json["error"] == {"message": "The gift voucher's balance is 20.25; 20.26 was requested."}
    assert counted(card) == (2, "30.25")


def test_several_codes_are_a_stack():
    VoucherFactory(code="ONE"), gift("10.00", code="CARD")
    caller = Api()

    answer = caller.post(
        "redemptions",
        {
            "redeemables": [
                {"object": "voucher", "id": "CARD", "gift": {"credits": 250}},
                {"object": "voucher", "id": "ONE"},
            ],
            "customer": {"source_id": "crm-1"},
            "order": {"amount": 900},
            "metadata": {"till": 3},
        },
    ).json

    parent, (card, one) = answer["parent_redemption"], answer["redemptions"]
    stack = Redemption.objects.get(voucher=None)
    assert (parent["id"], parent["related_object_type"], parent["related_object_id"]) == (
        stack.public_id, "redemption", stack.public_id,
    )  # fmt: skip
    assert (card["voucher"]["code"], card["amount"], one["voucher"]["code"]) == ("CARD", 250, "ONE")
    assert {card["redemption"], one["redemption"]} == {stack.public_id}
    assert ("voucher" in parent, parent["redemption"], parent["customer"]["source_id"]) == (False, None, "crm-1")
    assert [part["id"] for part in parent["related_redemptions"]["redemptions"]] == sorted(
        [card["id"], one["id"]], key=lambda reference: Redemption.objects.get(pk=key_of("r", reference)).pk
    )
    assert {row["order"]["amount"] for row in (parent, card, one)} == {900}
    assert {row["metadata"]["till"] for row in (parent, card, one)} == {3}
    entry = answer["order"]["redemptions"][stack.public_id]
    assert (entry["related_object_type"], sorted(entry["stacked"])) == ("redemption", sorted([card["id"], one["id"]]))


@pytest.mark.parametrize(
    ("fields", "key", "message", "hint"),
    [
        ({"active": False}, "voucher_disabled", "voucher is disabled", "has been disabled and cannot be used."),
        (
            {"start_date": "2999-01-02T03:04Z"},
            "voucher_not_active",
            "voucher is not active yet",
            "from 2999-01-02 03:04",
        ),
        ({"expiration_date": "2020-01-02T03:04Z"}, "voucher_expired", "voucher expired", "expired on 2020-01-02 03:04"),
        (
            {"redemption_limit": 1, "redeemed_quantity": 1, "used": True},
            "quantity_exceeded",
            "quantity exceeded",
            "used once",
        ),
    ],
)
def test_what_is_refused(fields, key, message, hint):
    VoucherFactory(code="ONE", **fields)
    caller = Api()

    answers = redeem(caller, "ONE"), caller.post("vouchers/ONE/redemption", {})

    for answer in answers:
        assert answer.error == (400, key, message, "ONE")
        assert hint in answer.json["error"]["message"]
        assert answer.json["resource_type"] == "redemption"
    failure = caller.get(f"redemptions/{answers[0].json['resource_id']}").json
    assert failure["id"] == answers[1].json["resource_id"]  # equal, and within a minute
    assert (failure["id"][:3], failure["result"], failure["status"]) == ("rf_", "FAILURE", "FAILED")
    assert (failure["failure_code"], failure["failure_message"]) == (key, answers[0].json["error"]["message"])
    assert (failure["order"], failure["voucher"]["code"]) == (None, "ONE")


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "redeemables: is required"),
        ({"redeemables": []}, "redeemables: "),
        ({"redeemables": [{"object": "voucher", "id": "ONE"}] * 31}, "redeemables: "),
        ({"redeemables": [{"object": "voucher", "id": "ONE"}] * 2}, "redeemables: ONE appears twice"),
        ({"redeemables": [{"object": "promotion_tier", "id": "promo_1"}]}, "redeemables.0.object: must be 'voucher'"),
        ({"redeemables": [{"object": "voucher"}]}, "redeemables.0.id: is required"),
        (
            {"redeemables": [{"object": "voucher", "id": "ONE", "gift": {"credits": 0}}]},
            "gift.credits: must be at least 1",
        ),
        ({"order": {"amount": -1}}, "order.amount: must be at least 0"),
        ({"order": {"amount": "12"}}, "order.amount: must be a whole number"),
        ({"order": {"status": "LOST"}}, "order.status: must be 'CREATED', 'PAID', 'CANCELED' or 'FULFILLED'"),
        ({"order": {"items": [{"price": 1.5}]}}, "order.items.0.price: must be a whole number"),
        ({"order": {"metadata": {"a": "x" * 300_000}}}, "order: An order can have at most 256 KB"),
        ({"metadata": {"a": "x" * 40_000}}, "metadata: Metadata can have at most 32 KB"),
        ({"metadata": []}, "metadata: must be an object"),
        ({"customer": {}}, "customer: must have at least one of"),
        ({"customer": {"source_id": ""}}, "customer.source_id: must not be empty"),
    ],
)
def test_what_cannot_be_used_is_named(body, details):
    VoucherFactory(code="ONE")

    answer = Api().post("redemptions", {"redeemables": [{"object": "voucher", "id": "ONE"}], **body} if body else {})

    assert answer.error[:2] == (400, "invalid_payload")
    assert details in answer.json["details"]
    assert Redemption.objects.count() == 0


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"redeemables": [{"object": "voucher", "id": "CARD"}]}, "missing_amount"),
        ({"redeemables": [{"object": "voucher", "id": "ONE", "gift": {"credits": 5}}]}, "invalid_gift"),
    ],
)
def test_a_gift_voucher_and_its_credits_belong_together(body, key):
    VoucherFactory(code="ONE"), gift(code="CARD")

    answer = Api().post("redemptions", body)

    assert answer.error[:2] == (400, key)
    assert Redemption.objects.count() == 0


def test_what_is_not_there():
    VoucherFactory(code="GONE", deleted_at=timezone.now()), VoucherFactory(code="ONE")
    caller, failed = Api(), Redemption(pk=1, kind="redemption", result="FAILURE").public_id

    assert redeem(caller, "ONE", "GONE").error == (
        404, "not_found", "Resource not found", "Cannot find voucher with id GONE",
    )  # fmt: skip
    assert caller.post("vouchers/NONE/redemption", {}).error[:2] == (404, "not_found")
    assert caller.get("vouchers/NONE/redemption").error[:2] == (404, "not_found")
    for reference in ("r_1", "nonsense", failed):
        assert caller.get(f"redemptions/{reference}").error[3] == f"Cannot find redemption with id {reference}"
        assert caller.post(f"redemptions/{reference}/rollback", {}).error[:2] == (404, "not_found")
    assert redeem(caller, "ONE", customer={"id": "cust_1"}).error[3] == "Cannot find customer with id cust_1"
    assert counted(Voucher.objects.get(code="ONE"))[0] == 0


def test_an_id_of_another_kind_finds_nothing():
    VoucherFactory(code="ONE")
    caller = Api()
    made = redeem(caller, "ONE").json["redemptions"][0]["id"]

    for prefix in ("rf", "rr", "rrf", "v"):
        assert caller.get(f"redemptions/{prefix}_{made.partition('_')[2]}").status == 404
    assert caller.get(f"redemptions/{made}").json["id"] == made


@pytest.mark.parametrize("scope", ["publish", "read"])
def test_who_may(scope):
    voucher = VoucherFactory(code="ONE")
    caller, expected = Api(scope), {"read": 200, "publish": 403}[scope]

    assert redeem(caller, "ONE").status == 403
    assert caller.post("vouchers/ONE/redemption", {}).status == 403
    assert caller.post("redemptions/r_1/rollback", {}).status == 403
    assert caller.post("redemptions/r_1/rollbacks", {}).status == 403
    assert caller.get("redemptions").status == expected
    assert caller.get(f"vouchers/{voucher.public_id}/redemption").status == expected
    assert counted(Voucher.objects.get())[0] == 0


def test_an_unpublished_code_is_masked_to_a_key_that_only_reads():
    hidden, open_code = VoucherFactory(code="HIDDEN-CODE"), published(VoucherFactory(code="OPEN-CODE")).vouchers[0]
    for voucher in (hidden, open_code):
        redeem(Api(), voucher.code)
    reader = Api("read")

    listed = reader.get("redemptions")
    got = reader.get(f"redemptions/{ids(listed)[1]}")
    by_id = reader.get(f"vouchers/{hidden.public_id}/redemptions")

    assert [row["voucher"]["code"] for row in listed.json["redemptions"]] == ["OPEN-CODE", "••••••DE"]
    assert b"HIDDEN-CODE" not in got.content + by_id.content
    for parts in (
        "filters[voucher_code][conditions][$starts_with]=HIDDEN",
        "filters[voucher_code][conditions][$contains]=OPEN",
    ):
        assert len(ids(reader.get(f"redemptions?{parts}"))) == ("OPEN" in parts)


def test_expired_and_disabled_campaigns():
    campaign = CampaignFactory(codes=1, active=False)
    code = campaign.vouchers.get().code
    caller = Api()

    assert redeem(caller, code).error[1] == "voucher_disabled"

    campaign.active, campaign.expiration_date = True, timezone.now() - timedelta(hours=1)
    campaign.save()
    assert redeem(caller, code).error[1] == "voucher_expired"


def test_the_first_five_are_used_and_the_others_named_as_skipped():
    order = {"amount": 20000}
    for n in range(7):
        StandaloneVoucherFactory(code=f"C{n}", discount_type="AMOUNT", discount_value=10)
    caller = Api()
    codes = [*(f"C{n}" for n in range(6)), "nobody"]

    answer = redeem(caller, *codes, order=order)

    assert [row["voucher"]["code"] for row in answer.json["redemptions"]] == [f"C{n}" for n in range(5)]
    assert answer.json["order"]["total_amount"] == 15000
    assert answer.json["skipped_redeemables"] == [
        {
            "status": "SKIPPED", "id": code, "object": "voucher", "metadata": {}, "categories": [],
            "result": {"details": {"key": "applicable_redeemables_limit_exceeded", "message": "Applicable redeemables limit exceeded"}},
        }
        for code in ("C5", "nobody")
    ]  # fmt: skip
    assert answer.json["parent_redemption"]["metadata"] is None
    assert Voucher.objects.filter(redeemed_quantity=1).count() == 5
    assert Redemption.objects.count() == 6
