"""POST and GET /v1/customers (docs/api.md, "Customers")."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from customers.models import Customer
from tests.support.api.calls import Api
from tests.support.factories import CustomerFactory

pytestmark = pytest.mark.django_db

BOB = {
    "source_id": "source_123",
    "name": "Bob Smith",
    "description": "A frequent customer",
    "email": "bob.smith@example.com",
    "phone": "+1 933 222 3333",
    "address": {
        "city": "New York",
        "country": "United States",
        "line_1": "123 Main St.",
        "line_2": "APT 3 BLG 4",
        "postal_code": "10001",
        "state": "NY",
    },
    "metadata": {"lang": "en", "test": True},
    "birthdate": "2002-01-01",
}


def found(answer):
    assert answer.status == 200, answer.json
    return "".join(customer["source_id"] for customer in answer.json["customers"])


def test_a_customer_is_made():
    answer = Api().post("customers", BOB)

    customer = Customer.objects.get()
    assert answer.status == 200
    assert answer.json == BOB | {
        "id": customer.public_id,
        "summary": {
            "redemptions": {
                "total_redeemed": 0,
                "total_failed": 0,
                "total_succeeded": 0,
                "total_rolled_back": 0,
                "total_rollback_failed": 0,
                "total_rollback_succeeded": 0,
                "gift": {"redeemed_amount": 0, "amount_to_go": 0},
                "loyalty_card": {"redeemed_points": 0, "points_to_go": 0},
            },
            "orders": {"total_amount": 0, "total_count": 0, "average_amount": 0, "last_order_amount": 0},
        },
        "loyalty": {"points": 0, "referred_customers": 0, "campaigns": {}},
        "referrals": {"total": 0, "campaigns": []},
        "system_metadata": {},
        "created_at": answer.json["created_at"],
        "updated_at": None,
        "object": "customer",
    }
    reader = Api("read")
    assert reader.get("customers/source_123").json == reader.get(f"customers/{customer.public_id}").json == answer.json


def test_the_same_source_id_updates_what_is_given():
    caller = Api()
    first = caller.post("customers", BOB)

    again = caller.post(
        "customers", {"source_id": "source_123", "name": "Bobby", "phone": None, "birthday": "2002-01-02"}
    )

    assert again.json["id"] == first.json["id"]
    assert (again.json["name"], again.json["phone"], again.json["birthdate"]) == ("Bobby", BOB["phone"], "2002-01-02")
    assert again.json["updated_at"] is not None


def test_an_email_alone_is_no_key():
    caller = Api()

    first, second = (caller.post("customers", {"email": "a@example.com"}) for _ in range(2))

    assert first.json["id"] != second.json["id"]
    assert (first.json["name"], first.json["source_id"], first.json["address"]) == (None, None, None)


@pytest.mark.parametrize(
    ("body", "details"),
    [
        (
            {},
            "The body must have at least one of id, source_id, name, email, phone, description, birthdate, birthday, "
            "address, metadata.",
        ),
        ({"email": 5}, "email: must be a string"),
        ({"source_id": "x" * 256}, "source_id: can have at most 255 characters; this has 256"),
        (
            {"name": "x", "birthdate": "2002-13-01"},
            "birthdate: must be a date such as 1990-12-31; this is '2002-13-01'",
        ),
        ({"address": {"city": 5}}, "address.city: must be a string"),
        ({"metadata": {"a": "x" * 40_000}}, "metadata: Metadata can have at most 32 KB; this is 39 KB."),
    ],
)
def test_what_is_wrong_is_named(body, details):
    answer = Api().post("customers", body)

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not Customer.objects.exists()


def test_a_source_id_does_not_change():
    customer = CustomerFactory(source_id="old")

    answer = Api().post("customers", {"id": customer.public_id, "source_id": "new"})

    assert answer.error[:2] == (400, "invalid_payload")
    assert answer.error[3] == "source_id: cannot change; this customer's is 'old'"


@pytest.mark.parametrize("reference", ["nobody", "cust_AAAAAAAAAAAAAAAA"])
def test_a_customer_who_is_not_there(reference):
    for answer in (Api().get(f"customers/{reference}"), Api().post("customers", {"id": reference})):
        assert answer.error == (404, "not_found", "Resource not found", f"Cannot find customer with id {reference}")
        assert (answer.json["resource_id"], answer.json["resource_type"]) == (reference, "customer")


@pytest.fixture
def three():
    now = timezone.now()
    CustomerFactory(
        source_id="a",
        name="Ada Lovelace",
        email="ada@example.com",
        created_at=now - timedelta(days=9),
        address={"city": "Kyiv"},
    )
    CustomerFactory(source_id="b", name="Bob", updated_at=datetime(2026, 1, 1, tzinfo=UTC))
    CustomerFactory(source_id="c", name="Cyd")
    erased = CustomerFactory(source_id="gone")
    Customer.objects.filter(pk=erased.pk).update(source_id=None, name="", email="", erased_at=now)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", "cba"),
        ("email=ADA@example.com", "a"),
        ("name=ada lovelace", "a"),
        ("name=ada", ""),
        ("city=Kyiv", "a"),
        ("created_at[before]={yesterday}", "a"),
        ("created_at[after]={yesterday}", "cb"),
        ("updated_at[before]={yesterday}", "b"),
        ("updated_at[before]=2025-12-31", ""),
        ("updated_at[after]=2025-12-31", "b"),
        ("order=created_at", "abc"),
        ("order=source_id", "abc"),
        ("order=-source_id", "cba"),
        ("order=-updated_at", "bca"),
        ("starting_after={yesterday}", "a"),
        ("starting_after={yesterday}&order=created_at", "bc"),
        ("starting_after=2025-12-31&order=updated_at", "b"),
    ],
)
def test_filters_and_orders(three, query, wanted):
    query = query.replace("{yesterday}", (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))

    assert found(Api("read").get(f"customers?{query}")) == wanted


def test_pages_from_a_row_on(three):
    reader = Api("read")

    first = reader.get("customers?limit=2")
    second = reader.get(f"customers?limit=2&starting_after={first.json['customers'][-1]['id']}")

    assert (found(first), first.json["has_more"], first.json["total"]) == ("cb", True, 3)
    assert (found(second), second.json["has_more"]) == ("a", False)


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("starting_after=x", "starting_after: must be an ISO 8601 time such as 2026-03-01T12:00:00Z; this is 'x'"),
        (
            "starting_after=2026-01-01&order=source_id",
            "starting_after: works only with an order by created_at or updated_at",
        ),
        (
            "created_at[after]=x",
            "created_at[after]: must be an ISO 8601 time such as 2026-03-01T12:00:00Z; this is 'x'",
        ),
    ],
)
def test_a_query_that_cannot_be_used(query, details):
    answer = Api("read").get(f"customers?{query}")

    assert answer.error == (400, "invalid_query_params", "Invalid query params", details)


@pytest.mark.parametrize("rows", [1, 50])
def test_the_number_of_queries_does_not_grow_with_the_rows(django_assert_num_queries, rows):
    for _ in range(rows):
        CustomerFactory()
    reader = Api("read")
    reader.get("customers")

    # the key, the total, the page, what they redeemed, whom they referred and by whom
    with django_assert_num_queries(6):
        assert len(reader.get("customers?limit=100").json["customers"]) == rows
