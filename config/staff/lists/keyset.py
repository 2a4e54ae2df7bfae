"""Places in a sorted list: which rows come after a given one, as conditions that an index serves (ADR 0022).

`OFFSET 500000` reads 500,000 rows to throw them away. "The rows after this one" is a range of the index instead, as
fast on the last page as on the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db.models import BooleanField, F, Func, Q, QuerySet, Value
from django.db.models.constants import LOOKUP_SEP
from django.db.models.expressions import Combinable, OrderBy
from django.db.models.lookups import IsNull


class Part(NamedTuple):
    """One expression of an ORDER BY."""

    expression: Any
    descending: bool
    nullable: bool
    nulls_first: bool

    def reversed(self) -> Part:
        return self._replace(descending=not self.descending, nulls_first=not self.nulls_first)


class Compare(Func):
    """`(a, b) < (x, y)`: row by row, so that PostgreSQL finds it in an index on (a, b) as one range."""

    output_field = BooleanField()

    def __init__(self, expressions: Sequence[Any], operator: str, values: Sequence[Any], **extra: Any) -> None:
        super().__init__(*expressions, *(Value(value) for value in values), **extra)
        self.operator = operator

    def as_sql(
        self,
        compiler: Any,
        connection: Any,
        function: str | None = None,
        template: str | None = None,
        arg_joiner: str | None = None,
        **extra_context: Any,
    ) -> tuple[str, Any]:
        sql, parameters = [], []
        for source in self.source_expressions:
            text, values = compiler.compile(source)
            sql.append(text)
            parameters += values
        half = len(sql) // 2
        return f"({', '.join(sql[:half])}) {self.operator} ({', '.join(sql[half:])})", parameters


def order_of(rows: QuerySet, *, key: str = "pk") -> list[Part]:
    """What `rows` are sorted by, ending with the key, so that no two rows share a position."""
    given = rows.query.order_by or (rows.model._meta.ordering if rows.query.default_ordering else ())
    parts = [part for each in given for part in _parts(rows, each)]
    if not any(_is_key(rows, part, key) for part in parts):
        descending = bool(parts) and parts[-1].descending
        parts.append(Part(F(key), descending, False, descending))
    return parts


def sort(rows: QuerySet, order: Sequence[Part]) -> QuerySet:
    return rows.order_by(
        *(
            OrderBy(
                part.expression,
                descending=part.descending,
                # Only where it differs from PostgreSQL's own way, in which the index stands.
                nulls_first=True if part.nulls_first and not part.descending else None,
                nulls_last=True if part.descending and not part.nulls_first else None,
            )
            for part in order
        )
    )


def ranges_after(order: Sequence[Part], values: Sequence[Any]) -> list[Q]:
    """The rows that come after a row with these values of `order`, as ranges one after the other.

    Most orders give one. There are more where directions mix (a channel upwards, its dates downwards) and where a
    column may be null; each is a range of its own in the index, which an OR over them would not be.
    """
    starts = [
        index
        for index, part in enumerate(order)
        if index == 0 or part.descending != order[index - 1].descending or part.nullable or values[index - 1] is None
    ]
    ranges = []
    for start, stop in reversed(list(zip(starts, [*starts[1:], len(order)], strict=True))):
        same = _equal(order[:start], values[:start])
        first = order[start]
        if values[start] is None:
            if first.nulls_first:
                ranges.append(same & Q(IsNull(first.expression, False)))
            continue
        operator = "<" if first.descending else ">"
        expressions = [part.expression for part in order[start:stop]]
        ranges.append(same & Q(Compare(expressions, operator, values[start:stop])))
        if first.nullable and not first.nulls_first:
            ranges.append(same & Q(IsNull(first.expression, True)))
    return ranges


def _equal(order: Sequence[Part], values: Sequence[Any]) -> Q:
    same = Q()
    for part, value in zip(order, values, strict=True):
        same &= Q(IsNull(part.expression, True)) if value is None else Q(Compare([part.expression], "=", [value]))
    return same


def _parts(rows: QuerySet, given: Any, prefix: str = "", *, turned: bool = False) -> list[Part]:
    if isinstance(given, str):
        name = prefix + given.lstrip("-")
        descending = given.startswith("-") != turned
        field = None if name in rows.query.annotations else _field(rows.model, name)
        last = name.rpartition(LOOKUP_SEP)[2]
        if field is not None and field.is_relation and last not in ("pk", field.attname):
            # As Django does: a relation is sorted as its model is.
            related = field.related_model._meta.ordering or ["pk"]
            nested = [_parts(rows, each, f"{name}{LOOKUP_SEP}", turned=descending) for each in related]
            return [part for parts in nested for part in parts]
        return [Part(F(name), descending, _nullable(rows, name), descending)]
    descending = turned
    nulls_first = None
    expression = given
    if isinstance(given, OrderBy):
        expression, descending = given.expression, given.descending != turned
        nulls_first = given.nulls_first or (False if given.nulls_last else None)
    nullable = any(_nullable(rows, name) for name in _names(expression))
    return [Part(expression, descending, nullable, descending if nulls_first is None else nulls_first)]


def _names(expression: Any) -> list[str]:
    if name := name_of(expression):
        return [name]
    if isinstance(expression, Combinable) and hasattr(expression, "get_source_expressions"):
        return [name for source in expression.get_source_expressions() if source for name in _names(source)]
    return []


def name_of(expression: Any) -> str | None:
    """Of a column, or None where it is another expression."""
    return getattr(expression, "name", None) if isinstance(expression, F) else None


def _field(model: Any, name: str) -> Any:
    """The last field of `campaign__name`, or None where it is no path of fields."""
    field = None
    for step in name.split(LOOKUP_SEP):
        meta = (field.related_model if field is not None else model)._meta
        field = next((each for each in meta.concrete_fields if step in (each.name, each.attname)), None)
        if step == "pk":
            field = meta.pk
        if field is None:
            return None
    return field


def _nullable(rows: QuerySet, name: str) -> bool:
    if name in rows.query.annotations:
        return getattr(rows.query.annotations[name], "empty_result_set_value", None) is None
    steps = name.split(LOOKUP_SEP)
    fields = [_field(rows.model, LOOKUP_SEP.join(steps[: count + 1])) for count in range(len(steps))]
    return any(field is None or field.null for field in fields)


def _is_key(rows: QuerySet, part: Part, key: str) -> bool:
    """Whether the part alone tells rows apart."""
    names = {key} if key != "pk" else {"pk", rows.model._meta.pk.name, rows.model._meta.pk.attname}
    return name_of(part.expression) in names
