"""POST /v1/events (docs/api.md: events)."""

import pytest

from config.api import auth as api_auth
from config.api.auth import RateLimit
from customers.models import Customer, Event
from publications.dashboard.erase_customer import erase_customer
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db


def test_an_event_is_kept_with_its_customer():
    ada = CustomerFactory(source_id="ada", name="Ada", email="ada@example.com", metadata={"tier": "gold"})
    caller = Api()

    answer = caller.post(
        "events",
        {"event": "cart_abandoned", "customer": {"source_id": "ada", "metadata": {"vip": True}}, "metadata": {"items": 3}},
    )  # fmt: skip

    assert answer.status == 200
    assert answer.json == {
        "object": "event",
        "type": "cart_abandoned",
        "customer": {
            "id": ada.public_id,
            "source_id": "ada",
            "name": "Ada",
            "email": "ada@example.com",
            "metadata": {"tier": "gold", "vip": True},
            "object": "customer",
        },
        "referral": None,
        "loyalty": None,
        "metadata": {"items": 3},
    }
    event = Event.objects.get()
    assert (event.customer, event.name, event.metadata) == (ada, "cart_abandoned", {"items": 3})
    assert (event.actor_kind, event.actor_id, event.actor_label) == ("api_key", caller.key.pk, "Shop")


def test_an_unknown_customer_is_created_and_what_is_not_known_of_them_left_out():
    answer = Api().post("events", {"event": "sign_up", "customer": {"source_id": "new-1"}})

    customer = Customer.objects.get(source_id="new-1")
    assert answer.json["customer"] == {
        "id": customer.public_id,
        "source_id": "new-1",
        "object": "customer",
    }
    assert answer.json["metadata"] == {}
    assert customer.events.count() == 1


def test_each_call_is_an_event():
    caller = Api()
    for _ in range(2):
        caller.post("events", {"event": "order", "customer": {"source_id": "ada"}})

    assert (Event.objects.count(), Customer.objects.count()) == (2, 1)


def test_null_counts_as_not_given_and_codes_and_unknown_fields_are_left_at_that():
    answer = Api().post(
        "events",
        {
            "event": "user_subscribed",
            "customer": {"source_id": "ada", "name": None},
            "referral": {"code": "46jL0kYI", "referrer_id": "cust_x"},
            "loyalty": None,
            "metadata": None,
            "colour": "red",
        },
    )

    assert (answer.status, answer.json["referral"], answer.json["loyalty"]) == (200, None, None)


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "event: is required; customer: is required"),
        ({"event": "", "customer": {"source_id": "x"}}, "event: must not be empty"),
        ({"event": "x" * 301, "customer": {"source_id": "x"}}, "event: can have at most 300 characters"),
        ({"event": 5, "customer": {"source_id": "x"}}, "event: must be a string"),
        ({"event": "a\x00b", "customer": {"source_id": "x"}}, "event: contains a NUL character (\\u0000), which cannot be stored."),
        ({"event": "a", "customer": "x"}, "customer: must be an object"),
        ({"event": "a", "customer": {"email": 5}}, "customer.email: must be a string"),
        ({"event": "a", "customer": {"source_id": "x"}, "metadata": []}, "metadata: must be an object"),
        ({"event": "a", "customer": {"source_id": "x"}, "referral": {}}, "referral.code: is required"),
        ({"event": "a", "customer": {"source_id": "x"}, "loyalty": {"code": 5}}, "loyalty.code: must be a string"),
        (
            {"event": "a", "customer": {"source_id": "x"}, "metadata": {"a": "x" * 40_000}},
            "metadata: Metadata can have at most 32 KB; this is 39 KB.",
        ),
        (
            {"event": "a", "customer": {"source_id": "x", "birthdate": "soon"}},
            "birthdate: must be a date such as 1990-12-31; this is 'soon'",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_kept(body, details):
    answer = Api().post("events", body)

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not Customer.objects.exists()


def test_a_customer_of_an_unknown_id_is_not_found():
    answer = Api().post("events", {"event": "a", "customer": {"id": "registered_10055"}})

    assert answer.error[:2] == (404, "not_found")
    assert answer.json["details"] == "Cannot find customer with id registered_10055"
    assert (answer.json["resource_id"], answer.json["resource_type"]) == ("registered_10055", "customer")
    assert not Event.objects.exists()


@pytest.mark.parametrize("body", [b"[]", b'{"event": "a", "event": "b"}', b'{"event": ' + b"[" * 100_000, b"\xff"])
def test_a_hostile_body_is_refused(body):
    assert Api().send("POST", "events", body).error[:2] == (400, "invalid_payload")


def test_a_body_of_ten_megabytes_is_too_large():
    answer = Api().send("POST", "events", b'{"event": "' + b"a" * 10_000_000 + b'"}')

    assert answer.error[:2] == (413, "payload_too_large")


def test_only_a_key_for_all_may_track_events():
    for scope in ("read", "publish"):
        assert Api(scope).post("events", {}).error[:2] == (403, "forbidden")


def test_events_count_towards_the_rate_limit(settings, monkeypatch):
    monkeypatch.setattr(api_auth, "calls", RateLimit())
    settings.API_RATE_LIMIT = 1
    caller = Api()

    first, second = (caller.post("events", {"event": "a", "customer": {"source_id": "ada"}}) for _ in range(2))

    assert (first.status, second.error[:2], Event.objects.count()) == (200, (429, "too_many_requests"), 1)


def test_erasing_a_customer_removes_their_events_and_no_others():
    caller = Api()
    for source_id in ("ada", "bob"):
        caller.post("events", {"event": "order", "customer": {"source_id": source_id}, "metadata": {"of": source_id}})

    erase_customer(Customer.objects.get(source_id="ada"), by=STAFF)

    assert [event.metadata for event in Event.objects.all()] == [{"of": "bob"}]
