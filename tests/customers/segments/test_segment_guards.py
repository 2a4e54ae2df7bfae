"""What the database itself refuses of segments and events."""

import pytest
from django.db import IntegrityError, transaction

from customers.models import Event
from customers.segments.models import Segment, SegmentMember
from tests.support.factories import CustomerFactory

pytestmark = pytest.mark.django_db
FILTER = {"name": {"conditions": {"$has_value": ""}}}


def refused(constraint, make):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        make()


@pytest.mark.parametrize(
    ("kind", "conditions", "kept"),
    [
        ("static", None, True),
        ("auto-update", FILTER, True),
        ("passive", FILTER, True),
        ("static", FILTER, False),
        ("auto-update", None, False),
        ("dynamic", FILTER, False),
    ],
)
def test_a_segment_is_static_or_has_a_filter(kind, conditions, kept):
    if kept:
        assert Segment.objects.create(name="Testers", type=kind, filter=conditions).pk
    else:
        refused(
            "segment_static_or_filter", lambda: Segment.objects.create(name="Testers", type=kind, filter=conditions)
        )


def test_a_segment_has_a_name_of_its_own():
    Segment.objects.create(name="Testers", type="static")

    refused("segment_name_unique", lambda: Segment.objects.create(name="Testers", type="static"))
    refused("segment_has_name", lambda: Segment.objects.create(name="", type="static"))


def test_a_customer_is_in_a_segment_once():
    ada = CustomerFactory()
    testers, others = (Segment.objects.create(name=name, type="static") for name in ("Testers", "Others"))
    for segment in (testers, others):
        SegmentMember.objects.create(segment=segment, customer=ada)

    refused("segment_member_once", lambda: SegmentMember.objects.create(segment=testers, customer=ada))


def test_an_event_has_a_name():
    ada = CustomerFactory()

    assert Event.objects.create(customer=ada, name="order").pk
    refused("event_has_name", lambda: Event.objects.create(customer=ada, name=""))
