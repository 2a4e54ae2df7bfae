"""Rolling redemptions back by the API."""

import pytest

from publications.redemptions.models import Redemption
from tests.publications.redemptions.test_api_redemptions import redeem
from tests.publications.redemptions.test_redeem import counted, gift
from tests.support.api.calls import Api
from tests.support.factories import CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db


def redeemed(caller, code, **body):
    return caller.post(f"vouchers/{code}/redemption", body).json["id"]


def test_it_gives_the_use_back_and_says_so_everywhere():
    voucher, caller = VoucherFactory(code="ONE"), Api()
    made = redeemed(
        caller, "ONE", customer={"source_id": "crm-1"}, order={"source_id": "A-1", "amount": 900}, metadata={"a": 1}
    )

    rollback = caller.post(f"redemptions/{made}/rollback", {"reason": "Cancelled", "metadata": {"case": 7}}).json

    assert (rollback["object"], rollback["id"][:3], rollback["redemption"]) == ("redemption_rollback", "rr_", made)
    assert (rollback["result"], rollback["status"], rollback["reason"]) == ("SUCCESS", "SUCCEEDED", "Cancelled")
    assert (rollback["metadata"], rollback["tracking_id"]) == ({"case": 7}, "crm-1")
    assert (rollback["related_object_type"], rollback["related_object_id"]) == ("voucher", voucher.public_id)
    assert rollback["voucher"]["redemption"]["redeemed_quantity"] == 0
    assert rollback["channel"] == {"channel_id": str(caller.key.app_id), "channel_type": "API"}
    order = rollback["order"]
    assert (order["source_id"], order["amount"], order["status"]) == ("A-1", 900, "CANCELED")
    assert (order["updated_at"], order["redemptions"][made]["rollback_id"]) == (rollback["date"], rollback["id"])

    redemption = caller.get(f"redemptions/{made}").json
    assert (redemption["result"], redemption["status"]) == ("SUCCESS", "ROLLED_BACK")
    assert redemption["related_redemptions"]["rollbacks"] == [{"id": rollback["id"], "date": rollback["date"]}]
    assert (redemption["order"]["status"], redemption["metadata"]) == ("CANCELED", {"a": 1})
    assert caller.get(f"redemptions/{rollback['id']}").json == rollback
    assert counted(voucher)[0] == 0


def test_a_gift_vouchers_amount_comes_back_as_a_negative_number():
    card, caller = gift("10.00", code="CARD"), Api()
    made = redeemed(caller, "CARD", gift={"credits": 250})

    rollback = caller.post(f"redemptions/{made}/rollback", {}).json

    assert (rollback["amount"], rollback["gift"], rollback["reason"]) == (-250, {"amount": -250}, None)
    assert rollback["voucher"]["gift"] == {"amount": 1000, "balance": 1000}
    assert counted(card) == (0, "0.00")


@pytest.mark.parametrize("path", ["?reason=Cancelled&tracking_id=crm-2", ""])
def test_reason_and_customer_in_the_query_or_the_body(path):
    VoucherFactory(code="ONE"), CustomerFactory(source_id="crm-2")
    caller = Api()
    made = redeemed(caller, "ONE", tracking_id="crm-1")

    body = {} if path else {"reason": "Cancelled", "customer": {"source_id": "crm-2"}, "order": {"status": "FULFILLED"}}
    rollback = caller.post(f"redemptions/{made}/rollback{path}", body).json

    assert (rollback["reason"], rollback["tracking_id"]) == ("Cancelled", "crm-2")
    assert path or rollback["order"]["status"] == "FULFILLED"
    assert caller.get(f"redemptions/{made}").json["tracking_id"] == "crm-1"


def test_without_a_body():
    VoucherFactory(code="ONE")
    caller = Api()
    made = redeemed(caller, "ONE")

    assert caller.send("POST", f"redemptions/{made}/rollback", b"").json["status"] == "SUCCEEDED"


