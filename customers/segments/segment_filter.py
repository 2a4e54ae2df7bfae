"""The filter of a segment: whom it fits, as a condition that the database evaluates whenever the segment is read.

    {"junction": "and", "address.city": {"conditions": {"$is": ["Kyiv"]}},
     "events.sign_up.count": {"conditions": {"$more_than": [0]}}}

The language is that of every filter (config/api/conditions.py). An absent field is an empty word here: it is no other
value ($is_not fits it), and it holds, begins and ends with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce

from config.api import conditions as by
from config.api.json_conditions import in_json, part_of, words
from customers.actions.upsert import ADDRESS_PARTS
from customers.models import Event

# All filters together are one statement (find_segments.py), and PostgreSQL takes 65,535 parameters in one. A condition
# makes 4 at most and one for each value, so 100 of the largest filters make 40,000.
MOST_CONDITIONS, MOST_VALUES = 50, 200

EVERYBODY = Q(pk__isnull=False)


class InvalidSegmentFilter(ValueError):
    """The filter cannot be used; the message names the part of it, and what would do."""


def read_segment_filter(sent: Mapping[str, Any]) -> Q:
    """Whom it fits, as a Q of Customer. Raises InvalidSegmentFilter.

    Stricter than the filters of lists: what is not understood or says nothing would make the audience larger than
    was meant.
    """
    fields: dict[str, by.Field] = {}
    conditions_asked = values_asked = 0
    for name, value in sent.items():
        if name == "junction":
            continue
        if not (field := field_called(name)):
            raise InvalidSegmentFilter(f"filter.{name[:100]}: is not a segment field; available: {known_fields()}")
        conditions = value.get("conditions") if isinstance(value, Mapping) else None
        if not conditions or not isinstance(conditions, Mapping):
            raise InvalidSegmentFilter(f'filter.{name}: must be an object such as {{"conditions": {{"$is": ["…"]}}}}')
        for op, sent_values in conditions.items():
            values = sent_values if isinstance(sent_values, list) else [sent_values]
            if not all(isinstance(value, str | int | float) for value in values):
                raise InvalidSegmentFilter(f"filter.{name}.conditions.{op}: accepts strings, numbers, true or false")
            values_asked += len(values)
            conditions_asked += 1 if op in by.EXACT else len(values)
        fields[name] = field
    if not fields:
        raise InvalidSegmentFilter('filter: needs a condition, such as {"email": {"conditions": {"$has_value": ""}}}')
    if conditions_asked > MOST_CONDITIONS or values_asked > MOST_VALUES:
        raise InvalidSegmentFilter(
            f"filter: can have at most {MOST_CONDITIONS} conditions, where each value counts as one except after "
            f"$is, $is_not, $in and $not_in, and {MOST_VALUES} values"
        )
    try:
        return by.read_filters(sent, fields)
    except by.InvalidCondition as wrong:
        where = f"filter.{wrong.field}" + (f".conditions.{wrong.op}" if wrong.op else "")
        raise InvalidSegmentFilter(f"{where}: {wrong.message}") from None


def _day(path: str) -> by.Field:
    """A date; `$more_than` and `$less_than` are in days before today."""
    moment = by.moment(path)
    exact = by.choice(path, read=by.parse_time)

    def q(condition: by.Condition) -> Q:
        if condition.op not in by.EXACT or condition.op in by.PRESENCE:
            return moment.q(condition)
        if not all(map(by.parse_time, condition.values)):
            raise condition.wrong("must be a date such as 1990-12-31")
        return exact.q(condition)

    return by.Field((*by.EXACT, "$before", "$after", "$more_than", "$less_than"), q)


def _count_of(rows: QuerySet) -> by.Field:
    """How many of these rows, of the customer at hand, there are."""

    def at_least(number: int) -> Q:
        if number <= 0:
            return EVERYBODY
        # Stops at the wanted row; at the first one it is a join that the database may turn around.
        return Q(Exists(rows[number - 1 : number]))

    of_op = {
        "$is": lambda number: at_least(number) & ~at_least(number + 1),
        "$is_not": lambda number: ~at_least(number) | at_least(number + 1),
        "$more_than": lambda number: at_least(number + 1),
        "$more_than_equal": at_least,
        "$less_than": lambda number: ~at_least(number),
        "$less_than_equal": lambda number: ~at_least(number + 1),
    }

    def q(condition: by.Condition) -> Q:
        if not all(value.isdecimal() and value.isascii() and len(value) <= 9 for value in condition.values):
            raise condition.wrong("must be a whole number")
        join = or_ if condition.op == "$is" else and_
        return reduce(join, [of_op[condition.op](int(value)) for value in condition.values])

    return by.Field(tuple(of_op), q)


FIELDS: dict[str, by.Field] = {
    "source_id": words(Coalesce(F("source_id"), Value(""), output_field=TextField())),
    **{field: words(F(field)) for field in ("name", "email", "phone", "description")},
    "birthdate": _day("birthdate"),
    "birthday": _day("birthdate"),
    "city": words(part_of("address", "city")),
    **{f"address.{part}": words(part_of("address", part)) for part in ADDRESS_PARTS},
    "created_at": by.moment("created_at"),
    "updated_at": by.moment("updated_at"),
}


class Counted(NamedTuple):
    """What a customer has several of, so that a segment may ask how many: `<kind>.<which>.count`.

    `rows(which)` are those of `OuterRef("pk")`, or None where there can be none called so. `label` and `which` are how
    staff are told of it; `suggest` names the address of a type-ahead for `which`. `read` turns what staff type there
    into `which`, or None; `show` turns it back.
    """

    rows: Callable[[str], QuerySet | None]
    label: str
    which: str
    suggest: str = ""
    read: Callable[[str], str | None] = str
    show: Callable[[str], str] = str


# publications adds what it knows of customers (publications/redemptions/count_for_segments.py), which this app may not import.
COUNTED: dict[str, Counted] = {
    "events": Counted(
        lambda name: Event.objects.filter(customer=OuterRef("pk"), name=name), "Custom events", "Event’s name"
    )
}


def known_fields() -> str:
    return ", ".join([*FIELDS, "metadata.<key>", *(f"{kind}.<{c.which.lower()}>.count" for kind, c in COUNTED.items())])


def field_called(name: str) -> by.Field | None:
    kind, _, rest = name.partition(".")
    if kind == "metadata" and rest:
        return in_json("metadata", rest)
    if kind in COUNTED and (which := rest.removesuffix(".count")) not in ("", rest):
        rows = COUNTED[kind].rows(which)
        return None if rows is None else _count_of(rows)
    return FIELDS.get(name)


def read_event_filter(sent: Mapping[str, Any]) -> Q:
    """Which events fit, by their properties, as a Q of Event: `{"cart.total": {"conditions": {"$more_than": [50]}}}`,
    where every name is that of a property. Raises InvalidSegmentFilter."""
    try:
        return by.read_filters(sent, {name: in_json("metadata", name) for name in sent if name != "junction"})
    except by.InvalidCondition as wrong:
        raise InvalidSegmentFilter(f"{wrong.field} {wrong.op}: {wrong.message}") from None
