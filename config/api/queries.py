"""What a query string says beyond single words: times, arrays and nested objects."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Any

from django.db.models import Q
from django.http import QueryDict
from pydantic import BeforeValidator, Strict

from config.api.conditions import TIME_EXPECTED, parse_time_of_address
from config.api.door import invalid_query

UNSET = "None"  # how the Python SDK writes what was not set
DEEPEST = 8
INDEX = re.compile(r"\[\d*+\]")
PLACE = re.compile(r"\d{1,3}")


def read_flag(value: Any) -> Any:
    """`true`, `1`, `false` or `0`; anything else is left as it is, for pydantic to refuse."""
    return (
        {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
        if isinstance(value, str)
        else value
    )


# Not pydantic's own reading of texts, to which "yes" and "on" are true.
Flag = Annotated[bool, Strict(), BeforeValidator(read_flag)]


def times(query: QueryDict, *fields: str) -> Q:
    """The filters `created_at[before]`, `updated_at[after]` and so on; `[created_at][before]`, as some write it, too."""
    found = Q()
    for field in fields:
        for word, lookup in (("before", "lt"), ("after", "gt")):
            name = f"{field}[{word}]"
            if text := query.get(name) or query.get(f"[{field}][{word}]"):
                found &= Q(**{f"{field}__{lookup}": read_time(text, name)})
    return found


def read_time(text: str, name: str) -> datetime:
    """An ISO 8601 time or date in a query string; without a zone it is UTC."""
    moment = parse_time_of_address(text)
    if not moment:
        raise invalid_query(f"{name}: {TIME_EXPECTED}; this is {text[:40]!r}")
    return moment


def read_values(query: QueryDict, name: str) -> list[str]:
    """An array in a query string: `ids=a&ids=b`, `ids[]=a`, `ids[0]=a`, or as the Python SDK sends it."""
    keys = [key for key in query if key == name or (key.startswith(name) and INDEX.fullmatch(key, len(name)))]
    return [value for key in keys for sent in query.getlist(key) for value in unpack(sent)]


def unpack(sent: str) -> list[str]:
    """The Python SDK writes an array into one parameter, as Python prints it: `['a', 'b']`."""
    if sent.startswith(("['", '["')):
        try:
            values = ast.literal_eval(sent)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [sent]
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            return values
    return [sent]


def read_object(query: QueryDict, names: Collection[str]) -> dict[str, Any]:
    """`customer[address][city]=Kyiv&voucher=ABC` -> {"customer": {"address": {"city": "Kyiv"}}, "voucher": "ABC"}.

    Only what begins with one of the names. All values are strings; `[]` and `[0]` make arrays.
    """
    found: dict[str, Any] = {}
    for key in query:
        name, *path = key.replace("][", "[").removesuffix("]").split("[")
        if name not in names or (query[key] == UNSET and name != "metadata"):
            continue
        if len(path) > DEEPEST:
            raise invalid_query(f"{name}: is nested more than {DEEPEST} levels deep")
        holder, last = found, name
        for part in path:
            holder, last = holder.setdefault(last, {}), part
            if not isinstance(holder, dict):
                raise invalid_query(f"{key}: this part of it has a value of its own as well")
        if isinstance(holder.get(last), dict):
            raise invalid_query(f"{key}: has parts of its own as well")
        holder[last] = query.getlist(key) if last == "" else query[key]
    return _with_arrays(found)


def _with_arrays(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if list(value) == [""]:
        return value[""]
    parts = {name: _with_arrays(part) for name, part in value.items()}
    if parts and all(PLACE.fullmatch(name) for name in parts):
        return [parts[name] for name in sorted(parts, key=int)]
    return parts
