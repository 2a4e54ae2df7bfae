"""POST /v1/campaigns/{id}/vouchers: one code at once, several in the background, a named one; and the summary."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.codes.actions.extend_pool import fulfil_order
from campaigns.codes.models import CodeOrder, Voucher
from config.staff.models import AuditEntry
from publications.models import Publication
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

NOTHING = {
    "redemptions": 0,
    "redemptions_succeeded": 0,
    "redemptions_failed": 0,
    "rollbacks": 0,
    "rollbacks_succeeded": 0,
    "rollbacks_failed": 0,
    "validations": 0,
    "validations_succeeded": 0,
    "validations_failed": 0,
    "vouchers_created": 0,
    "vouchers_deleted": 0,
    "publications": 0,
    "publications_succeeded": 0,
    "publications_failed": 0,
    "orders_amount": 0,
    "orders_rolledback_amount": 0,
}
DIFFERENT = {
    "category": "vip",
    "metadata": {"Season": "Fall"},
    "redemption": {"quantity": 4},
    "additional_info": "Added by the API",
    "start_date": "2026-09-24T00:00:00Z",
    "expiration_date": "2042-09-25T23:59:59Z",
}


@pytest.mark.parametrize("body", [5, {"vouchers_count": 5}])
def test_the_number_may_be_the_body_or_stand_in_it(body):
    campaign = CampaignFactory(name="Coffee")
    caller = Api()

    answer = caller.post("campaigns/Coffee/vouchers", body)

    assert (answer.status, list(answer.json)) == (202, ["async_action_id"])
    order = CodeOrder.objects.get()
    assert (order.campaign, order.total) == (campaign, 5)
    assert caller.post("campaigns/Coffee/vouchers?vouchers_count=6", body).error[:2] == (400, "invalid_payload")
    assert caller.post("campaigns/Coffee/vouchers", 1).json["object"] == "voucher"
    for nonsense in (0, -1, 10**15, True, 5.0, "5", [5]):
        assert caller.post("campaigns/Coffee/vouchers", nonsense).status == 400


@pytest.mark.parametrize("call", ["", "?vouchers_count=1"])
def test_one_is_made_at_once_and_answered_with(call):
    campaign = CampaignFactory(name="Coffee", code_pattern="C-######")
    caller = Api()

    answer = caller.send("POST", f"campaigns/Coffee/vouchers{call}", "")

    voucher = Voucher.objects.get()
    assert (answer.status, answer.json) == (200, caller.get(f"vouchers/{voucher.code}").json)
    assert (answer.json["campaign_id"], answer.json["discount"]) == (
        campaign.public_id,
        {"type": "PERCENT", "percent_off": 10},
    )
    assert (voucher.code[:2], len(voucher.code)) == ("C-", 8)
    campaign.refresh_from_db()
    assert campaign.pool_version == 1
    entry = AuditEntry.objects.get(action="code.created")
    assert (entry.actor_kind, entry.object_id, entry.campaign_id) == ("api_key", voucher.public_id, campaign.pk)


def test_one_that_differs_from_the_campaign():
    CampaignFactory(name="Coffee")

    answer = Api().post("campaigns/Coffee/vouchers", DIFFERENT | {"code_config": {"pattern": "X-##", "charset": "AB"}})

    assert answer.json["code"].removeprefix("X-").strip("AB") == ""
    assert (answer.json["category"], answer.json["metadata"]) == ("vip", {"Season": "Fall"})
    assert (answer.json["redemption"]["quantity"], answer.json["additional_info"]) == (4, "Added by the API")
    assert (answer.json["start_date"], answer.json["expiration_date"]) == (
        "2026-09-24T00:00:00.000Z",
        "2042-09-25T23:59:59.000Z",
    )


@pytest.mark.parametrize("path", ["vouchers", "vouchers/BEAN"])
def test_one_with_a_code_of_its_own(path):
    CampaignFactory(name="Coffee")
    caller = Api()

    first = caller.post(f"campaigns/Coffee/{path}", {"code": "BEAN", "active": False})
    again = caller.post(f"campaigns/Coffee/{path}", {"code": "BEAN"})

    assert (first.status, first.json["code"], first.json["active"]) == (200, "BEAN", False)
    assert again.error == (
        409,
        "duplicate_found",
        "Duplicated resource found",
        "Duplicated voucher exists with id BEAN",
    )


def test_several_are_made_in_the_background():
    campaign = CampaignFactory(name="Coffee", code_length=6)
    caller = Api()

    answer = caller.post("campaigns/Coffee/vouchers?vouchers_count=3", {})
    path = f"async-actions/{answer.json['async_action_id']}"
    before, generation = caller.get(path).json, caller.get("campaigns/Coffee").json["vouchers_generation_status"]
    order = CodeOrder.objects.get()
    fulfil_order(order.pk)
    after = caller.get(path).json

    assert (answer.status, list(answer.json)) == (202, ["async_action_id"])
    assert (before["status"], before["operation_status"], before["result"]) == ("IN_PROGRESS", "UNKNOWN", None)
    assert (before["progress"], before["processing_time"], generation) == (0, 0, "IN_PROGRESS")
    order.refresh_from_db()
    assert after == {
        "id": order.public_id,
        "type": "CAMPAIGN.VOUCHERS_GENERATE",
        "status": "DONE",
        "operation_status": "SUCCESS",
        "created_at": before["created_at"],
        "updated_at": after["updated_at"],
        "processing_time": after["processing_time"],
        "progress": 100,
        "result": {"message": "3 voucher(s) created successfully.", "done_count": 3},
        "object": "async_action",
    }
    assert [len(code) for code in campaign.vouchers.values_list("code", flat=True)] == [6, 6, 6]
    entry = AuditEntry.objects.get(action="campaign.codes_ordered")
    assert (entry.actor_kind, entry.details) == ("api_key", {"count": 3})


def test_several_that_differ_from_the_campaign():
    campaign = CampaignFactory(name="Coffee")
    caller = Api()

    caller.post(
        "campaigns/Coffee/vouchers?vouchers_count=4", DIFFERENT | {"code_config": {"length": 2, "charset": "AB"}}
    )
    fulfil_order(CodeOrder.objects.get().pk)

    made = campaign.vouchers.order_by("code")
    assert [voucher.code for voucher in made] == ["AA", "AB", "BA", "BB"]
    for voucher in made:
        assert (voucher.category, voucher.metadata, voucher.redemption_limit) == ("vip", {"Season": "Fall"}, 4)
        assert (voucher.additional_info, voucher.discount_type) == ("Added by the API", None)
        assert voucher.start_date == datetime(2026, 9, 24, tzinfo=UTC)


def test_an_order_whose_codes_ran_out_meanwhile_says_so():
    campaign = CampaignFactory(name="Coffee", code_length=1, code_charset="AB")
    caller = Api()
    answer = caller.post("campaigns/Coffee/vouchers?vouchers_count=2", {})
    VoucherFactory(code="A")

    fulfil_order(CodeOrder.objects.get().pk)
    action = caller.get(f"async-actions/{answer.json['async_action_id']}").json

    assert (action["status"], action["operation_status"], action["result"]["done_count"]) == ("FAILED", "FAILED", 0)
    assert action["result"]["message"].startswith(
        "0 voucher(s) created successfully. 2 characters in 1 random position"
    )
    assert campaign.vouchers.count() == 0


@pytest.mark.parametrize(
    ("call", "body", "key", "details"),
    [
        ("vouchers_count=0", {}, "invalid_payload", "vouchers_count: Generate 1 to 10,000,000 codes at a time; you can add more later."),
        ("vouchers_count=-3", {}, "invalid_payload", "vouchers_count: Generate 1 to 10,000,000 codes at a time; you can add more later."),
        ("vouchers_count=9223372036854775808", {}, "invalid_payload", "vouchers_count: Generate 1 to 10,000,000 codes at a time; you can add more later."),
        ("vouchers_count=many", {}, "invalid_query_params", "vouchers_count: must be a whole number"),
        ("vouchers_count=5", {"code_config": {"length": 1, "charset": "AB"}}, "invalid_query_params", "vouchers_count: 2 characters in 1 random position give 2 codes; 0 already exist, and 5 more were requested: use at least 3 random positions, or more characters."),
        ("vouchers_count=2", {"code_config": {"pattern": "X"}}, "invalid_payload", "code_config.pattern: Include at least one #. Each # becomes a random character."),
        ("vouchers_count=2", {"code": "BEAN"}, "invalid_payload", "code: can be set for one voucher only; leave it out, or leave out vouchers_count"),
        ("vouchers_count=2", {"redemption": {"quantity": 0}}, "invalid_payload", "redemption.quantity: Enter 1 to 1,000,000,000; leave empty for no limit."),
        ("", {"metadata": "x"}, "invalid_payload", "metadata: must be an object"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(call, body, key, details):
    CampaignFactory(name="Coffee")

    answer = Api().post(f"campaigns/Coffee/vouchers?{call}", body)

    assert answer.error[:2] + answer.error[3:] == (400, key, details)
    assert not CodeOrder.objects.exists()
    assert not Voucher.objects.exists()


def summary(caller, query=""):
    answer = caller.get(f"campaigns/Coffee/summary{query}")
    assert answer.status == 200, answer.json
    return answer.json


def test_the_summary_of_a_new_campaign():
    CampaignFactory(name="Coffee")
    caller = Api("read")

    assert summary(caller) == {
        "object": "campaign_summary",
        "campaign": caller.get("campaigns/Coffee").json,
        **NOTHING,
        "discounted_amount": 0,
        "rolledback_discounted_amount": 0,
    }


def test_what_became_of_its_codes():
    campaign = CampaignFactory(name="Coffee", codes=4)
    first, second, third, _ = campaign.vouchers.order_by("pk")
    customer = CustomerFactory()
    published(first, customer)
    published(second, customer)
    caller = Api()
    for _ in range(3):
        caller.post("publications", {"voucher": first.code, "customer": "12344"})
    caller.delete(f"vouchers/{third.code}?force=true")
    kept = redeem(first, customer=customer, order={"amount": 4200}, by=STAFF)
    roll_back(redeem(second, customer=customer, order={"amount": 1000}, by=STAFF), by=STAFF)
    caller.post(f"vouchers/{first.code}/redemption", {})

    found = summary(caller)

    assert kept.result == "SUCCESS"
    assert {name: value for name, value in found.items() if value and name not in ("campaign", "object")} == {
        "vouchers_created": 3,
        "vouchers_deleted": 1,
        "publications": 5,
        "publications_succeeded": 2,
        "publications_failed": 3,
        "redemptions": 3,
        "redemptions_succeeded": 2,
        "redemptions_failed": 1,
        "rollbacks": 1,
        "rollbacks_succeeded": 1,
        "orders_amount": 5200,
        "orders_rolledback_amount": 1000,
    }


def test_of_some_days():
    campaign = CampaignFactory(name="Coffee", codes=1)
    publication = published(campaign.vouchers.get())
    Publication.objects.filter(pk=publication.pk).update(created_at=datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC))
    caller = Api("read")

    def published_in(query):
        return summary(caller, query)["publications"]

    assert published_in("?start_date=2026-03-31&end_date=2026-03-31") == 1
    assert published_in("?start_date=2026-04-01") == 0
    assert published_in("?end_date=2026-03-30") == 0
    assert published_in("?end_date=9999-12-31&start_date=0001-01-01") == 1
    tomorrow = (timezone.now() + timedelta(days=1)).date()
    assert summary(caller, f"?start_date={tomorrow}")["vouchers_created"] == 0


def test_the_summary_of_gift_vouchers():
    campaign = CampaignFactory(
        name="Coffee",
        kind="GIFT_VOUCHERS",
        discount_type=None,
        discount_value=None,
        gift_amount=25,
        redemption_limit=None,
    )
    card = VoucherFactory(campaign=campaign, type="GIFT_VOUCHER")
    VoucherFactory(campaign=campaign, type="GIFT_VOUCHER", gift_amount=Decimal("10.50"))
    redeem(card, amount=Decimal("5.25"), by=STAFF)
    roll_back(redeem(card, amount=Decimal("1.10"), by=STAFF), by=STAFF)

    found = summary(Api("read"))

    assert "discounted_amount" not in found
    assert {name: found[name] for name in found if name.startswith(("amount", "created"))} == {
        "created_vouchers_amount": 3550,
        "amount_added": 0,
        "amount_deleted": 0,
        "amount_redeemed": 635,
        "amount_rolledback": 110,
        "amount_subtracted": 0,
    }
    assert all(type(value) is int for name, value in found.items() if name not in ("object", "campaign"))


def test_the_summary_of_a_referral_program():
    CampaignFactory(name="Coffee", kind="REFERRAL_PROGRAM")

    assert summary(Api("read"))["referred_customers"] == 0


@pytest.mark.parametrize("query", ["start_date=x", "end_date=2026-02-30", "start_date=2026-03-01T12:00:00Z"])
def test_days_that_there_are_not(query):
    CampaignFactory(name="Coffee")

    answer = Api().get(f"campaigns/Coffee/summary?{query}")

    name = query.partition("=")[0]
    details = f"{name}: must be a date such as 2026-03-01"
    assert answer.error == (400, "invalid_query_params", "Invalid query params", details)
