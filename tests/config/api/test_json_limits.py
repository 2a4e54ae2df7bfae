"""Bodies of JSON are bounded in size, depth and number of elements, and what is wrong with one is told at once."""

import resource

import pytest

from config.api.bodies import MOST_ROWS
from customers.models import Customer
from publications.exports.models import Export
from publications.redemptions.models import Redemption
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory
from tests.support.openapi_examples import DOCUMENT, OPERATIONS
from tests.support.within import within

pytestmark = pytest.mark.django_db


def nested(levels):
    value = 1
    for _ in range(levels):
        value = {"a": value}
    return value


ONE = {"redeemables": [{"object": "voucher", "id": "ONE"}]}
TOO_DEEP = "can be nested at most 20 levels deep."


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
    assert large.json["details"] == "order: An order can have at most 256 KB; this is 293 KB."
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
        "metadata: With what this customer has already, it can have at most 32 KB; this is 39 KB."
    )
    assert list(Customer.objects.get().metadata) == ["a"]


def test_a_large_body_that_is_not_deep_is_read():
    CampaignFactory(name="Coffee", codes=1)
    metadata = {"tags": [{"n": number} for number in range(500)]}

    answer = Api().post("publications", {"campaign": "Coffee", "customer": "c-1", "metadata": metadata})

    assert answer.json["metadata"] == metadata


def most_memory():
    """What this process has needed at most so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


ARRAYS = sorted(name for name, operation in OPERATIONS.items() if operation.takes_array)
LISTS_IN_OBJECTS = [
    ("redemptions", '{"redeemables": [%s]}'),
    ("redemptions", '{"redeemables": [{"object": "voucher", "id": "ONE"}], "order": {"items": [%s]}}'),
    ("segments", '{"name": "Many", "customers": [%s]}'),
    ("exports", '{"exported_object": "voucher", "parameters": {"fields": [%s]}}'),
]


@pytest.mark.parametrize("element", ["0", "[]", "{}", '""', '{"code":0}', '"a"'])
@pytest.mark.parametrize("name", ARRAYS)
def test_ten_megabytes_of_elements_are_refused_at_once(name, element):
    CampaignFactory(name="Autumn Roast")
    size = 10 * 1024 * 1024 // (len(element) + 1) - 2
    body = "[" + ",".join([element] * size) + "]"
    before = most_memory()

    with within(10):
        answer = Api().send("POST", OPERATIONS[name].address(), body)

    assert most_memory() - before < 300  # it was 6,200

    assert answer.error[:2] == (400, "invalid_payload")
    assert len(answer.content) < 1000


@pytest.mark.parametrize("name", ARRAYS)
def test_the_first_wrong_element_is_told_and_no_other(name):
    CampaignFactory(name="Autumn Roast")

    wrong = Api().send("POST", OPERATIONS[name].address(), "[" + ",".join(["0"] * MOST_ROWS) + "]")
    element = '{"code": "A", "source_id": "a", "metadata": {}}'
    many = Api().send("POST", OPERATIONS[name].address(), "[" + ",".join([element] * (MOST_ROWS + 1)) + "]")

    assert wrong.json["details"] == "0: must be an object"
    assert many.json["details"] == "The body can have at most 50,000 elements; this has 50,001."


@pytest.mark.parametrize(("path", "body"), LISTS_IN_OBJECTS)
@pytest.mark.parametrize("element", ["0", "[]", "null", '""'])
def test_five_megabytes_of_elements_in_an_object(path, body, element):
    VoucherFactory(code="ONE")
    size = (5 * 1024 * 1024 - 200) // (len(element) + 1)

    with within(10):
        answer = Api().send("POST", path, body % ",".join([element] * size))

    assert answer.error[:2] == (400, "invalid_payload")
    assert len(answer.content) < 1000


def test_a_few_less_of_them():
    VoucherFactory(code="ONE")
    caller = Api()

    details = [
        caller.send("POST", path, body % ",".join(["0"] * 20)).json["details"] for path, body in LISTS_IN_OBJECTS
    ]
    too_many = caller.put("campaigns/x", {"unset_metadata_fields": ["a"] * 1001}).json["details"]

    assert details == [
        "redeemables.0: must be an object",
        "order.items.0: must be an object",
        "customers.0: must be a string",
        "parameters.fields.0: must be a string",
    ]
    assert too_many == "unset_metadata_fields: can have at most 1,000 elements; this has 1,001"


@pytest.mark.parametrize(
    "number", ["1" * 5_000_000, "-" + "1" * 5_000_000, "0." + "1" * 5_000_000, "1e" + "9" * 5_000_000]
)
def test_a_number_of_five_megabytes(number):
    with within(5):
        answer = Api().send("POST", "customers", f'{{"source_id": "a", "metadata": {{"n": {number}}}}}')

    assert answer.error[:2] == (400, "invalid_payload")
    assert len(answer.content) < 1000


def test_five_megabytes_of_brackets():
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        levels = 2_500_000 // len(opening)
        with within(5):
            answer = Api().send("POST", "customers", '{"metadata":' + opening * levels + "1" + closing * levels + "}")
        assert answer.error[:2] == (400, "invalid_payload")


def test_every_array_of_every_body_says_how_much_it_may_hold():
    unbounded = []

    def look(schema, where):
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return look(DOCUMENT["components"]["schemas"][name], where)
        if schema.get("type") == "array":
            if schema.get("maxItems", MOST_ROWS + 1) > MOST_ROWS:
                unbounded.append(where)
            look(schema["items"], f"{where}[]")
        for name, field in schema.get("properties", {}).items():
            look(field, f"{where}.{name}")
        for choice in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
            look(choice, where)

    for name, operation in OPERATIONS.items():
        if operation.body == "application/json":
            look(operation.said["requestBody"]["content"][operation.body]["schema"], name)

    assert unbounded == []
