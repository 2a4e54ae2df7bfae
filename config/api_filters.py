"""The API's `filters[field][conditions][$op]=value`: read from a query string, turned into a condition of the database.

Every (field, operator, value) is a condition; `filters[junction]` joins them all by `and` (the default) or `or`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from config.api import invalid_query
from config.api_queries import UNSET, read_time, unpack
from config.public_ids import key_of

CONDITION = re.compile(r"filters\[(\w+)\](?:\[conditions\])?\[(\$?\w+)\](?:\[\d*\])?")
PRESENCE = {"$has_value", "$is_unknown"}


class Condition(NamedTuple):
    field: str
    op: str
    values: list[str]

    def __str__(self) -> str:
        return f"filters[{self.field}][conditions][{self.op}]"


class Field(NamedTuple):
    """A field that may be filtered by: what the operators may be, and how one becomes a Q."""

    ops: tuple[str, ...]
    q: Callable[[Condition], Q]


def filters_of(query: QueryDict, fields: Mapping[str, Field]) -> Q:
    """All filters of the query string as one Q. Raises `invalid_query` for a field or operator that is not known."""
    joined_by = and_
    found: dict[tuple[str, str], list[str]] = {}
    for name in query:
        if not name.startswith("filters"):
            continue
        sent = [value for value in query.getlist(name) if value != UNSET]
        if not sent:
            continue
        if name == "filters[junction]":
            joined_by = _junction(sent[-1])
            continue
        match = CONDITION.fullmatch(name)
        if not match:
            raise invalid_query(f"{name}: write filters[field][conditions][$operator]=value")
        field, op = match.groups()
        found.setdefault((field, op), []).extend(value for text in sent for value in unpack(text))
    return reduce(joined_by, [_q(Condition(*key, values), fields) for key, values in found.items()] or [Q()])


def _junction(text: str):
    try:
        return {"and": and_, "or": or_}[text.lower()]
    except KeyError:
        raise invalid_query(f"filters[junction]: must be and, or; this is {text[:20]!r}") from None


def _q(condition: Condition, fields: Mapping[str, Field]) -> Q:
    field = fields.get(condition.field)
    if not field:
        raise invalid_query(f"filters[{condition.field}]: can be {', '.join(fields)}")
    if condition.op not in field.ops:
        raise invalid_query(f"{condition}: the operators of this field are {', '.join(field.ops)}")
    return field.q(condition)


def text(path: str, *, read: Callable[[str], Any] = str) -> Field:
    """A text column. `read` turns what callers write into what the column holds."""
    return Field((*EXACT, *PARTS), lambda condition: _plain(path, condition, read))


def choice(path: str, *, read: Callable[[str], Any] = str) -> Field:
    """A column of a few known values, or a key: compared whole."""
    return Field(EXACT, lambda condition: _plain(path, condition, read))


def public_key(path: str, prefix: str) -> Field:
    """A foreign or primary key, written as a public id. An id that is none of ours matches no row."""
    return choice(path, read=lambda reference: key_of(prefix, reference) or 0)


def moment(path: str) -> Field:
    """A time. `$more_than` and `$less_than` are in days before now."""
    return Field(
        ("$before", "$after", "$more_than", "$less_than", *PRESENCE), lambda condition: _moment(path, condition)
    )


def flag(when_true: Q) -> Field:
    """True or false, in any case."""

    def q(condition: Condition) -> Q:
        truths = {value.lower() for value in condition.values}
        if not truths <= {"true", "false"}:
            raise invalid_query(f"{condition}: must be true or false")
        wanted = {truth == ("true" if condition.op != "$is_not" else "false") for truth in truths}
        return Q(pk__isnull=False) if len(wanted) == 2 else when_true if wanted == {True} else ~when_true

    return Field(("$is", "$is_not"), q)


EXACT = ("$is", "$is_not", "$in", "$not_in", *sorted(PRESENCE))
PARTS = ("$contains", "$not_contain", "$starts_with", "$ends_with")
LOOKUPS = {
    "$is": "exact",
    "$is_not": "exact",
    "$contains": "contains",
    "$not_contain": "contains",
    "$starts_with": "startswith",
    "$ends_with": "endswith",
}
NEGATED = {"$is_not", "$not_in", "$not_contain"}


def _plain(path: str, condition: Condition, read: Callable[[str], Any]) -> Q:
    if condition.op in PRESENCE:
        absent = Q(**{f"{path}__isnull": True})
        return absent if condition.op == "$is_unknown" else ~absent
    values = [read(value) for value in condition.values]
    if condition.op in ("$in", "$not_in"):
        found = Q(**{f"{path}__in": values})
    else:
        found = reduce(or_, [Q(**{f"{path}__{LOOKUPS[condition.op]}": value}) for value in values])
    return ~found if condition.op in NEGATED else found


def _moment(path: str, condition: Condition) -> Q:
    if condition.op in PRESENCE:
        return _plain(path, condition, str)
    if condition.op in ("$before", "$after"):
        edges = [read_time(value, str(condition)) for value in condition.values]
    else:
        edges = [timezone.now() - _days(value, condition) for value in condition.values]
    lookup = "lt" if condition.op in ("$before", "$more_than") else "gt"
    return reduce(and_, [Q(**{f"{path}__{lookup}": edge}) for edge in edges])


def _days(value: str, condition: Condition) -> timedelta:
    if not value.isdecimal() or len(value) > 5:
        raise invalid_query(f"{condition}: must be a whole number of days")
    return timedelta(days=int(value))
