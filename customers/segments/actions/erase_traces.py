"""Removes what is stored about a customer outside their own row: events, marketing refusals and segment memberships."""

from __future__ import annotations

from customers.models import Customer, Event, MarketingRefusal
from customers.segments.models import SegmentMember


def erase_traces(customer: Customer) -> None:
    """Call it inside the transaction that has locked the customer's row: whoever is adding more has waited for that,
    and then finds the customer erased.
    """
    Event.objects.filter(customer=customer).delete()
    MarketingRefusal.objects.filter(customer=customer).delete()
    SegmentMember.objects.filter(customer=customer).delete()
