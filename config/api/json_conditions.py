"""Conditions on one key of a JSON column, whatever stands there, and on sums that the database works out."""

from __future__ import annotations

import re
from datetime import UTC
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Expression, F, Func, JSONField, Model, Q, TextField, Value
from django.db.models.expressions import RawSQL
from django.db.models.lookups import (
    Contains,
    EndsWith,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
    Lookup,
    StartsWith,
)

from config.api import conditions as by

PARTS: dict[str, type[Lookup]] = {
    "$contains": Contains,
    "$not_contain": Contains,
    "$starts_with": StartsWith,
    "$ends_with": EndsWith,
}
NUMBERS: dict[str, type[Lookup]] = {
    "$more_than": GreaterThan,
    "$more_than_equal": GreaterThanOrEqual,
    "$less_than": LessThan,
    "$less_than_equal": LessThanOrEqual,
}
TIMES: dict[str, type[Lookup]] = {"$before": LessThan, "$after": GreaterThan}
NUMBER = re.compile(r"-?\d{1,18}(\.\d{1,18})?", re.ASCII)
LONGEST_KEY = 255
LOOKED_UP = (
    2_000  # rows that are found first, by an index; where there are more, the first of a list stand near its beginning
)


def words(expression: Expression | F) -> by.Field:
    """A text, "" where it is absent."""

    def q(condition: by.Condition) -> Q:
        if condition.op in by.PRESENCE:
            absent = Q(Exact(expression, ""))
            return absent if condition.op == "$is_unknown" else ~absent
        if condition.op in by.EXACT:
            found = Q(In(expression, condition.values))
        else:
            found = reduce(or_, [Q(PARTS[condition.op](expression, value)) for value in condition.values])
        return ~found if condition.op in by.NEGATED else found

    return by.Field((*by.EXACT, *by.PARTS), q)


def part_of(column: str, key: str, template: str = "coalesce(%(expressions)s::text, '')") -> Func:
    """One key of a JSON column, as text. (Django's own transform takes a key such as "5" for a place in an array.)"""
    return Func(F(column), Value(key), template=template, arg_joiner=" ->> ", output_field=TextField())


# The beginning of what looks like a time, as far as a second. Compared as text, since a cast would fail at the first
# customer whose text looks like a time and is none.
SECOND = (
    r"""(replace(substring(%(expressions)s::text FROM '^\d{4}-\d\d-\d\d(?:[ T][\d:]{8})?'), ' ', 'T') COLLATE "C")"""
)


def in_json(column: str, key: str) -> by.Field:
    """Whatever the shop keeps there: compared as text, or with the operators of numbers and times only if it is one."""
    plain = words(part_of(column, key))
    json = Func(F(column), Value(key), template="(%(expressions)s::text)", arg_joiner=" -> ", output_field=JSONField())
    is_number = Q(Exact(Func(json, function="jsonb_typeof", output_field=TextField()), "number"))
    second = part_of(column, key, SECOND)

    def q(condition: by.Condition) -> Q:
        strictest = max if condition.op in ("$after", "$more_than", "$more_than_equal") else min
        if condition.op in NUMBERS:
            number = strictest(_number(value, condition) for value in condition.values)
            return is_number & Q(NUMBERS[condition.op](json, number))
        if condition.op in TIMES:
            return Q(TIMES[condition.op](second, strictest(_second(value, condition) for value in condition.values)))
        return plain.q(condition)

    return by.Field((*plain.ops, *NUMBERS, *TIMES), q)


def of_metadata(model: type[Model] | None = None) -> by.Field:
    """`metadata.<key>`, whatever the key is, of rows that keep theirs in `metadata`. `model`: where there may be millions,
    and an index over the column finds the few that have a value."""
    ops = in_json("metadata", "any").ops

    def q(condition: by.Condition) -> Q:
        key = condition.field.removeprefix("metadata.")
        if not key.isprintable() or len(key) > LONGEST_KEY:
            raise condition.wrong(f"the key may have at most {LONGEST_KEY} printable characters")
        if condition.op not in by.WHOLE:
            return in_json("metadata", key).q(condition)
        found = reduce(or_, [Q(metadata__contains={key: value}) for text in condition.values for value in _kinds(text)])
        if condition.op in by.NEGATED:
            return ~found | Q(metadata=None)
        if model is None:
            return found
        keys = list(model._default_manager.filter(found).order_by().values_list("pk", flat=True)[: LOOKED_UP + 1])
        return found if len(keys) > LOOKED_UP else Q(pk__in=RawSQL("SELECT unnest(%s::bigint[])", [keys]))

    return by.Field(ops, q)


def number(expression: Expression | F) -> by.Field:
    """A number that is always there."""
    lookups: dict[str, type[Lookup]] = {"$is": Exact, "$is_not": Exact, "$in": Exact, "$not_in": Exact, **NUMBERS}

    def q(condition: by.Condition) -> Q:
        join = or_ if condition.op in by.WHOLE else and_
        found = reduce(
            join, [Q(lookups[condition.op](expression, _number(value, condition))) for value in condition.values]
        )
        return ~found if condition.op in by.NEGATED else found

    return by.Field(tuple(lookups), q)


def _kinds(text: str) -> list[Any]:
    """What a text may be in JSON: "5" is also 5, "true" also true."""
    kinds: list[Any] = [text]
    if NUMBER.fullmatch(text):
        kinds.append(float(text) if "." in text else int(text))
    if text.lower() in ("true", "false"):
        kinds.append(text.lower() == "true")
    return kinds


def _number(value: str, condition: by.Condition) -> int | float:
    if not NUMBER.fullmatch(value):
        raise condition.wrong("must be a number")
    return float(value) if "." in value else int(value)


def _second(value: str, condition: by.Condition) -> str:
    if not (moment := by.parse_time(value)):
        raise condition.wrong(by.TIME_EXPECTED)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
