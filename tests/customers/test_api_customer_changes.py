"""PUT and DELETE /v1/customers (docs/api.md, "Customers")."""

from datetime import UTC, datetime

import pytest

from config.staff.models import AuditEntry
from customers.models import Customer
from publications.models import Publication
from tests.support.api.calls import Api
from tests.support.factories import CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("by_source_id", [True, False])
def test_what_was_sent_is_changed_and_nothing_else(by_source_id):
    customer = CustomerFactory(
        source_id="c-1", name="Old", phone="1", address={"city": "Rome", "state": "RM"}, metadata={"lang": "en", "n": 1}
    )
    caller = Api()

    answer = caller.put(
        f"customers/{'c-1' if by_source_id else customer.public_id}",
        {
            "name": "Alice", "description": "Updated", "email": "alice@example.com", "phone": None,
            "birthdate": "1990-01-01", "address": {"city": "Łódź"}, "metadata": {"n": 2, "test": True},
            "source_id": "other",
        },
    )  # fmt: skip

    assert (answer.status, answer.json) == (200, caller.get("customers/c-1").json)
    assert (answer.json["name"], answer.json["phone"], answer.json["birthdate"]) == ("Alice", "1", "1990-01-01")
    assert answer.json["address"] == {"city": "Łódź", "state": "RM"}
    assert answer.json["metadata"] == {"lang": "en", "n": 2, "test": True}
    entry = AuditEntry.objects.get(action="customer.edited")
    assert (entry.actor_kind, entry.actor_label, entry.object_id) == ("api_key", "Shop", customer.public_id)
    assert entry.details == {"fields": ["address", "birthdate", "description", "email", "metadata", "name"]}


def test_what_is_there_already_is_not_written():
    CustomerFactory(source_id="c-1", name="Ada", metadata={"a": 1, "b": 2})

    answer = Api().put("customers/c-1", {"name": "Ada", "metadata": {"a": 1}})

    assert (answer.status, answer.json["updated_at"]) == (200, None)
    assert not AuditEntry.objects.filter(action="customer.edited").exists()


def test_an_empty_text_clears():
    customer = CustomerFactory(source_id="c-1", phone="1")

    Api().put("customers/c-1", {"phone": ""})

    customer.refresh_from_db()
    assert customer.phone == ""


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"name": 7}, "name: must be a string"),
        ({"name": "x" * 201}, "name: can have at most 200 characters; this has 201"),
        ({"birthdate": "soon"}, "birthdate: must be a date such as 1990-12-31; this is 'soon'"),
        ({"address": "Rome"}, "address: must be an object"),
        ({"address": {"city": 7}}, "address.city: must be a string"),
        ({"metadata": {"a": "x" * 33_000}}, "metadata: Metadata can have at most 32 KB; this is 32 KB."),
    ],
)
def test_what_is_wrong_is_named_and_nothing_changes(body, details):
    customer = CustomerFactory(source_id="c-1", name="Ada")

    answer = Api().put("customers/c-1", {"phone": "2"} | body)

    customer.refresh_from_db()
    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert (customer.name, customer.phone) == ("Ada", "")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("erased", [True, False])
def test_a_customer_that_there_is_not(method, erased):
    gone = CustomerFactory(source_id=None, name="", email="", erased_at=datetime.now(UTC)) if erased else None
    reference = gone.public_id if gone else "c-1"

    answer = Api().send(method, f"customers/{reference}", "{}")

    assert answer.error == (404, "not_found", "Resource not found", f"Cannot find customer with id {reference}")
    assert (answer.json["resource_id"], answer.json["resource_type"]) == (reference, "customer")


def test_deleted_means_forgotten_and_their_publications_stay():
    customer = CustomerFactory(source_id="c-1", name="Ada", email="ada@example.com", metadata={"lang": "en"})
    publication = published(VoucherFactory(code="BEAN"), customer, metadata={"mail": "ada@example.com"})
    caller = Api()

    answer = caller.delete("customers/c-1")

    customer.refresh_from_db()
    assert (answer.status, answer.content) == (204, b"")
    assert caller.get("customers/c-1").status == caller.delete(f"customers/{customer.public_id}").status == 404
    assert (customer.name, customer.email, customer.source_id, customer.metadata) == ("", "", None, {})
    assert Publication.objects.get().metadata is None
    assert caller.get("vouchers/BEAN").json["publish"]["count"] == 1
    assert caller.get(f"publications/{publication.public_id}").json["result"] == "SUCCESS"
    entry = AuditEntry.objects.get(action="customer.erased")
    assert (entry.actor_kind, entry.actor_label, entry.object_id) == ("api_key", "Shop", customer.public_id)


def test_the_source_id_is_free_again():
    first = CustomerFactory(source_id="c-1")
    caller = Api()
    caller.delete("customers/c-1")

    answer = caller.post("customers", {"source_id": "c-1", "name": "Bob"})

    assert answer.json["id"] != first.public_id
    assert Customer.objects.live().count() == 1
