"""Removes what is kept of a customer besides the row: events, refusals of marketing and memberships of segments."""

from __future__ import annotations

from customers.models import Customer, Event, MarketingRefusal
from customers.segments.models import SegmentMember


def erase_traces(customer: Customer) -> None:
    """Inside the caller's transaction, once the customer's row is locked: whoever is just adding more has waited for
    that, and then finds the customer erased."""
    Event.objects.filter(customer=customer).delete()
    MarketingRefusal.objects.filter(customer=customer).delete()
    SegmentMember.objects.filter(customer=customer).delete()
