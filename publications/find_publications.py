"""Finds the publications that a text means: by code, by customer, or by an id."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import Voucher
from config.public_ids import CUSTOMER, PUBLICATION, VOUCHER, key_of
from customers import search
from customers.models import Customer
from publications.models import Publication, PublishedVoucher

MANY = 5_000  # codes, customers or publications: what is looked up at once, in some 50 ms
NEWEST = 10_000  # publications that are looked through one by one, in some 100 ms
OF_A_HAND_OUT = 1_000


class Found(NamedTuple):
    publications: QuerySet
    in_all: bool  # False: only in the newest


def find_publications(publications: QuerySet, text: str, *, whole: bool = False) -> Found:
    """Those of `publications` with a code, or to a customer, that begins with `text`; or whose id (or code's or
    customer's id) it is. Failed attempts are found by the code that they asked for.

    Unless `whole`, the cost is bounded: a text that very many begin with ("a") is looked for in the newest
    publications only. That is where a page finds its 25 rows at once, while the 25 newest of a million matches
    could only be told by sorting all of them.
    """
    text = " ".join(text.replace("\x00", " ").split())
    for prefix, field in ((PUBLICATION, "pk"), (CUSTOMER, "customer")):
        if (key := key_of(prefix, text)) is not None:
            return Found(publications.filter(**{field: key}), True)
    if (key := key_of(VOUCHER, text)) is not None:
        holding = PublishedVoucher.objects.filter(voucher=key).values("publication")
        return Found(publications.filter(pk__in=holding), True)
    codes = Voucher.objects.filter(_begins("code", text)).order_by()
    customers = search.search(Customer.objects.live(), text).order_by()
    found = _of(codes, customers, text)
    if whole or (_few(codes) and _few(customers) and _few(found)):
        return Found(publications.filter(pk__in=found), True)
    newest, in_all = newest_of(publications)
    return Found(_among(newest, codes, customers, text), in_all)


def newest_of(publications: QuerySet) -> Found:
    """The newest of them, found through the index in whose order they stand; `in_all` where that is all of them."""
    newest_first = publications.order_by("-created_at", "-id").values_list("created_at", flat=True)
    oldest = newest_first[NEWEST : NEWEST + 1].first()
    if oldest is None:
        return Found(publications, True)
    return Found(publications.filter(created_at__gt=oldest), False)


def _begins(field: str, text: str) -> Q:
    """As typed, or in capitals, which is how most codes are written."""
    return Q(**{f"{field}__startswith": text}) | Q(**{f"{field}__startswith": text.upper()})


def _few(queryset: QuerySet) -> bool:
    return queryset[: MANY + 1].count() <= MANY


def _of(codes: QuerySet, customers: QuerySet, text: str) -> QuerySet:
    """The keys of their publications. A union: an OR over three tables would walk the whole history."""
    of_codes = PublishedVoucher.objects.filter(voucher__in=codes.values("pk"))
    of_customers = Publication.objects.filter(customer__in=customers.values("pk"))
    failed = Publication.objects.filter(_begins("attempted_code", text))
    return of_codes.values_list("publication_id").union(
        of_customers.order_by().values_list("pk"), failed.order_by().values_list("pk"), all=True
    )


def _among(publications: QuerySet, codes: QuerySet, customers: QuerySet, text: str) -> QuerySet:
    """Looks at each publication in turn; of a hand-out of a million codes at its first ones."""
    held = PublishedVoucher.objects.filter(publication=OuterRef(OuterRef("pk"))).values("voucher")[:OF_A_HAND_OUT]
    return publications.filter(
        Exists(customers.filter(pk=OuterRef("customer")))
        | Exists(codes.filter(pk__in=held))
        | _begins("attempted_code", text)
    )
