"""Finds the publications that a text may refer to: by code, by customer, or by an id."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.codes.models import Voucher
from config.public_ids import CUSTOMER, PUBLICATION, VOUCHER, key_of
from config.staff.lists.looking_back import Edge, newest
from customers.models import Customer
from customers.queries import search
from publications.models import Publication, PublishedVoucher

MANY = 5_000  # codes, customers or publications: what is looked up at once, in some 50 ms
NEWEST = 10_000  # publications that are looked through one by one, in some 100 ms
OF_A_HAND_OUT = 1_000


class Found(NamedTuple):
    publications: QuerySet
    edge: Edge | None  # how far back it was looked; None: through all


def find_publications(publications: QuerySet, text: str, *, whole: bool = False, whole_codes: bool = False) -> Found:
    """Those of `publications` with a code, or to a customer, that begins with `text`; or whose id (or code's or
    customer's id) it is. Failed attempts are found by the code that they asked for.

    Unless `whole`, the cost is bounded: a text that very many begin with ("a") is looked for in the newest
    publications only. That is where a page finds its 25 rows at once, while the 25 newest of a million matches
    could only be told by sorting all of them.
    A code that is masked to the reader is found only by all of it: else one could feel one's way along it, letter by
    letter. Masked are unpublished codes, and with `whole_codes`, for readers who see none in clear, all: to these an
    unpublished code is like one that does not exist.
    """
    text = " ".join(text.replace("\x00", " ").split())
    for prefix, field in ((PUBLICATION, "pk"), (CUSTOMER, "customer")):
        if (key := key_of(prefix, text)) is not None:
            return Found(publications.filter(**{field: key}), None)
    if (key := key_of(VOUCHER, text)) is not None:
        holding = PublishedVoucher.objects.filter(voucher=key).values("publication")
        return Found(publications.filter(pk__in=holding), None)
    like = _is if whole_codes else _begins
    all_codes = Voucher.objects.filter(like("code", text)).order_by()
    published = Q(published_at__isnull=False)
    codes = all_codes.filter(published if whole_codes else published | _is("code", text))
    attempted = Q(pk__in=()) if whole_codes else _is("attempted_code", text)
    customers = search.search(Customer.objects.live(), text).order_by()
    found = _of(codes, customers, attempted)
    if whole or _few(all_codes, customers, found):
        return Found(publications.filter(pk__in=found), None)
    looked_at, edge = newest(publications, NEWEST)
    return Found(_among(looked_at, codes, customers, attempted), edge)


def _begins(field: str, text: str) -> Q:
    """As typed, or in capitals, which is how most codes are written."""
    return Q(**{f"{field}__startswith": text}) | Q(**{f"{field}__startswith": text.upper()})


def _is(field: str, text: str) -> Q:
    return Q(**{f"{field}__in": [text, text.upper()]})


def _few(*sets: QuerySet) -> bool:
    """Whether each of them is few. Counting stops at the first that is not: one query for all."""
    counting: list[str] = []
    parameters: list[Any] = []
    for rows in sets:
        sql, values = rows[: MANY + 1].query.sql_with_params()
        counting.append(f"(SELECT count(*) FROM ({sql}) AS few) <= {MANY}")  # noqa: S608 - the ORM's own
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {' AND '.join(counting)}", parameters)
        (few,) = cursor.fetchone()
        return few


def _of(codes: QuerySet, customers: QuerySet, attempted: Q) -> QuerySet:
    """The keys of their publications, and of the attempts at these codes or at the `attempted` (one that is no more). A
    union: an OR over the tables would walk the whole history."""
    of_codes = PublishedVoucher.objects.filter(voucher__in=codes.values("pk"))
    of_customers = Publication.objects.filter(customer__in=customers.values("pk"))
    # Not null, as the index says: a plan by the codes of many attempts needs to be told.
    at_codes = Publication.objects.filter(attempted_code__in=codes.values("code"), attempted_code__isnull=False)
    at_text = Publication.objects.filter(attempted)
    return of_codes.values_list("publication_id").union(
        *(found.order_by().values_list("pk") for found in (of_customers, at_codes, at_text)), all=True
    )


def _among(publications: QuerySet, codes: QuerySet, customers: QuerySet, attempted: Q) -> QuerySet:
    """Looks at each publication in turn; of a hand-out of a million codes at its first ones.

    Ranges of one, since an "=" would let the planner gather all that begin with the text first: of a million customers
    in five seconds (ADR 0010).
    """
    held = PublishedVoucher.objects.filter(publication=OuterRef(OuterRef("pk"))).values("voucher")[:OF_A_HAND_OUT]
    return publications.filter(
        Exists(customers.filter(pk__range=(OuterRef("customer"), OuterRef("customer"))))
        | Exists(codes.filter(pk__in=held))
        | Exists(codes.filter(code__range=(OuterRef("attempted_code"), OuterRef("attempted_code"))))
        | attempted
    )
