"""Who holds a code: whom its publication names, or, of a hand-out's code, whom it was settled to. Written once, for all readers.

Of the two only one is ever set: a trigger refuses to settle a code whose publication names a customer.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from customers.models import Customer
from publications.models import PublishedVoucher

HOLDER_SQL = "coalesce(l.settled_to_id, p.customer_id)"  # of a row of the ledger `l` and its publication `p`


def of_holder(field: str = "", *, ledger: str = "") -> Coalesce:
    """The holder's key, or a field of theirs; `ledger` is the way to the row of the ledger: "" or "live__"."""
    last = f"__{field}" if field else "_id"
    return Coalesce(F(f"{ledger}settled_to{last}"), F(f"{ledger}publication__customer{last}"))


def held_by(customers: Any) -> QuerySet[PublishedVoucher]:
    """The live rows of the ledger that these customers (a list of them or of keys, or a queryset) hold: by the customer's
    two indexes. One condition over both tables would read all of the ledger."""
    live = PublishedVoucher.objects.filter(released_at=None).order_by()
    published = live.filter(publication__customer__in=customers).values("pk")
    settled = live.filter(settled_to__in=customers).values("pk")
    return PublishedVoucher.objects.filter(pk__in=published.union(settled, all=True))


def ever_held_by(customer: Customer) -> QuerySet[PublishedVoucher]:
    """The same with what was released since."""
    published = PublishedVoucher.objects.filter(publication__customer=customer).order_by().values("pk")
    settled = PublishedVoucher.objects.filter(settled_to=customer).order_by().values("pk")
    return PublishedVoucher.objects.filter(pk__in=published.union(settled, all=True))
