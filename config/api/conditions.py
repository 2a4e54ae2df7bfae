"""Conditions on fields, as callers of the API write them (`$is`, `$contains`, `$after`, …), and as a Q of the database.

Read from a query string (config/api/filters.py) or from a JSON object (`read_filters`). Every (field, operator) with
its values is a condition; `junction` joins them all by `and` (the default) or `or`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from config.public_ids import key_of

PRESENCE = {"$has_value", "$is_unknown"}
WHOLE = ("$is", "$is_not", "$in", "$not_in")
EXACT = (*WHOLE, *sorted(PRESENCE))
PARTS = ("$contains", "$not_contain", "$starts_with", "$ends_with")
NEGATED = {"$is_not", "$not_in", "$not_contain"}
LOOKUPS = {
    "$is": "exact",
    "$is_not": "exact",
    "$contains": "contains",
    "$not_contain": "contains",
    "$starts_with": "startswith",
    "$ends_with": "endswith",
}
MOST_VALUES = 1_000  # a statement takes 65,535 parameters, and has others besides
JUNCTIONS = {"and": and_, "or": or_}
UNESCAPED_PLUS = re.compile(r" (\d\d:?\d\d)$")
TIME_EXPECTED = "must be an ISO 8601 time such as 2026-03-01T12:00:00Z"


class InvalidCondition(ValueError):
    """A condition that cannot be used. `field` and `op` say which (`op` is "" where the field itself is not known)."""

    def __init__(self, field: str, op: str, message: str) -> None:
        super().__init__(f"{field} {op}: {message}")
        self.field, self.op, self.message = field, op, message


class Condition(NamedTuple):
    field: str
    op: str
    values: list[str]

    def wrong(self, message: str) -> InvalidCondition:
        return InvalidCondition(self.field, self.op, message)


class Field(NamedTuple):
    """A field to filter by: its operators, and how a condition becomes a Q."""

    ops: tuple[str, ...]
    q: Callable[[Condition], Q]
    hint: str = ""  # said of another operator, where the operators alone would not explain it


ANY_KEY = "metadata.<key>"  # the name of the field that stands for every key


def join(conditions: Iterable[Condition], fields: Mapping[str, Field], *, junction: str = "and") -> Q:
    """All conditions as one Q. Raises InvalidCondition for an unusable field, operator or value."""
    if junction.lower() not in JUNCTIONS:
        raise InvalidCondition("junction", "", f"must be and or or; this is {junction[:20]!r}")
    return reduce(JUNCTIONS[junction.lower()], [_q(condition, fields) for condition in conditions] or [Q()])


def read_filters(sent: Mapping[str, Any], fields: Mapping[str, Field]) -> Q:
    """`{"channel": {"conditions": {"$is": ["API"]}}, "junction": "and"}` as a Q. Raises InvalidCondition."""
    conditions: list[Condition] = []
    for field, value in sent.items():
        if field == "junction" or value is None:
            continue
        if not isinstance(value, Mapping) or not isinstance(value.get("conditions", {}), Mapping):
            raise InvalidCondition(field, "", 'must be an object such as {"conditions": {"$is": ["…"]}}')
        for op, values in value.get("conditions", {}).items():
            if values is not None:
                texts = [_text(text) for text in (values if isinstance(values, list) else [values])]
                conditions.append(Condition(field, op, texts))
    if sum(len(condition.values) for condition in conditions) > MOST_VALUES:
        raise InvalidCondition(
            conditions[-1].field, "", f"all conditions together can have at most {MOST_VALUES:,} values"
        )
    return join(conditions, fields, junction=str(sent.get("junction") or "and"))


def text(path: str, *, read: Callable[[str], Any] = str) -> Field:
    """A text column. `read` converts what callers write into what the column holds."""
    return Field((*EXACT, *PARTS), lambda condition: _plain(path, condition, read))


def choice(path: str, *, read: Callable[[str], Any] = str) -> Field:
    """A column with a few known values, or a key: compared as a whole."""
    return Field(EXACT, lambda condition: _plain(path, condition, read))


def public_key(path: str, prefix: str) -> Field:
    """A foreign or primary key, written as a public id. An id of another kind matches no row."""
    return choice(path, read=lambda reference: key_of(prefix, reference) or 0)


def moment(path: str) -> Field:
    """A time. `$more_than` and `$less_than` are in days before now."""
    return Field(
        ("$before", "$after", "$more_than", "$less_than", *PRESENCE), lambda condition: _moment(path, condition)
    )


def flag(when_true: Q, states: Mapping[str, Q] | None = None) -> Field:
    """True or false, in upper or lower case. `states` are operators that are questions in themselves; their value is
    ignored.
    """

    def q(condition: Condition) -> Q:
        if states and condition.op in states:
            return states[condition.op]
        truths = {value.lower() for value in condition.values}
        if not truths <= {"true", "false"}:
            raise condition.wrong("must be true or false")
        wanted = {truth == ("true" if condition.op != "$is_not" else "false") for truth in truths}
        return Q(pk__isnull=False) if len(wanted) == 2 else when_true if wanted == {True} else ~when_true

    return Field(("$is", "$is_not", *(states or ())), q)


def category_ids(names: str) -> Field:
    """Categories are names here. `names`: the field that finds them."""

    def q(condition: Condition) -> Q:
        return Q(pk__isnull=condition.op == "$has_value")

    return Field(tuple(sorted(PRESENCE)), q, hint=f"categories are names and have no ids; filter by {names}")


def parse_time(sent: str) -> datetime | None:
    """An ISO 8601 time or date, without a zone in UTC; None where it is neither, or outside the years 1900 to 2999.

    Beyond those a time zone may carry a moment out of what Python can hold, and then it could not even be shown.
    """
    try:
        if moment := parse_datetime(sent):
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        elif day := parse_date(sent):
            moment = datetime.combine(day, time.min, UTC)
    except ValueError:
        return None  # well formed, but no such day
    return moment if moment and 1900 <= moment.year < 3000 else None


def parse_time_of_address(sent: str) -> datetime | None:
    """The same of a query string, in which a plus that was not escaped arrives as a space."""
    return parse_time(UNESCAPED_PLUS.sub(r"+\1", sent))


def _q(condition: Condition, fields: Mapping[str, Field]) -> Q:
    field = fields.get(condition.field)
    if not field and condition.field.startswith("metadata.") and len(condition.field) > len("metadata."):
        field = fields.get(ANY_KEY)
    if not field:
        raise InvalidCondition(condition.field, "", f"can be {', '.join(fields)}")
    if condition.op not in field.ops:
        raise condition.wrong(field.hint or f"the operators of this field are {', '.join(field.ops)}")
    if not condition.values and condition.op not in PRESENCE:
        raise condition.wrong("needs a value")
    return field.q(condition)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


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
    read = _time if condition.op in ("$before", "$after") else _days_ago
    lookup = "lt" if condition.op in ("$before", "$more_than") else "gt"
    return reduce(and_, [Q(**{f"{path}__{lookup}": read(value, condition)}) for value in condition.values])


def _time(value: str, condition: Condition) -> datetime:
    if moment := parse_time_of_address(value):
        return moment
    raise condition.wrong(f"{TIME_EXPECTED}; this is {value[:40]!r}")


def _days_ago(value: str, condition: Condition) -> datetime:
    if not value.isdecimal() or len(value) > 5:
        raise condition.wrong("must be a whole number of days")
    return timezone.now() - timedelta(days=int(value))
