"""What a key of another scope than `all` learns of codes that are not published: nothing (docs/api.md, "Keys")."""

import pytest

from publications.actions.release import release
from publications.redemptions.actions.redeem import redeem
from tests.support.api.calls import Api
from tests.support.factories import STAFF, VoucherFactory, published

pytestmark = pytest.mark.django_db

BY_CODE_ALL_ONLY = "order: ordering by code requires a key with scope 'all'; other keys see unpublished codes masked"


@pytest.fixture
def shelf():
    """One published code, one that was released, and one that never left the pool but was redeemed."""
    known, secret, back = (VoucherFactory(code=code) for code in ("KNOWN-BB", "SECRET-AA", "RETURNED-CC"))
    published(known)
    published(back)
    release(back, by=STAFF, reason="Sent back")
    redeem(secret, by=STAFF)
    redeem(known, by=STAFF)
    return {"known": known, "secret": secret, "back": back}


@pytest.mark.parametrize("rest", ["", "/publications", "/redemptions", "/redemption"])
@pytest.mark.parametrize("code", ["SECRET-AA", "RETURNED-CC"])
def test_a_guess_is_answered_alike_whether_it_is_right_or_wrong(shelf, code, rest):
    reader = Api("read")

    right, wrong = reader.get(f"vouchers/{code}{rest}"), reader.get(f"vouchers/NOTHING{rest}")

    assert right.error == (404, "not_found", "Resource not found", f"Cannot find voucher with id {code}")
    assert wrong.error == (404, "not_found", "Resource not found", "Cannot find voucher with id NOTHING")
    assert reader.get(f"vouchers/KNOWN-BB{rest}").status == 200
    assert Api("all").get(f"vouchers/{code}{rest}").status == 200


def test_by_its_id_a_code_is_found_and_masked(shelf):
    answer = Api("read").get(f"vouchers/{shelf['secret'].public_id}")

    assert answer.json["code"] == "••••••AA"
    assert b"SECRET" not in answer.content


CONDITIONS = ["$is", "$in", "$is_not", "$not_in", "$starts_with", "$ends_with", "$contains", "$not_contain"]


@pytest.mark.parametrize("op", CONDITIONS)
@pytest.mark.parametrize(("listed", "field"), [("vouchers", "code"), ("redemptions", "voucher_code")])
def test_a_condition_on_the_code_counts_alike_whether_it_meets_a_masked_one_or_none(shelf, listed, field, op):
    def total(scope, text):
        return Api(scope).get(f"{listed}?filters[{field}][conditions][{op}]={text}").json["total"]

    assert total("read", "SECRET-AA") == total("read", "NOTHING-ZZ")
    assert total("read", "KNOWN-BB") != total("read", "NOTHING-ZZ")
    assert total("all", "SECRET-AA") != total("all", "NOTHING-ZZ")


@pytest.mark.parametrize(
    "query",
    [
        "vouchers?code={}",
        "publications?voucher={}",
        "publications?filters[related_object_id][conditions][$is]={}",
    ],
)
def test_a_list_of_one_code_finds_no_masked_one(shelf, query):
    def total(scope, code):
        return Api(scope).get(query.format(code)).json["total"]

    assert (total("read", "RETURNED-CC"), total("all", "RETURNED-CC")) == (0, 1)
    assert total("read", "KNOWN-BB") == 1
    assert total("read", shelf["back"].public_id) == (0 if "code=" in query else 1)


@pytest.mark.parametrize("order", ["code", "-code"])
def test_codes_are_listed_in_their_order_to_keys_of_scope_all_only(shelf, order):
    refused, listed = Api("read").get("vouchers", order=order), Api("all").get("vouchers", order=order)

    assert refused.error == (400, "invalid_query_params", "Invalid query params", BY_CODE_ALL_ONLY)
    in_order = ["KNOWN-BB", "RETURNED-CC", "SECRET-AA"]
    assert [row["code"] for row in listed.json["vouchers"]] == (in_order if order == "code" else in_order[::-1])


@pytest.mark.parametrize("order", ["voucher_code", "-voucher_code"])
@pytest.mark.parametrize("listed", ["publications", "redemptions"])
def test_what_is_masked_stands_last_where_records_are_listed_by_code(shelf, listed, order):
    """SECRET-AA and RETURNED-CC lie on different sides of what is known, and must not show on which."""
    for code in ("AARDVARK", "ZEBRA"):
        published(VoucherFactory(code=code))
        redeem(VoucherFactory(code=f"{code}-2", published_at=None), by=STAFF)

    rows = Api("read").get(listed, order=order, limit=100).json[listed]

    shown = [row["voucher"]["code"] for row in rows]
    masked = [code.startswith("••••••") for code in shown]
    assert sorted(masked) == masked and any(masked)
    known = [code for code in shown if not code.startswith("••••••")]
    assert known == sorted(known, reverse=order.startswith("-"))


def test_an_export_that_names_codes_is_not_for_keys_that_see_them_masked(shelf):
    owner, reader = Api("all"), Api("read")
    filters = {"code": {"conditions": {"$in": ["SECRET-AA"]}}}
    order = {"exported_object": "voucher", "parameters": {"fields": ["id"], "filters": filters}}
    export = owner.post("exports", order).json["id"]

    assert reader.get(f"exports/{export}").status == 404
    assert reader.get("exports").json["total"] == 0
    assert owner.get(f"exports/{export}").status == 200
