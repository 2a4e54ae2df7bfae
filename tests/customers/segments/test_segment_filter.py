"""Whom the filter of a segment fits, evaluated by the database."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from customers.models import Customer, Event
from customers.segments.actions.create_segment import create_filter_segment
from customers.segments.queries.find_segments import in_segment, segments_of
from customers.segments.segment_filter import InvalidSegmentFilter, known_fields, read_segment_filter
from tests.support.factories import STAFF, CustomerFactory

TOO_MUCH = (
    "filter: can have at most 50 conditions, where each value counts as one except after $is, $is_not, $in and $not_in, "
    "and 200 values"
)
pytestmark = pytest.mark.django_db


@pytest.fixture
def people():
    """Ada is known well, Bob a little, and of C nothing."""
    ada = CustomerFactory(
        name="Ada Lovelace",
        email="ada@example.com",
        phone="+44 1",
        source_id="ada",
        description="Likes dark roast",
        birthdate="1990-12-10",
        address={"city": "London", "country": "UK", "line_1": "12 100% St_reet"},
        metadata={"tier": "gold", "points": 41.5, "vip": True, "seen": "2026-03-01T10:00:00.000Z", "a.b": "x", "5": "five"},
    )  # fmt: skip
    bob = CustomerFactory(
        name="Bob",
        email="bob@example.com",
        source_id="bob",
        birthdate="2001-01-01",
        address={"city": "Kyiv"},
        metadata={"tier": "silver", "points": "41.5", "vip": False, "seen": "2026-02-01", "tags": ["new", "web"]},
    )
    nobody = CustomerFactory(name="", email="", source_id=None)
    Customer.objects.filter(pk=ada.pk).update(
        created_at=timezone.now() - timedelta(days=100), updated_at=timezone.now() - timedelta(days=3)
    )
    for customer, name, count in ((ada, "order", 3), (bob, "order", 1), (bob, "sign.up", 1)):
        Event.objects.bulk_create(Event(customer=customer, name=name) for _ in range(count))
    return {ada.pk: "a", bob.pk: "b", nobody.pk: "c"}


def adults():
    """Born more than 20 years ago."""
    return (date.today() - date(2001, 1, 1)).days - 1  # noqa: DTZ011


@pytest.mark.parametrize(
    ("field", "op", "values", "expected"),
    [
        ("name", "$is", ["Ada Lovelace"], "a"),
        ("name", "$is", ["ada lovelace"], ""),
        ("name", "$is", "Bob", "b"),
        ("name", "$is_not", ["Bob"], "ac"),
        ("name", "$in", ["Bob", "Ada Lovelace"], "ab"),
        ("name", "$not_in", ["Bob", "Ada Lovelace"], "c"),
        ("name", "$has_value", "", "ab"),
        ("name", "$is_unknown", [], "c"),
        ("email", "$contains", ["@example."], "ab"),
        ("email", "$not_contain", ["ada"], "bc"),
        ("email", "$starts_with", ["ada@", "bob@"], "ab"),
        ("email", "$ends_with", ["ob@example.com"], "b"),
        ("phone", "$is_unknown", [""], "bc"),
        ("description", "$contains", ["dark"], "a"),
        ("source_id", "$is_not", ["ada"], "bc"),
        ("source_id", "$is_unknown", "", "c"),
        ("birthdate", "$is", ["1990-12-10"], "a"),
        ("birthdate", "$is_not", ["1990-12-10"], "bc"),
        ("birthday", "$before", ["2000-01-01"], "a"),
        ("birthdate", "$after", ["1990-12-10T00:00:00Z"], "b"),
        ("birthdate", "$more_than", [adults()], "ab"),
        ("birthdate", "$is_unknown", [""], "c"),
        ("city", "$is", ["Kyiv"], "b"),
        ("address.city", "$is_not", ["Kyiv"], "ac"),
        ("address.country", "$has_value", [""], "a"),
        ("address.line_1", "$contains", ["100% St_"], "a"),
        ("address.line_1", "$contains", ["1%0"], ""),
        ("created_at", "$more_than", [30], "a"),
        ("created_at", "$less_than", ["30"], "bc"),
        ("created_at", "$after", ["2020-01-01T00:00:00.000Z"], "abc"),
        ("updated_at", "$has_value", [""], "a"),
        ("metadata.tier", "$in", ["gold", "silver"], "ab"),
        ("metadata.tier", "$is_not", ["gold"], "bc"),
        ("metadata.tier", "$has_value", [], "ab"),
        ("metadata.vip", "$is", [True], "a"),
        ("metadata.vip", "$is", ["false"], "b"),
        ("metadata.points", "$is", [41.5], "ab"),
        ("metadata.points", "$more_than", [41], "a"),
        ("metadata.points", "$more_than_equal", ["41.5"], "a"),
        ("metadata.points", "$less_than", [41.5], ""),
        ("metadata.points", "$less_than_equal", [41.5], "a"),
        ("metadata.vip", "$more_than", [0], ""),
        ("metadata.seen", "$after", ["2026-03-01T09:59:59Z"], "a"),
        ("metadata.seen", "$after", ["2026-03-01T10:00:00Z"], ""),
        ("metadata.seen", "$before", ["2026-03-01T11:30:00+02:00"], "b"),
        ("metadata.tier", "$after", ["1990-01-01"], ""),
        ("metadata.a.b", "$is", ["x"], "a"),
        ("metadata.5", "$is", ["five"], "a"),
        ("metadata.tags", "$contains", ['"web"'], "b"),
        ("metadata.none", "$is_unknown", "", "abc"),
        ("events.order.count", "$more_than", ["0"], "ab"),
        ("events.order.count", "$more_than", [1], "a"),
        ("events.order.count", "$more_than", [3], ""),
        ("events.order.count", "$more_than_equal", [3], "a"),
        ("events.order.count", "$less_than", [3], "bc"),
        ("events.order.count", "$less_than_equal", [3], "abc"),
        ("events.order.count", "$less_than", [0], ""),
        ("events.order.count", "$more_than_equal", [0], "abc"),
        ("events.order.count", "$is", [0], "c"),
        ("events.order.count", "$is", [1, 3], "ab"),
        ("events.order.count", "$is_not", [0, 3], "b"),
        ("events.sign.up.count", "$more_than_equal", [1], "b"),
    ],
)
def test_a_condition_fits(people, field, op, values, expected):
    segment = create_filter_segment("S", {field: {"conditions": {op: values}}}, by=STAFF)

    found = {people[key] for key in Customer.objects.filter(in_segment(segment)).values_list("pk", flat=True)}
    told = {people[customer.pk] for customer in Customer.objects.all() if segments_of(customer)}

    assert "".join(sorted(found)) == "".join(sorted(told)) == expected


@pytest.mark.parametrize(
    ("junction", "expected"), [({}, "a"), ({"junction": "and"}, "a"), ({"junction": "OR"}, "ab"), ({"junction": None}, "a")]
)  # fmt: skip
def test_conditions_are_joined(people, junction, expected):
    sent = {
        **junction,
        "metadata.tier": {"conditions": {"$is": ["gold"]}},
        "events.order.count": {"conditions": {"$more_than": [0], "$less_than": [99]}},
    }
    found = Customer.objects.filter(read_segment_filter(sent)).values_list("pk", flat=True)

    # By "or", "less than 99" alone fits everybody.
    assert "".join(sorted(people[key] for key in found)) == (expected if expected == "a" else "abc")


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"junction": "and"}, 'filter: needs a condition, such as {"email": {"conditions": {"$has_value": ""}}}'),
        (
            {"publications.count": {"conditions": {"$is": [1]}}},
            f"filter.publications.count: is not a segment field; available: {known_fields()}",
        ),
        ({"events.order": {"conditions": {"$is": [1]}}}, f"filter.events.order: is not a segment field; available: {known_fields()}"),
        ({"events..count": {"conditions": {}}}, f"filter.events..count: is not a segment field; available: {known_fields()}"),
        ({"metadata.": {"conditions": {}}}, f"filter.metadata.: is not a segment field; available: {known_fields()}"),
        ({"name": None}, 'filter.name: must be an object such as {"conditions": {"$is": ["…"]}}'),
        ({"name": {"$is": ["x"]}}, 'filter.name: must be an object such as {"conditions": {"$is": ["…"]}}'),
        ({"name": {"conditions": {}}}, 'filter.name: must be an object such as {"conditions": {"$is": ["…"]}}'),
        ({"name": {"conditions": ["$is"]}}, 'filter.name: must be an object such as {"conditions": {"$is": ["…"]}}'),
        ({"name": {"conditions": {"$is": None}}}, "filter.name.conditions.$is: accepts strings, numbers, true or false"),
        ({"name": {"conditions": {"$is": [{}]}}}, "filter.name.conditions.$is: accepts strings, numbers, true or false"),
        ({"name": {"conditions": {"$is": []}}}, "filter.name.conditions.$is: needs a value"),
        (
            {"name": {"conditions": {"$like": ["x"]}}},
            "filter.name.conditions.$like: the operators of this field are $is, $is_not, $in, $not_in, $has_value, "
            "$is_unknown, $contains, $not_contain, $starts_with, $ends_with",
        ),
        ({"name": {"conditions": {"$is": ["x"]}}, "junction": "xor"}, "filter.junction: must be and or or; this is 'xor'"),
        ({"birthdate": {"conditions": {"$is": ["31.12.1990"]}}}, "filter.birthdate.conditions.$is: must be a date such as 1990-12-31"),
        (
            {"created_at": {"conditions": {"$after": ["yesterday"]}}},
            "filter.created_at.conditions.$after: must be an ISO 8601 time such as 2026-03-01T12:00:00Z; this is 'yesterday'",
        ),
        ({"created_at": {"conditions": {"$more_than": ["-1"]}}}, "filter.created_at.conditions.$more_than: must be a whole number of days"),
        ({"metadata.x": {"conditions": {"$more_than": ["1e9"]}}}, "filter.metadata.x.conditions.$more_than: must be a number"),
        ({"metadata.x": {"conditions": {"$before": ["soon"]}}}, "filter.metadata.x.conditions.$before: must be an ISO 8601 time such as 2026-03-01T12:00:00Z"),
        ({"events.x.count": {"conditions": {"$is": ["1.5"]}}}, "filter.events.x.count.conditions.$is: must be a whole number"),
        ({"events.x.count": {"conditions": {"$is": ["٣"]}}}, "filter.events.x.count.conditions.$is: must be a whole number"),
        ({"name": {"conditions": {"$in": ["x"] * 201}}}, TOO_MUCH),
        ({f"metadata.{key}": {"conditions": {"$is": ["x"]}} for key in range(51)}, TOO_MUCH),
        ({"name": {"conditions": {"$contains": ["x"] * 51}}}, TOO_MUCH),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_says_why(sent, message):
    with pytest.raises(InvalidSegmentFilter) as refused:
        read_segment_filter(sent)

    assert str(refused.value) == message


def test_a_hundred_of_the_largest_filters_are_not_too_much_for_a_statement():
    ada = CustomerFactory(source_id="ada")
    dates = {f"metadata.{key}": {"conditions": {"$after": ["2026-01-01"]}} for key in range(49)}
    sent = {"junction": "or", **dates, "metadata.x": {"conditions": {"$not_in": list(range(151))}}}
    for number in range(100):
        create_filter_segment(f"S{number}", sent, by=STAFF)

    assert len(segments_of(ada)) == 100
