"""POST /v1/validations, and the old calls of one code: the verdict, what the order comes to, and nothing written."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.models import Customer
from publications.redemptions.actions.redeem import redeem
from tests.publications.redemptions.test_redeem import gift
from tests.support.api.calls import Api
from tests.support.factories import (
    STAFF,
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)

pytestmark = pytest.mark.django_db
NO_ITEMS = {"data": [], "total": 0, "data_ref": "data", "object": "list"}


@pytest.fixture
def shop():
    return Api()


def validate(shop, *codes, **more):
    redeemables = [code if isinstance(code, dict) else {"object": "voucher", "id": code} for code in codes]
    answer = shop.post("validations", {"redeemables": redeemables, **more})
    assert answer.status == 200, answer.json
    return answer.json


def why(answer):
    return [one["result"]["error"]["key"] for one in answer["inapplicable_redeemables"]]


def test_a_good_code_tells_what_the_order_comes_to(shop):
    campaign = CampaignFactory(name="Coffee", discount_type="AMOUNT", discount_value=10)
    VoucherFactory(code="TEN", campaign=campaign, metadata={"batch": 7})

    answer = validate(shop, "TEN", order={"amount": 20000}, customer=None)

    assert answer["valid"] is True
    assert answer["id"].startswith("valid_")
    assert not {"inapplicable_redeemables", "skipped_redeemables", "session"} & answer.keys()
    assert (answer["order"]["amount"], answer["order"]["total_amount"]) == (20000, 19000)
    (one,) = answer["redeemables"]
    assert one == {
        "status": "APPLICABLE", "id": "TEN", "object": "voucher", "order": answer["order"],
        "applicable_to": NO_ITEMS, "inapplicable_to": NO_ITEMS,
        "result": {"discount": {"type": "AMOUNT", "amount_off": 1000}}, "metadata": {}, "categories": [],
    }  # fmt: skip
    assert answer["stacking_rules"]["redeemables_application_mode"] == "ALL"


def test_expand_tells_metadata_and_campaign_and_leaves_out_the_order_of_each(shop):
    campaign = CampaignFactory(name="Coffee")
    VoucherFactory(code="TEN", campaign=campaign, metadata={"batch": 7})

    (one,) = validate(shop, "TEN", order={"amount": 100}, options={"expand": ["redeemable"]})["redeemables"]

    assert (one["metadata"], one["campaign_name"], one["campaign_id"]) == ({"batch": 7}, "Coffee", campaign.public_id)
    assert "order" not in one


def test_several_codes_take_their_part_in_turn_as_a_redemption_would(shop):
    StandaloneVoucherFactory(code="TEN")
    StandaloneVoucherFactory(code="FIVE", discount_type="AMOUNT", discount_value=5)
    gift("30.00", code="CARD")
    card = {"object": "voucher", "id": "CARD", "gift": {"credits": 1000}}
    order = {"source_id": "order-1", "items": [{"price": 2000, "quantity": 1, "product_id": "prod_1"}]}

    validated = validate(shop, "TEN", "FIVE", card, order=order)
    redeemed = shop.post(
        "redemptions",
        {
            "redeemables": [{"object": "voucher", "id": "TEN"}, {"object": "voucher", "id": "FIVE"}, card],
            "order": order,
        },
    ).json

    assert [one["order"]["total_amount"] for one in validated["redeemables"]] == [1800, 1300, 300]
    assert [one["order"]["applied_discount_amount"] for one in validated["redeemables"]] == [200, 500, 1000]
    assert validated["redeemables"][2]["result"] == {"gift": {"balance": 3000, "credits": 1000}}
    amounts = [name for name in validated["order"] if name.endswith("amount")]
    assert {name: validated["order"][name] for name in amounts} == {name: redeemed["order"][name] for name in amounts}
    assert validated["order"]["applied_discount_amount"] == 1700
    assert (validated["order"]["source_id"], validated["order"]["items"][0]["object"]) == ("order-1", "order_item")


def test_an_unknown_code_is_told_as_the_documents_do(shop):
    answer = validate(shop, "eee33463", order={"amount": 1000})

    (one,) = answer["redeemables"]
    request_id = one["result"]["error"]["request_id"]
    assert (answer["valid"], "order" in answer) == (False, False)
    assert answer["redeemables"] == answer["inapplicable_redeemables"]
    assert one["status"] == "INAPPLICABLE"
    assert one["result"]["error"] == {
        "code": 404, "key": "not_found", "message": "Resource not found",
        "details": "Cannot find voucher with id eee33463", "request_id": request_id,
        "resource_id": "eee33463", "resource_type": "voucher",
    }  # fmt: skip


def test_one_bad_code_makes_all_bad_and_skips_those_after_it(shop):
    for code in ("FIRST", "LAST"):
        StandaloneVoucherFactory(code=code)
    StandaloneVoucherFactory(code="OFF", active=False)

    answer = validate(shop, "FIRST", "OFF", "nobody", "LAST", order={"amount": 1000})

    assert [one["status"] for one in answer["redeemables"]] == ["APPLICABLE", "INAPPLICABLE", "INAPPLICABLE", "SKIPPED"]
    assert why(answer) == ["voucher_disabled", "not_found"]
    assert [one["id"] for one in answer["skipped_redeemables"]] == ["LAST"]
    assert answer["skipped_redeemables"][0]["result"]["details"]["key"] == "preceding_validation_failed"
    assert answer["inapplicable_redeemables"][0]["result"]["details"] == {
        "message": "The voucher has been disabled and cannot be used.", "key": "voucher_disabled",
    }  # fmt: skip


def test_codes_beyond_the_fifth_are_skipped_without_a_look(shop):
    for n in range(6):
        StandaloneVoucherFactory(code=f"C{n}", discount_type="AMOUNT", discount_value=10)

    answer = validate(shop, *(f"C{n}" for n in range(6)), "nobody", order={"amount": 20000})

    assert (answer["valid"], answer["order"]["total_amount"]) == (True, 15000)
    assert [one["status"] for one in answer["redeemables"]] == ["APPLICABLE"] * 5 + ["SKIPPED"] * 2
    assert [one["id"] for one in answer["skipped_redeemables"]] == ["C5", "nobody"]
    assert answer["skipped_redeemables"][0]["result"]["details"]["key"] == "applicable_redeemables_limit_exceeded"
    assert answer["stacking_rules"]["applicable_redeemables_limit"] == 5


def test_each_reason_is_that_of_the_redemption(shop):
    now = timezone.now()
    campaign = CampaignFactory(kind="REFERRAL_PROGRAM")
    customer = CustomerFactory(source_id="ada")
    StandaloneVoucherFactory(code="EARLY", start_date=now + timedelta(days=1))
    StandaloneVoucherFactory(code="LATE", expiration_date=now - timedelta(days=1))
    redeem(StandaloneVoucherFactory(code="USED", redemption_limit=1), by=STAFF)
    VoucherFactory(code="CLOSED", campaign=CampaignFactory(active=False))
    published(VoucherFactory(code="MINE", campaign=campaign), customer)
    gift("10.00", code="CARD")

    for code, key in {
        "EARLY": "voucher_not_active", "LATE": "voucher_expired", "USED": "quantity_exceeded",
        "CLOSED": "voucher_disabled", "MINE": "referrer_not_permitted_to_redeem", "CARD": "gift_amount_exceeded",
    }.items():  # fmt: skip
        said = {"order": {"amount": 1001}, "customer": {"source_id": "ada"}}
        (told,) = validate(shop, code, **said)["inapplicable_redeemables"]
        redeemed = shop.post(f"vouchers/{code}/redemption", said).json
        assert told["result"]["error"]["key"] == redeemed["key"] == key
        assert told["result"]["error"]["details"] == redeemed["details"]


def test_a_gift_voucher_alone_may_be_validated_without_an_amount(shop):
    gift("30.00", code="CARD")
    StandaloneVoucherFactory(code="TEN")

    assert validate(shop, "CARD")["redeemables"][0]["result"] == {"gift": {"balance": 3000, "credits": 0}}
    assert why(validate(shop, "TEN", "CARD")) == ["missing_amount"]


def test_gift_credits_of_another_voucher_are_told(shop):
    StandaloneVoucherFactory(code="TEN")

    answer = validate(shop, {"object": "voucher", "id": "TEN", "gift": {"credits": 5}})

    assert why(answer) == ["invalid_gift"]


def test_nothing_is_written(shop):
    StandaloneVoucherFactory(code="TEN")
    known = CustomerFactory(source_id="ada", name="Ada")
    shop.get("campaigns")  # the key's use is noted

    with CaptureQueriesContext(connection) as captured:
        validate(
            shop, "TEN", "nobody", customer={"source_id": "ada", "name": "Someone"}, order={"amount": 5},
            session={"type": "LOCK"}, metadata={"a": 1},
        )  # fmt: skip
        validate(shop, "TEN", customer={"source_id": "new", "name": "New"})
        shop.post("vouchers/TEN/validate", {"customer": {"source_id": "newer"}})
        shop.get("vouchers/TEN/validate", tracking_id="newest")

    assert [query["sql"] for query in captured if not query["sql"].startswith("SELECT")] == []
    known.refresh_from_db()
    assert (known.name, Customer.objects.count()) == ("Ada", 1)


def test_a_session_is_answered_with_a_key(shop):
    StandaloneVoucherFactory(code="TEN")
    sent = {"type": "LOCK", "ttl": 7, "ttl_unit": "DAYS"}

    made = validate(shop, "TEN", session=sent)["session"]

    assert made.pop("key").startswith("ssn_")
    assert made == sent
    assert validate(shop, "TEN", session={"key": "mine", "type": "LOCK"})["session"]["key"] == "mine"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (400, "invalid_payload", "redeemables: is required")),
        ({"redeemables": []}, (400, "invalid_payload", "redeemables: must not be empty")),
        ({"redeemables": [{"object": "promotion_tier", "id": "promo_1"}]},
         (400, "invalid_payload", "redeemables.0.object: must be 'voucher'")),
        ({"redeemables": [{"object": "voucher", "id": "A"}] * 31},
         (400, "invalid_payload", "redeemables: can have at most 30 elements; this has 31")),
        ({"redeemables": [{"object": "voucher", "id": "TEN"}] * 2},
         (400, "invalid_payload", "redeemables: TEN appears twice; use each voucher once per call.")),
        ({"redeemables": [{"object": "voucher", "id": "TEN"}], "order": {"amount": -1}},
         (400, "invalid_payload", "order.amount: must be at least 0")),
        ({"redeemables": [{"object": "voucher", "id": "TEN"}], "customer": {"id": "cust_nobody"}},
         (404, "not_found", "Cannot find customer with id cust_nobody")),
        ({"redeemables": [{"object": "voucher", "id": "TEN"}], "customer": {"email": "none"}},
         (400, "invalid_payload", "customer.email: 'none' is not an e-mail address")),
    ],
)  # fmt: skip
def test_what_cannot_be_validated_is_refused(shop, body, error):
    StandaloneVoucherFactory(code="TEN")

    status, key, _, details = shop.post("validations", body).error

    assert (status, key, details) == error


def test_the_old_calls_of_one_code(shop):
    campaign = CampaignFactory(name="Coffee")
    VoucherFactory(code="TEN/1", campaign=campaign, metadata={"batch": 7})

    posted = shop.post("vouchers/TEN%2F1/validate", {"order": {"amount": 5000}, "tracking_id": "ada"}).json
    got = shop.get("vouchers/TEN%2F1/validate?order[amount]=5000&tracking_id=ada").json

    assert posted == got
    assert (posted["valid"], posted["code"], posted["tracking_id"]) == (True, "TEN/1", "ada")
    assert posted["discount"] == {"type": "PERCENT", "percent_off": 10}
    assert (posted["campaign"], posted["campaign_id"], posted["metadata"]) == (
        "Coffee", campaign.public_id, {"batch": 7},
    )  # fmt: skip
    assert posted["order"]["total_amount"] == 4500
    assert posted["applicable_to"] == posted["inapplicable_to"] == NO_ITEMS


def test_the_old_call_tells_the_reason_by_its_key(shop):
    StandaloneVoucherFactory(code="OFF", active=False)
    gift("10.00", code="CARD")

    answer = shop.post("vouchers/OFF/validate", {}).json

    assert (answer["valid"], answer["reason"], answer["code"]) == (False, "voucher_disabled", "OFF")
    assert answer["error"]["key"] == "voucher_disabled"
    assert shop.post("vouchers/CARD/validate", {}).json["gift"] == {"amount": 1000, "balance": 1000}
    assert shop.post("vouchers/nobody/validate", {}).error[:2] == (404, "not_found")
    assert shop.get("vouchers/OFF/validate?order[amount]=much").error[3] == "order.amount: must be a whole number"


class TestKeysBelowAll:
    def test_a_redeem_key_validates_redeems_and_rolls_back_and_reads_no_list(self):
        till = Api("redeem")
        published(VoucherFactory(code="OUT"))

        assert validate(till, "OUT")["valid"] is True
        assert till.post("vouchers/OUT/validate", {}).json["valid"] is True
        made = till.post("redemptions", {"redeemables": [{"object": "voucher", "id": "OUT"}]}).json["redemptions"][0]
        assert till.post(f"redemptions/{made['id']}/rollback", {}).status == 200
        assert till.post("vouchers/OUT/redemption", {}).status == 200
        for path in ("vouchers", "redemptions", "publications", "customers", "campaigns"):
            assert till.get(path).status == 403

    def test_an_unpublished_code_and_an_unknown_one_get_the_same_answer(self):
        till = Api("redeem")
        hidden = VoucherFactory(code="HIDDEN")

        def told(answer, code):
            text = answer.content.decode().replace(code, "…")
            return answer.status, text.replace(answer.headers["X-Request-Id"], "…").split('"stacking_rules"')[0][26:]

        for other in ("HIDDEN", hidden.public_id):
            for path in ("vouchers/{}/validate", "vouchers/{}/redemption"):
                answers = [told(till.post(path.format(code), {}), code) for code in (other, "UNKNOWN")]
                assert answers[0] == answers[1]
            for path in ("validations", "redemptions"):
                body = [{"redeemables": [{"object": "voucher", "id": code}]} for code in (other, "UNKNOWN")]
                answers = [told(till.post(path, one), one["redeemables"][0]["id"]) for one in body]
                assert answers[0][0] == answers[1][0]
                assert answers[0][1].split('"redeemables"')[-1] == answers[1][1].split('"redeemables"')[-1]

    def test_guesses_are_limited(self, settings):
        settings.API_GUESS_LIMIT = 3
        published(VoucherFactory(code="OUT"))
        till, reader, shop = Api("redeem"), Api("read"), Api()

        for _ in range(3):
            assert till.post("vouchers/nobody/validate", {}).status == 404
            assert reader.get("vouchers/nobody").status == 404
            assert shop.get("vouchers/nobody").status == 404

        for answer in (till.post("vouchers/OUT/validate", {}), reader.get("vouchers/OUT")):
            assert answer.error[:2] == (429, "too_many_requests")
            assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert validate(shop, "OUT")["valid"] is True


def test_a_session_is_released_by_saying_so():
    api, code = Api(), VoucherFactory(code="ROAST")

    assert api.delete("vouchers/ROAST/sessions/ssn_1").status == 204
    assert api.delete(f"vouchers/{code.public_id}/sessions/ssn_1").status == 204
    assert api.delete("redemptions/sessions/ssn_1").status == 204
    assert api.delete("vouchers/NOPE/sessions/ssn_1").error[:2] == (404, "not_found")
    assert Api("publish").delete("vouchers/ROAST/sessions/ssn_1").status == 403
