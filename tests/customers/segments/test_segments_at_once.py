"""Segments and events when several write at once: the database decides, and an erased customer leaves nothing behind."""

import threading

import pytest
from django.db import connection, transaction

from config.staff.models import AuditEntry
from customers.actions.track_event import track_event
from customers.actions.upsert import CustomerNotFound
from customers.models import Customer, Event
from customers.segments.actions.create_segment import CustomersNotFound, create_filter_segment, create_static_segment
from customers.segments.actions.delete_segment import delete_segment
from customers.segments.models import Segment, SegmentMember
from publications.dashboard.erase_customer import erase_customer
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db(transaction=True)
NAMED = {"name": {"conditions": {"$has_value": ""}}}


def at_once(*calls):
    """What each ended with: its value, or the exception."""
    ready, ended = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place, call):
        ready.wait(60)
        try:
            ended[place] = call()
        except Exception as problem:
            ended[place] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return ended


def kinds(ended):
    return sorted(type(one).__name__ for one in ended)


def test_of_eight_who_make_the_same_static_segment_one_does():
    customers = [CustomerFactory().public_id for _ in range(20)]

    # In another order each, so that whoever locks customers as they come would wait in a circle.
    ended = at_once(*[
        lambda turn=turn: create_static_segment("Testers", customers[turn:] + customers[:turn], by=STAFF)
        for turn in range(8)
    ])  # fmt: skip

    assert kinds(ended) == ["Segment"] + ["SegmentNameTaken"] * 7
    assert (Segment.objects.count(), SegmentMember.objects.count(), AuditEntry.objects.count()) == (1, 20, 1)


def test_the_same_customers_go_into_several_segments_at_once():
    customers = [CustomerFactory().public_id for _ in range(20)]

    ended = at_once(*[
        lambda turn=turn: create_static_segment(f"S{turn}", customers[turn:] + customers[:turn] + customers, by=STAFF)
        for turn in range(8)
    ])  # fmt: skip

    assert kinds(ended) == ["Segment"] * 8
    assert SegmentMember.objects.count() == 8 * 20


def test_two_at_once_do_not_both_become_the_hundredth_filter():
    for number in range(99):
        create_filter_segment(f"S{number}", NAMED, by=STAFF)

    ended = at_once(*[lambda turn=turn: create_filter_segment(f"T{turn}", NAMED, by=STAFF) for turn in range(6)])

    assert kinds(ended) == ["InvalidSegment"] * 5 + ["Segment"]
    assert Segment.objects.count() == 100


def test_of_two_who_delete_at_once_one_does():
    segment = create_static_segment("Testers", [CustomerFactory().public_id for _ in range(20)], by=STAFF)

    ended = at_once(*[lambda: delete_segment(segment, by=STAFF)] * 4)

    assert sorted(ended) == [False, False, False, True]
    assert AuditEntry.objects.filter(action="segment.deleted").count() == 1


@pytest.mark.parametrize("_", range(5))
def test_whoever_is_erased_meanwhile_leaves_no_membership_and_no_event(_):
    ada, bob = CustomerFactory(source_id="ada"), CustomerFactory(source_id="bob")

    erased, segment, event = at_once(
        lambda: erase_customer(ada, by=STAFF),
        lambda: create_static_segment("Testers", ["bob", ada.public_id], by=STAFF),
        lambda: track_event("order", {"id": ada.public_id}, by=STAFF),
    )

    assert erased is True
    assert isinstance(segment, Segment | CustomersNotFound), segment
    assert isinstance(event, Event | CustomerNotFound), event
    assert not Event.objects.exists()
    expected = [bob] if isinstance(segment, Segment) else []
    assert [member.customer for member in SegmentMember.objects.select_related("customer")] == expected


def test_an_event_waits_for_the_erasing_of_its_customer():
    ada = CustomerFactory(source_id="ada")
    erased = threading.Event()
    ended = []

    def track():
        erased.wait(60)
        try:
            track_event("order", {"id": ada.public_id}, by=STAFF)
        except CustomerNotFound as problem:
            ended.append(problem.reference)
        finally:
            connection.close()

    thread = threading.Thread(target=track)
    thread.start()
    with transaction.atomic():
        erase_customer(ada, by=STAFF)
        erased.set()
        thread.join(0.3)
        assert thread.is_alive()
    thread.join(60)

    assert (ended, Event.objects.count()) == ([ada.public_id], 0)


def test_eight_events_of_one_new_customer_are_eight_events_of_one_customer():
    ended = at_once(*[lambda: track_event("order", {"source_id": "new"}, metadata={"n": 1}, by=STAFF)] * 8)

    assert kinds(ended) == ["Event"] * 8
    assert (Customer.objects.count(), Event.objects.filter(customer__source_id="new").count()) == (1, 8)