def test_twice():
    voucher, caller = VoucherFactory(code="ONE"), Api()
    made = redeemed(caller, "ONE")
    caller.post(f"redemptions/{made}/rollback", {})

    again = caller.post(f"redemptions/{made}/rollback", {})

    assert again.error == (
        400, "already_rolled_back", "Already rolled back", "Redemption has been already rolled back.",
    )  # fmt: skip
    assert (again.json["resource_type"], again.json["resource_id"][:4]) == ("redemption_rollback", "rrf_")
    failure = caller.get(f"redemptions/{again.json['resource_id']}").json
    assert (failure["object"], failure["result"], failure["status"]) == ("redemption_rollback", "FAILURE", "FAILED")
    assert (failure["failure_code"], failure["redemption"]) == ("already_rolled_back", made)
    assert counted(voucher)[0] == 0


@pytest.mark.parametrize("way", ["rollback", "rollbacks"])
def test_a_stack_as_a_whole(way):
    one, two, caller = VoucherFactory(code="ONE"), VoucherFactory(code="TWO"), Api()
    stack = redeem(caller, "ONE", "TWO", order={"amount": 900}, customer={"source_id": "crm-1"}).json
    parent, (first, second) = stack["parent_redemption"]["id"], stack["redemptions"]

    part = caller.post(f"redemptions/{first['id']}/{way}", {})
    assert part.error == (
        400, "invalid_redemption_parent", "Invalid redemption parent",
        "You can rollback only a redemption that does not have parent redemption.",
    )  # fmt: skip
    assert parent in part.json["error"]["message"]

    answer = caller.post(f"redemptions/{parent}/{way}", {"reason": "Cancelled"}).json

    rollback = answer["parent_rollback"] if way == "rollbacks" else answer
    assert (rollback["redemption"], rollback["related_object_type"]) == (parent, "redemption")
    assert rollback["order"]["redemptions"][parent]["rollback_id"] == rollback["id"]
    assert sorted(rollback["order"]["redemptions"][parent]["stacked"]) == sorted([first["id"], second["id"]])
    if way == "rollbacks":
        assert {row["redemption"] for row in answer["rollbacks"]} == {first["id"], second["id"]}
        assert {(row["reason"], row["order"]["amount"]) for row in answer["rollbacks"]} == {("Cancelled", 900)}
        assert (answer["order"]["status"], answer["order"]["amount"]) == ("CANCELED", 900)
    assert [counted(voucher)[0] for voucher in (one, two)] == [0, 0]
    assert caller.get(f"redemptions/{second['id']}").json["status"] == "ROLLED_BACK"


def test_a_single_one_by_the_address_of_stacks():
    VoucherFactory(code="ONE")
    caller = Api()
    made = redeemed(caller, "ONE")

    answer = caller.post(f"redemptions/{made}/rollbacks", {}).json

    assert [row["redemption"] for row in answer["rollbacks"]] == [made]
    assert answer["parent_rollback"] == answer["rollbacks"][0]


def test_what_did_not_succeed_cannot_be_rolled_back():
    VoucherFactory(code="ONE")
    caller = Api()
    rollback = caller.post(f"redemptions/{redeemed(caller, 'ONE')}/rollback", {}).json["id"]

    assert caller.post(f"redemptions/{rollback}/rollback", {}).error == (
        400,
        "invalid_rollback_params",
        "Invalid rollback params",
        f"{rollback} is not a successful redemption; use the id of one (r_…).",
    )


def test_a_customer_that_is_not_there_rolls_nothing_back():
    voucher, caller = VoucherFactory(code="ONE"), Api()
    made = redeemed(caller, "ONE")

    answer = caller.post(f"redemptions/{made}/rollback", {"customer": {"id": "cust_1"}})

    assert answer.error == (404, "not_found", "Resource not found", "Cannot find customer with id cust_1")
    assert (counted(voucher)[0], Redemption.objects.count()) == (1, 1)


def test_a_reason_that_is_too_long():
    VoucherFactory(code="ONE")
    caller = Api()
    made = redeemed(caller, "ONE")

    in_query = caller.post(f"redemptions/{made}/rollback?reason={'x' * 2001}", {})
    in_body = caller.post(f"redemptions/{made}/rollback", {"reason": "x" * 2001})

    assert in_query.error[1:] == in_body.error[1:] == (
        "invalid_payload", "Invalid payload", "reason: can have at most 2000 characters",
    )  # fmt: skip
