"""Finds customers by the beginnings of what staff remember about them."""

from __future__ import annotations

from functools import reduce
from operator import and_, or_

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower, Reverse

from config.public_ids import CUSTOMER, key_of
from customers.models import DOMAIN, HAS_PARTS, LAST_PART, Customer, end_of_email, last_word, phone_digits
from customers.queries.phones import beginning_of, ending_of

MANY = 2_000
FEWEST_OF_DOMAIN = 3  # with its @


def search(customers: QuerySet[Customer], text: str, *, bounded: bool = False) -> QuerySet[Customer]:
    """Those whose name, last word of the name, e-mail, its last part before the @, its domain (typed with the @) or source_id
    begins with `text`, whatever the case; whose name has its words
    in another order, the last one first; whose phone number it is, in any form, or begins with; or whose `cust_…` id it is. An
    empty text finds all.

    Each of them has an index of its own, and PostgreSQL joins them (BitmapOr): a rare beginning costs a
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
    beginnings.append(HAS_PARTS & Q(_email_part__startswith=start))
    if len(start) >= FEWEST_OF_DOMAIN and start.startswith("@"):
        beginnings.append(Q(_domain__startswith=start))
    last, *others = start.split()
    if others:
        # The others each begin a word somewhere in the name.
        begun = [Q(_name__startswith=word) | Q(_name__contains=f" {word}") for word in others]
        beginnings.append(reduce(and_, begun, Q(_last_word__startswith=last.rstrip(","))))
    if digits := beginning_of(text):
        beginnings.append(~Q(phone="") & Q(_digits__startswith=digits))
    if ending := ending_of(text):
        beginnings.append(~Q(phone="") & Q(_reversed__startswith=ending[::-1]))
    digits_stored = phone_digits("phone")
    named = customers.alias(
        _name=Lower("name"),
        _last_word=last_word("name"),
        _email=Lower("email"),
        _email_part=end_of_email("email", begins=LAST_PART),
        _domain=end_of_email("email", begins=DOMAIN),
        _source_id=Lower("source_id"),
        _digits=digits_stored,
        _reversed=Reverse(digits_stored),
    )
    if not bounded:
        return named.filter(reduce(or_, beginnings))
    first, *rest = (named.filter(begins).order_by().values("pk")[: MANY + 1] for begins in beginnings)
    return customers.filter(pk__in=first.union(*rest, all=True))
