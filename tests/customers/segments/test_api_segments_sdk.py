"""Segments and events through the official Python SDK, unmodified, against a live server."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import voucherify
from voucherify.exceptions import ApiException
from voucherify.models import (
    Customer,
    EventsCreateRequestBody,
    EventsCreateRequestBodyReferral,
    SegmentsCreateRequestBody,
)

from config.api.actions.create_api_key import create_api_key
from customers.models import Event
from customers.segments.models import Segment
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)
LATELY = {"junction": "and", "created_at": {"conditions": {"$after": ["2021-12-01T00:00:00.000Z"]}}}


@pytest.fixture
def sdk(live_server):
    key, token = create_api_key("SDK", by=STAFF)
    configuration = voucherify.Configuration(
        host=live_server.url, api_key={"X-App-Id": str(key.app_id), "X-App-Token": token}
    )
    with voucherify.ApiClient(configuration) as client:
        yield client


@pytest.fixture
def segments(sdk):
    return voucherify.SegmentsApi(sdk)


def refusal(call, *arguments):
    with pytest.raises(ApiException) as refused:
        call(*arguments)
    return refused.value.status, json.loads(refused.value.body)["key"]


def test_it_makes_gets_and_deletes_a_static_segment(sdk, segments):
    ada, bob = CustomerFactory(source_id="ada"), CustomerFactory(source_id="bob")
    body = SegmentsCreateRequestBody(name="Testers", type="static", customers=[ada.public_id, "bob"])

    made = segments.create_segment(segments_create_request_body=body)
    got = segments.get_segment(made.id)
    listed = voucherify.CustomersApi(sdk).list_customers(segment_id=made.id, order="source_id")

    assert (made.name, made.type, made.filter, made.initial_sync_status) == ("Testers", "static", None, "DONE")
    assert made.created_at - datetime.now(UTC) < timedelta(minutes=1)
    assert (got.id, got.name, got.type, got.object) == (made.id, "Testers", "static", "segment")
    assert [customer.id for customer in listed.customers] == [ada.public_id, bob.public_id]
    assert refusal(segments.create_segment, body) == (409, "duplicate_found")

    assert segments.delete_segment(made.id) is None
    assert not Segment.objects.exists()
    assert refusal(segments.get_segment, made.id) == refusal(segments.delete_segment, made.id) == (404, "not_found")


def test_it_makes_a_segment_with_a_filter(sdk, segments):
    CustomerFactory(source_id="ada")
    body = SegmentsCreateRequestBody(name="Lately", type="auto-update", filter=LATELY)

    made = segments.create_segment(segments_create_request_body=body)
    of_ada = voucherify.CustomersApi(sdk).list_customer_segments("ada")
    of_nobody = voucherify.CustomersApi(sdk).list_customer_segments("not-a-customer-yet")

    assert (made.type, made.filter) == ("auto-update", LATELY)
    assert (of_ada.object, of_ada.data_ref, of_ada.total) == ("list", "data", 1)
    assert [(segment.id, segment.name, segment.object) for segment in of_ada.data] == [(made.id, "Lately", "segment")]
    assert [segment.id for segment in of_nobody.data] == [made.id]
    wrong = SegmentsCreateRequestBody(name="Wrong", type="passive", filter={"shoe_size": {"conditions": {"$is": [42]}}})
    assert refusal(segments.create_segment, wrong) == (400, "invalid_payload")


def test_it_tracks_an_event(sdk):
    answer = voucherify.EventsApi(sdk).track_custom_event(
        events_create_request_body=EventsCreateRequestBody(
            event="user_subscribed",
            customer=Customer(source_id="ada", name="Ada", email="ada@example.com", metadata={"lang": "en"}),
            referral=EventsCreateRequestBodyReferral(code="46jL0kYI"),
            metadata={"pricing_plan": "PP1", "volume_number": 4},
        )
    )

    event = Event.objects.select_related("customer").get()
    assert (answer.object, answer.type, answer.referral, answer.loyalty) == ("event", "user_subscribed", None, None)
    assert answer.metadata == event.metadata == {"pricing_plan": "PP1", "volume_number": 4}
    assert (answer.customer.id, answer.customer.source_id) == (event.customer.public_id, "ada")
    assert (answer.customer.name, answer.customer.email, answer.customer.metadata) == (
        "Ada",
        "ada@example.com",
        {"lang": "en"},
    )
    unknown = EventsCreateRequestBody(event="order", customer=Customer(id="cust_nobody"))
    assert refusal(voucherify.EventsApi(sdk).track_custom_event, unknown) == (404, "not_found")
