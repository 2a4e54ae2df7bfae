"""/v1/segments and /v1/customers/{id}/segments (docs/api.md: segments)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.staff.models import AuditEntry
from customers.models import Customer, Event
from customers.segments.actions.create_segment import create_filter_segment, create_static_segment
from customers.segments.models import Segment, SegmentMember
from publications.dashboard.erase_customer import erase_customer
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db

IN_KYIV = {"junction": "and", "address.city": {"conditions": {"$is": ["Kyiv"]}}}


def names(answer):
    assert answer.status == 200, answer.json
    return [segment["name"] for segment in answer.json["data"]]


def members(segment_id):
    answer = Api("read").get("customers", segment_id=segment_id, order="source_id")
    assert answer.status == 200, answer.json
    return [customer["source_id"] for customer in answer.json["customers"]]


def test_a_static_segment_holds_the_picked_customers_once():
    ada, bob, _ = (CustomerFactory(source_id=source_id) for source_id in ("ada", "bob", "eve"))

    answer = Api().post(
        "segments", {"name": "Testers", "type": "static", "customers": [ada.public_id, "bob", "ada", bob.public_id]}
    )

    segment = Segment.objects.get()
    assert answer.status == 200
    assert answer.json == {
        "id": segment.public_id,
        "name": "Testers",
        "created_at": answer.json["created_at"],
        "type": "static",
        "filter": None,
        "initial_sync_status": "DONE",
        "object": "segment",
    }
    assert Api("read").get(f"segments/{segment.public_id}").json == answer.json
    assert members(segment.public_id) == ["ada", "bob"]


def test_a_source_id_that_looks_like_one_of_our_ids_is_found():
    CustomerFactory(source_id="cust_iajsExT2QB4sGWzABY85WRqV")

    answer = Api().post("segments", {"name": "Migrated", "customers": ["cust_iajsExT2QB4sGWzABY85WRqV"]})

    assert (answer.status, answer.json["type"]) == (200, "static")
    assert members(answer.json["id"]) == ["cust_iajsExT2QB4sGWzABY85WRqV"]


def test_picked_customers_that_do_not_exist_are_named_and_nothing_is_made():
    CustomerFactory(source_id="ada")
    erased = CustomerFactory(source_id="gone")
    erase_customer(erased, by=STAFF)

    answer = Api().post("segments", {"name": "Testers", "customers": ["ada", "gone", erased.public_id]})

    assert answer.error == (
        404,
        "not_found",
        "Resource not found",
        f"Cannot find customers with id gone, {erased.public_id}",
    )
    assert (answer.json["resource_id"], answer.json["resource_type"]) == ("gone", "customer")
    assert not Segment.objects.exists() and not SegmentMember.objects.exists()


@pytest.mark.parametrize("kind", ["auto-update", "passive"])
def test_a_segment_with_a_filter_holds_whom_it_fits_when_it_is_read(kind):
    CustomerFactory(source_id="ada", address={"city": "Kyiv"})
    bob = CustomerFactory(source_id="bob", address={"city": "Lviv"})

    answer = Api().post("segments", {"name": "Kyiv", "type": kind, "filter": IN_KYIV})

    assert (answer.status, answer.json["type"], answer.json["filter"]) == (200, kind, IN_KYIV)
    assert members(answer.json["id"]) == ["ada"]
    Customer.objects.filter(pk=bob.pk).update(address={"city": "Kyiv"})
    assert members(answer.json["id"]) == ["ada", "bob"]


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "name: is required"),
        ({"name": 5}, "name: must be a string"),
        ({"name": "  "}, "name: must not be empty"),
        ({"name": "x" * 201}, "name: can have at most 200 characters; this has 201"),
        ({"name": "x", "type": "dynamic"}, "type: must be 'static', 'auto-update' or 'passive'"),
        ({"name": "x", "customers": [5]}, "customers.0: must be a string"),
        ({"name": "x", "customers": "ada"}, "customers: must be an array"),
        (
            {"name": "x", "filter": IN_KYIV},
            "filter: a static segment cannot have one; to use a filter, set type to auto-update or passive",
        ),
        (
            {"name": "x", "type": "auto-update", "filter": IN_KYIV, "customers": ["ada"]},
            "customers: a segment of type auto-update has a filter; to choose customers, set type to static",
        ),
        (
            {"name": "x", "type": "passive"},
            'filter: needs a condition, such as {"email": {"conditions": {"$has_value": ""}}}',
        ),
        (
            {"name": "x", "type": "passive", "filter": {"a": "x" * 40_000}},
            "filter: The filter can have at most 32 KB; this is 39 KB.",
        ),
        (
            {"name": "x", "customers": [str(n) for n in range(20_001)]},
            "customers: a static segment holds at most 20,000 customers; you sent 20,001. Use a filter instead, for instance "
            "on a metadata key.",
        ),
    ],
)
def test_what_is_wrong_is_named(body, details):
    answer = Api().post("segments", body)

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not Segment.objects.exists()


def test_a_name_is_used_once():
    caller = Api()
    caller.post("segments", {"name": "Testers"})

    answer = caller.post("segments", {"name": "Testers", "type": "auto-update", "filter": IN_KYIV})

    assert answer.error[:2] == (409, "duplicate_found")
    assert answer.json["details"] == "Duplicated segment exists with name Testers"
    assert Segment.objects.count() == 1


def test_there_are_a_hundred_segments_with_a_filter_and_no_more():
    for number in range(100):
        create_filter_segment(f"S{number}", IN_KYIV, passive=number % 2 == 0, by=STAFF)
    caller = Api()

    refused = caller.post("segments", {"name": "One more", "type": "passive", "filter": IN_KYIV})

    assert refused.error[3] == "type: there are already 100 segments with a filter. Delete one first."
    assert caller.post("segments", {"name": "Static ones go on"}).status == 200


def test_segments_are_listed():
    for name in ("First", "Second"):
        create_static_segment(name, [], by=STAFF)
    third = create_filter_segment("Third", IN_KYIV, by=STAFF)
    reader = Api("read")

    newest = reader.get("segments", limit=2)

    assert names(newest) == ["Third", "Second"]
    assert {key: newest.json[key] for key in ("object", "data_ref", "total", "has_more")} == {
        "object": "list",
        "data_ref": "data",
        "total": 3,
        "has_more": True,
    }
    assert newest.json["data"][0] == reader.get(f"segments/{third.public_id}").json
    assert names(reader.get("segments", limit=2, page=2)) == ["First"]
    assert names(reader.get("segments", order="created_at")) == ["First", "Second", "Third"]
    assert names(reader.get("segments", starting_after=third.public_id)) == ["Second", "First"]
    assert names(reader.get(f"segments?ids={third.public_id}&ids=seg_nothing")) == ["Third"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("filters[type][conditions][$is]=static", ["Second", "First"]),
        ("filters[type][conditions][$in][]=passive&filters[type][conditions][$in][]=auto-update", ["Third"]),
        ("filters[name][conditions][$starts_with]=Fi", ["First"]),
        ("filters[name][conditions][$is]=First&filters[name][conditions][$contains]=hir&filters[junction]=or", ["Third", "First"]),
        ("filters[created_at][conditions][$before]=2020-01-01T00:00:00Z", []),
        ("filters[created_at][conditions][$after]=2020-01-01T00:00:00Z", ["Third", "Second", "First"]),
    ],
)  # fmt: skip
def test_the_list_is_filtered(filters, expected):
    for name in ("First", "Second"):
        create_static_segment(name, [], by=STAFF)
    create_filter_segment("Third", IN_KYIV, by=STAFF)

    assert names(Api("read").get(f"segments?{filters}")) == expected


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("order=name", "order: must be one of -created_at, created_at"),
        ("limit=0", "limit: must be at least 1"),
        ("page=-1", "page: must be at least 1"),
        ("filters[colour][conditions][$is]=red", "filters[colour]: can be id, name, type, created_at"),
    ],
)
def test_a_list_that_cannot_be_says_why(query, details):
    assert Api("read").get(f"segments?{query}").error[2:] == ("Invalid query params", details)


def test_a_segment_is_deleted_with_its_memberships_and_its_customers_stay():
    segment = create_static_segment("Testers", [CustomerFactory().public_id], by=STAFF)
    caller = Api()

    answer = caller.client.delete(f"/v1/segments/{segment.public_id}", headers=caller.headers)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (Segment.objects.count(), SegmentMember.objects.count(), Customer.objects.count()) == (0, 0, 1)
    for method in ("GET", "DELETE"):
        gone = caller.send(method, f"segments/{segment.public_id}", "")
        assert gone.error[:2] == (404, "not_found")
        assert gone.json["details"] == f"Cannot find segment with id {segment.public_id}"
        assert (gone.json["resource_id"], gone.json["resource_type"]) == (segment.public_id, "segment")


def test_making_and_deleting_are_in_the_audit_log():
    caller = Api()
    made = caller.post("segments", {"name": "Testers", "customers": [CustomerFactory().public_id]})
    caller.client.delete(f"/v1/segments/{made.json['id']}", headers=caller.headers)

    entries = AuditEntry.objects.filter(object_id=made.json["id"]).order_by("pk")
    assert [(entry.action, entry.actor_kind, entry.object_label, entry.details) for entry in entries] == [
        ("segment.created", "api_key", "Testers", {"type": "static", "customers": 1}),
        ("segment.deleted", "api_key", "Testers", {}),
    ]


def test_only_a_key_for_all_may_change_segments():
    segment = create_static_segment("Testers", [], by=STAFF)

    for scope in ("read", "publish"):
        assert Api(scope).post("segments", {"name": "x"}).error[:2] == (403, "forbidden")
        assert Api(scope).send("DELETE", f"segments/{segment.public_id}", "").error[:2] == (403, "forbidden")


def test_customers_of_a_segment_that_is_none_are_not_found():
    assert Api("read").get("customers", segment_id="seg_nothing").error[3] == "Cannot find segment with id seg_nothing"


def test_an_erased_customer_is_in_no_segment():
    ada = CustomerFactory(source_id="ada", address={"city": "Kyiv"})
    picked = create_static_segment("Picked", ["ada"], by=STAFF)
    unnamed = create_filter_segment("Unnamed", {"name": {"conditions": {"$is_unknown": ""}}}, by=STAFF)

    erase_customer(ada, by=STAFF)

    assert not SegmentMember.objects.exists()
    assert members(picked.public_id) == members(unnamed.public_id) == []


def test_a_customer_is_told_their_segments():
    ada = CustomerFactory(source_id="ada", address={"city": "Kyiv"})
    picked = create_static_segment("Picked", ["ada"], by=STAFF)
    create_static_segment("Not picked", [], by=STAFF)
    kyiv = create_filter_segment("Kyiv", IN_KYIV, by=STAFF)
    create_filter_segment("Named", {"name": {"conditions": {"$is_unknown": ""}}}, by=STAFF)
    reader = Api("read")

    answer = reader.get("customers/ada/segments")

    assert answer.json == {
        "object": "list",
        "data_ref": "data",
        "data": [
            {"id": kyiv.public_id, "name": "Kyiv", "object": "segment"},
            {"id": picked.public_id, "name": "Picked", "object": "segment"},
        ],
        "total": 2,
    }
    assert reader.get(f"customers/{ada.public_id}/segments").json == answer.json


def test_a_customer_that_nobody_has_is_told_what_they_would_be_in():
    CustomerFactory(source_id="ada")
    create_static_segment("Picked", ["ada"], by=STAFF)
    create_filter_segment("Kyiv", IN_KYIV, by=STAFF)
    create_filter_segment("New", {"created_at": {"conditions": {"$less_than": [1]}}}, by=STAFF)
    create_filter_segment("Web", {"source_id": {"conditions": {"$starts_with": "web-"}}}, by=STAFF)
    create_filter_segment("Quiet", {"events.order.count": {"conditions": {"$less_than": [1]}}}, by=STAFF)

    answer = Api("read").get("customers/web-1/segments")

    assert (names(answer), Customer.objects.count()) == (["Quiet", "Web", "New"], 1)
    assert Api("read").get(f"customers/{'x' * 256}/segments").error[:2] == (404, "not_found")


@pytest.mark.parametrize("how_many", [1, 50])
def test_a_list_takes_as_many_queries_for_fifty_as_for_one(how_many):
    ada = CustomerFactory(source_id="ada")
    for number in range(how_many):
        picked = create_static_segment(f"P{number}", ["ada"], by=STAFF)
        fitting = create_filter_segment(f"F{number}", {"name": {"conditions": {"$has_value": ""}}}, by=STAFF)
        Event.objects.create(customer=ada, name="order")
        CustomerFactory()
    reader = Api("read")
    reader.get("segments?limit=1")  # the key is noted as used

    expected = {
        "segments?limit=100": 3,
        "customers/ada/segments": 5,
        f"customers?limit=100&segment_id={picked.public_id}": 7,
        f"customers?limit=100&segment_id={fitting.public_id}": 7,
    }

    taken = {}
    for path in expected:
        with CaptureQueriesContext(connection) as asked:
            assert reader.get(path).status == 200
        taken[path] = len(asked)
    assert taken == expected
