"""The filters of a query string: `filters[field][conditions][$op]=value`, joined by `filters[junction]`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.db.models import Q
from django.http import QueryDict

from config.api import invalid_query
from config.api_queries import UNSET, unpack
from config.conditions import Condition, Field, InvalidCondition, join

CONDITION = re.compile(r"filters\[(\w+)\](?:\[conditions\])?\[(\$?\w+)\](?:\[\d*\])?")


def filters_of(query: QueryDict, fields: Mapping[str, Field]) -> Q:
    """All filters of the query string as one Q. Raises `invalid_query` for a field or operator that is not known."""
    junction = "and"
    found: dict[tuple[str, str], list[str]] = {}
    for name in query:
        if not name.startswith("filters"):
            continue
        sent = [value for value in query.getlist(name) if value != UNSET]
        if not sent:
            continue
        if name == "filters[junction]":
            junction = sent[-1]
            continue
        match = CONDITION.fullmatch(name)
        if not match:
            raise invalid_query(f"{name}: write filters[field][conditions][$operator]=value")
        field, op = match.groups()
        found.setdefault((field, op), []).extend(value for text in sent for value in unpack(text))
    try:
        return join((Condition(*key, values) for key, values in found.items()), fields, junction=junction)
    except InvalidCondition as wrong:
        where = f"filters[{wrong.field}]" + (f"[conditions][{wrong.op}]" if wrong.op else "")
        raise invalid_query(f"{where}: {wrong.message}") from None
