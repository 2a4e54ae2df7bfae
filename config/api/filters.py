"""What a query string asks of a list: `filters[field][conditions][$op]=value`, joined by `filters[junction]`; the short
form `field=value`; and nothing that the list does not know, which would be a list of everything.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from django.db.models import Q
from django.http import QueryDict
from pydantic import BaseModel

from config.api.conditions import ANY_KEY, Condition, Field, InvalidCondition, join
from config.api.door import invalid_query
from config.api.queries import UNSET, read_values, times, unpack

# The key of metadata may be any text; other names have no more than a dot.
CONDITION = re.compile(r"filters\[([\w.]+|metadata\..+?)\](?:\[conditions\])?\[(\$?\w+)\](?:\[\d*\])?", re.DOTALL)
MOST_KEYS = 20  # of metadata: each is looked up by itself

PAGING = {"limit", "page", "order", "starting_after", "starting_after_id"}  # harmless where a list has no use for it
NO_FIELDS: Mapping[str, Field] = {}


def what_is_asked(
    query: QueryDict,
    known: type[BaseModel],
    fields: Mapping[str, Field] = NO_FIELDS,
    *,
    moments: Collection[str] = (),
    arrays: Collection[str] = (),
) -> Q:
    """Filters, their short forms and `created_at[before]` as one Q. `known`: the parameters that the list reads itself,
    as it does `arrays`. Raises `invalid_query` for any other but a cache buster (`_=…`), or one that the SDK left unset.
    """
    short = shortcuts(known, fields, arrays)
    forms = [
        *(re.escape(name) for name in {*known.model_fields, *PAGING}),
        *(rf"{re.escape(name)}(\[\d*\])?" for name in (*arrays, *short)),
        *(rf"(\[{name}\]|{name})\[(before|after)\]" for name in moments),
        r"_.*",
        *([r"\[?filters.*"] if fields else []),
    ]
    takes = re.compile("|".join(forms), re.DOTALL)
    for name, sent in query.lists():
        if not takes.fullmatch(name) and set(sent) != {UNSET}:
            names = [*known.model_fields, *arrays, *short, *moments, *(["filters"] if fields else [])]
            raise invalid_query(f"{name[:80]}: this list has no such parameter; available: {', '.join(names)}")
        if sent == [""] and name not in PAGING and not name.startswith(("_", "filters", "[filters")):
            raise invalid_query(f"{name}: needs a value; leave it out if you do not want to filter by it")
    found = times(query, *moments) & filters_of(query, fields)
    for name in short:
        if values := [value for value in read_values(query, name) if value != UNSET]:
            try:
                found &= fields[name].q(Condition(name, "$is", values))
            except InvalidCondition as wrong:
                raise invalid_query(f"{name}: {wrong.message}") from None
    return found


def shortcuts(known: type[BaseModel], fields: Mapping[str, Field], arrays: Collection[str] = ()) -> list[str]:
    """The fields whose name alone is a parameter: `customer_id=…` is `filters[customer_id][conditions][$is]=…`."""
    taken = {*known.model_fields, *arrays, ANY_KEY}
    return [name for name, field in fields.items() if "$is" in field.ops and name not in taken]


def are_asked(query: QueryDict) -> bool:
    return any(name.startswith(("filters[", "[filters][")) for name in query)


def filters_of(query: QueryDict, fields: Mapping[str, Field]) -> Q:
    """All filters of the query string as one Q. Raises `invalid_query` for a field or operator that is not known."""
    junction = "and"
    found: dict[tuple[str, str], list[str]] = {}
    for sent_name in query:
        # As Voucherify's guide prints it.
        name = f"filters{sent_name[9:]}" if sent_name.startswith("[filters]") else sent_name
        if not name.startswith("filters"):
            continue
        sent = [value for value in query.getlist(sent_name) if value != UNSET]
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
    if sum(field.startswith("metadata.") for field, _ in found) > MOST_KEYS:
        raise invalid_query(f"filters: can use at most {MOST_KEYS} metadata keys")
    try:
        return join((Condition(*key, values) for key, values in found.items()), fields, junction=junction)
    except InvalidCondition as wrong:
        where = f"filters[{wrong.field}]" + (f"[conditions][{wrong.op}]" if wrong.op else "")
        raise invalid_query(f"{where}: {wrong.message}") from None
