"""What callers hang on things as JSON of their own is bounded in size and depth, wherever it is kept."""

import pytest

from customers.models import Customer
from publications.models import Export, Redemption
from tests.api_calls import Api
from tests.factories import CampaignFactory, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db


def nested(levels):
    value = 1
    for _ in range(levels):
        value = {"a": value}
    return value


ONE = {"redeemables": [{"object": "voucher", "id": "ONE"}]}
TOO_DEEP = "may be nested at most 20 levels deep."


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("redemptions", {**ONE, "order": {"metadata": ...}}),
        ("redemptions", {**ONE, "order": {"items": [{"product": ...}]}}),
        ("redemptions", {**ONE, "order": {"items": [{"sku": ...}]}}),
        ("redemptions", {**ONE, "order": {"items": [{"metadata": ...}]}}),
        ("redemptions", {**ONE, "metadata": ...}),
        ("redemptions", {**ONE, "customer": {"source_id": "c-1", "metadata": ...}}),
        ("vouchers/ONE/redemption", {"order": {"metadata": ...}}),
        ("publications", {"voucher": "ONE", "customer": "c-1", "metadata": ...}),
        ("publications", {"voucher": "ONE", "customer": {"source_id": "c-1", "metadata": ...}}),
        ("customers", {"source_id": "c-1", "metadata": ...}),
        ("events", {"event": "seen", "customer": {"source_id": "c-1"}, "metadata": ...}),
        ("campaigns", {"name": "Deep", "metadata": ...}),
        ("vouchers", {"type": "DISCOUNT_VOUCHER", "metadata": ...}),
        ("segments", {"name": "Deep", "type": "auto-update", "filter": ...}),
        ("exports", {"exported_object": "voucher", "parameters": {"filters": ...}}),
    ],
)
@pytest.mark.parametrize("levels", [25, 90, 300, 900])
def test_what_is_nested_too_deeply_is_refused_and_nothing_is_kept(path, body, levels):
    VoucherFactory(code="ONE")

    answer = Api().post(path, _put_in(body, nested(levels)))

    assert answer.error[:2] == (400, "invalid_payload")
    if levels > 100:
        assert answer.json["details"] == "The body is nested too deeply."
    assert (Redemption.objects.count(), Export.objects.count()) == (0, 0)


def _put_in(body, value):
    if body is ...:
        return value
    if isinstance(body, list):
        return [_put_in(item, value) for item in body]
    return {key: _put_in(item, value) for key, item in body.items()} if isinstance(body, dict) else body


def test_an_order_as_deep_and_as_large_as_may_be():
    VoucherFactory(code="ONE")
    order = {"metadata": nested(18), "items": [{"product": {"name": "x" * 200_000}}]}

    answer = Api().post("redemptions", {**ONE, "order": order})

    assert answer.status == 200
    assert Redemption.objects.get().order == order


def test_the_order_of_a_rollback_has_the_same_bounds():
    VoucherFactory(code="ONE")
    caller = Api()
    made = caller.post("redemptions", ONE).json["redemptions"][0]["id"]

    deep = caller.post(f"redemptions/{made}/rollback", {"order": {"metadata": nested(25)}})
    large = caller.post(f"redemptions/{made}/rollback", {"order": {"items": [{"sku": {"a": "x" * 300_000}}]}})

    assert deep.json["details"] == f"order: An order {TOO_DEEP}"
    assert large.json["details"] == "order: An order may hold at most 256 KB; this is 293 KB."
    assert Redemption.objects.count() == 1


@pytest.mark.parametrize("send", ["post", "put"])
def test_metadata_that_are_added_to_do_not_grow_without_end(send):
    CustomerFactory(source_id="c-1", metadata={"a": "x" * 20_000})
    caller, more = Api(), {"metadata": {"b": "x" * 20_000}}

    answer = (
        caller.put("customers/c-1", more) if send == "put" else caller.post("customers", {"source_id": "c-1", **more})
    )

    assert answer.error[:2] == (400, "invalid_payload")
    assert answer.json["details"] == (
        "metadata: With what this customer has already, it may hold at most 32 KB; this is 39 KB."
    )
    assert list(Customer.objects.get().metadata) == ["a"]


def test_a_large_body_that_is_not_deep_is_read():
    CampaignFactory(name="Coffee", codes=1)
    metadata = {"tags": [{"n": number} for number in range(500)]}

    answer = Api().post("publications", {"campaign": "Coffee", "customer": "c-1", "metadata": metadata})

    assert answer.json["metadata"] == metadata
