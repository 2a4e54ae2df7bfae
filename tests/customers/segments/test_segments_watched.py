"""Who enters or leaves a watched segment is noted, once each."""

import threading

import pytest
from django.db import connection, transaction

from config.events.models import Outbox
from customers.models import Customer
from customers.segments.actions.change_segment import change_segment
from customers.segments.actions.create_segment import create_filter_segment, create_static_segment
from customers.segments.actions.delete_segment import SegmentInUse
from customers.segments.actions.fill_segment import fill_segment, take_out
from customers.segments.actions.watch_segments import (
    is_getting_ready,
    look_at_segments,
    note_first_members,
    unwatch_segments,
    watch_segment,
)
from customers.segments.models import FirstMembers, SegmentChange, WatchedMember, WatchedSegment
from tests.support.factories import STAFF, CustomerFactory

GOLD = {"metadata.tier": {"conditions": {"$is": ["gold"]}}}


def gold():
    return create_filter_segment("Gold", GOLD, by=STAFF)


def customer(tier):
    return CustomerFactory(metadata={"tier": tier})


def make_due():
    WatchedSegment.objects.update(looked_at="2000-01-01T00:00Z")


def look():
    make_due()
    return look_at_segments()


def noted():
    """[("customer.segment.entered", customer), …]"""
    changes = SegmentChange.objects.in_bulk()
    return [(event.kind, changes[event.object_key].customer_id) for event in Outbox.objects.order_by("pk")]


@pytest.mark.django_db
def test_who_is_in_it_already_has_not_entered():
    customer("gold")
    watch_segment(gold(), owner="rule 1")

    assert (look(), noted()) == (0, [])


@pytest.mark.django_db
def test_entering_and_leaving_are_noted_once():
    ada = customer("gold")
    watch_segment(gold(), owner="rule 1")
    bob = customer("gold")
    Customer.objects.filter(pk=ada.pk).update(metadata={})

    assert (look(), look()) == (2, 0)
    assert sorted(noted()) == [("customer.segment.entered", bob.pk), ("customer.segment.left", ada.pk)]


@pytest.mark.django_db
def test_a_static_segment_is_watched_as_well():
    ada, bob = CustomerFactory(), CustomerFactory()
    segment = create_static_segment("Testers", [ada.public_id], by=STAFF)
    watch_segment(segment, owner="rule 1")

    fill_segment(segment, [bob.email], by=STAFF)
    take_out(segment, ada, by=STAFF)

    assert look() == 2
    assert sorted(noted()) == [("customer.segment.entered", bob.pk), ("customer.segment.left", ada.pk)]


@pytest.mark.django_db
def test_it_is_watched_until_the_last_needs_it_no_more():
    segment = gold()
    watch_segment(segment, owner="rule 1")
    watch_segment(segment, owner="rule 2")

    unwatch_segments(owner="rule 1")
    customer("gold")
    by_the_other = look()
    unwatch_segments(owner="rule 2")
    customer("gold")

    assert (by_the_other, look()) == (1, 0)
    assert WatchedMember.objects.count() == 0


@pytest.mark.django_db
def test_who_was_in_it_is_noted_in_batches_and_who_enters_or_leaves_meanwhile_is_told_once():
    segment, first = gold(), [customer("gold") for _ in range(5)]
    watch_segment(segment, owner="rule 1")
    note_first_members(segment.pk, batch=2)  # and the worker is killed
    entered = customer("gold")
    Customer.objects.filter(pk=first[4].pk).update(metadata={})
    while_noting = (WatchedMember.objects.count(), is_getting_ready(segment.pk))

    looked = [look(), look()]

    assert while_noting == (2, True)
    assert (looked, is_getting_ready(segment.pk)) == ([2, 0], False)
    assert noted() == [("customer.segment.entered", entered.pk), ("customer.segment.left", first[4].pk)]


@pytest.mark.django_db
def test_an_empty_segment_and_one_that_is_no_longer_watched_are_no_work():
    watch_segment(gold(), owner="rule 1")
    unwatch_segments(owner="rule 1")
    watch_segment(create_static_segment("Nobody", [], by=STAFF), owner="rule 2")

    assert (look(), FirstMembers.objects.count(), WatchedMember.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
def test_one_that_was_just_looked_at_rests():
    watch_segment(gold(), owner="rule 1")
    customer("gold")

    assert look_at_segments() == 0


@pytest.mark.django_db
def test_the_filter_of_a_watched_segment_stays():
    segment = gold()
    watch_segment(segment, owner="rule 1")

    with pytest.raises(SegmentInUse):
        change_segment(segment, conditions={"name": {"conditions": {"$is": ["Ada"]}}}, by=STAFF)
    assert change_segment(segment, name="Golden", by=STAFF)


@pytest.mark.django_db(transaction=True)
def test_of_many_looks_at_once_each_entering_is_noted_once():
    with transaction.atomic():
        watch_segment(gold(), owner="rule 1")
    for _ in range(30):
        customer("gold")
    start = threading.Barrier(8)

    def work():
        try:
            start.wait(60)
            for _ in range(5):
                make_due()
                look_at_segments()
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert Outbox.objects.filter(kind="customer.segment.entered").count() == 30
    assert len({who for _, who in noted()}) == 30


@pytest.mark.django_db(transaction=True)
def test_one_begins_to_watch_while_the_other_stops():
    segment = gold()
    for number in range(20):
        WatchedSegment.objects.all().delete()
        with transaction.atomic():
            watch_segment(segment, owner="rule 1")
        start = threading.Barrier(2)

        def change(verb, start=start):
            try:
                start.wait(60)
                with transaction.atomic():
                    verb()
            finally:
                connection.close()

        verbs = [lambda: unwatch_segments(owner="rule 1"), lambda: watch_segment(segment, owner="rule 2")]
        threads = [threading.Thread(target=change, args=[verb]) for verb in verbs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        customer("gold")
        assert look() == 1, number
        with transaction.atomic():
            unwatch_segments(owner="rule 2")
