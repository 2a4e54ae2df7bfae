"""Finds customers by the beginning of what staff remember of them."""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from config.public_ids import CUSTOMER, key_of
from customers.models import Customer, last_word

MANY = 2_000


def search(customers: QuerySet[Customer], text: str, *, bounded: bool = False) -> QuerySet[Customer]:
    """Those whose name, last word of the name, e-mail or source_id begins with `text`, whatever the case; or whose
    `cust_…` id it is. An empty text finds all.

    Each of the four has an index of its own, and PostgreSQL joins them (BitmapOr): a rare beginning costs a
    millisecond in any number of customers, and a common one is mostly met soon on the way down the sorted list. Mostly:
    where all that begin so are old, it walks down past a million. `bounded`, for a page, looks at the first MANY that
    each index holds, a few milliseconds; more of them than that are not found.
    """
    text = " ".join(text.replace("\x00", " ").split())
    if not text:
        return customers
    start, key = text.lower(), key_of(CUSTOMER, text)
    beginnings = [Q(**{f"{name}__startswith": start}) for name in ("_name", "_last_word", "_email", "_source_id")]
    if key is not None:
        beginnings.append(Q(pk=key))
    named = customers.alias(
        _name=Lower("name"), _last_word=last_word("name"), _email=Lower("email"), _source_id=Lower("source_id")
    )
    if not bounded:
        return named.filter(reduce(or_, beginnings))
    first, *others = (named.filter(begins).order_by().values("pk")[: MANY + 1] for begins in beginnings)
    return customers.filter(pk__in=first.union(*others, all=True))
