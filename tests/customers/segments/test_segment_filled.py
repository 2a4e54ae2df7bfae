"""A static segment is filled from a list."""

import pytest

from config.staff.models import AuditEntry
from customers.segments.actions.create_segment import InvalidSegment, create_filter_segment, create_static_segment
from customers.segments.actions.fill_segment import UnknownLines, fill_segment, take_out
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db


def static():
    return create_static_segment("Testers", [], by=STAFF)


def members(segment):
    return set(segment.members.values_list("customer_id", flat=True))


def test_lines_name_customers_by_id_source_id_or_email_in_any_case():
    ada, bob, carl, twin = (CustomerFactory(email=f"{name}@example.com") for name in ("ada", "bob", "carl", "carl"))
    segment = static()

    filled = fill_segment(
        segment, [ada.public_id, "", f" {bob.source_id} ", "CARL@example.com", ada.public_id], by=STAFF
    )

    assert filled == (4, 0)
    assert members(segment) == {ada.pk, bob.pk, carl.pk, twin.pk}
    assert AuditEntry.objects.latest("pk").details == {"added": 4}


def test_an_unknown_line_refuses_all_and_is_named():
    ada, segment = CustomerFactory(), static()

    with pytest.raises(UnknownLines) as refused:
        fill_segment(segment, [ada.public_id, "", "nobody@example.com"], by=STAFF)

    assert (refused.value.lines, refused.value.count) == ([(3, "nobody@example.com")], 1)
    assert members(segment) == set()


def test_unknown_lines_may_be_left_out():
    ada, segment = CustomerFactory(), static()

    assert fill_segment(segment, [ada.public_id, "x", "y"], leave_out_unknown=True, by=STAFF) == (1, 2)
    assert members(segment) == {ada.pk}


def test_who_is_in_it_is_not_added_again():
    ada, segment = CustomerFactory(), static()
    fill_segment(segment, [ada.public_id], by=STAFF)

    assert fill_segment(segment, [ada.public_id], by=STAFF) == (0, 0)


def test_nobody_can_be_added_to_a_filter():
    segment = create_filter_segment("Gold", {"metadata.tier": {"conditions": {"$is": ["gold"]}}}, by=STAFF)

    with pytest.raises(InvalidSegment):
        fill_segment(segment, ["x"], by=STAFF)


def test_a_customer_is_taken_out():
    ada, segment = CustomerFactory(), static()
    fill_segment(segment, [ada.public_id], by=STAFF)

    assert (take_out(segment, ada, by=STAFF), take_out(segment, ada, by=STAFF)) == (True, False)
    assert members(segment) == set()
