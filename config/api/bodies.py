"""The request bodies of the API: JSON, read strictly."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from django.http import HttpRequest
from ninja.parser import Parser
from pydantic import BaseModel, ConfigDict, Field

from config.api.door import ApiError, invalid_payload
from config.api.limits.upload_limit import takes_array
from config.metadata import depth_of

T = TypeVar("T")
LARGEST_INTEGER = 2**63 - 1
LONGEST_NUMBER = 400  # characters; more is no number that a shop has
# Of one body, whatever its shape: what is read costs a hundred times the bytes that were sent.
MOST_PARTS = 250_000  # objects and arrays
MOST_VALUES = 1_000_000
MOST_ROWS = 50_000  # of an array that is imported
# npm @voucherify/sdk 3 sends how many codes a campaign is to get as the body itself (its own tests do).
TAKES_COUNT = ">/vouchers"
MAX_DEPTH = 100  # levels: what is behind this walks through a body by recursion
TOO_DEEP = "The body is nested too deeply."


class Sent(BaseModel):
    """What callers send, without conversion: no "2" for a number. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, use_attribute_docstrings=True)


def array_of(kind: type[T], *, most: int) -> Any:
    """The type of an array in a body. Reading stops at the first wrong element: a report on each of three million
    took minutes and gigabytes."""
    return Annotated[list[kind], Field(max_length=most, fail_fast=True)]


class StrictParser(Parser):
    """Reads a JSON body, and refuses what different parts of a system could read differently."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any] | list[Any] | int | None:  # type: ignore[override]
        """None if there is no body: an operation that needs one then asks for it."""
        kind = request.content_type
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise ApiError(
                415,
                "unsupported_media_type",
                "Unsupported media type",
                f"The body is {kind}; send JSON with the header Content-Type: application/json.",
            )
        body = request.body
        if body.count(b"{") + body.count(b"[") > MOST_PARTS or body.count(b",") > MOST_VALUES:
            raise invalid_payload(
                f"The body is too complex: at most {MOST_PARTS:,} objects and arrays, and {MOST_VALUES:,} values. "
                "Send it in several calls, or as a CSV file."
            )
        try:
            value = json.loads(
                body.decode(),
                object_pairs_hook=_object,
                parse_int=_integer,
                parse_float=_float,
                parse_constant=_refuse_constant,
            )
        except UnicodeDecodeError:
            raise invalid_payload("The body is not UTF-8.") from None
        except json.JSONDecodeError as problem:
            raise invalid_payload(
                f"The body is not JSON: {problem.msg} (line {problem.lineno}, column {problem.colno})."
            ) from None
        except RecursionError:
            raise invalid_payload(TOO_DEEP) from None
        if body.count(b"{") + body.count(b"[") > MAX_DEPTH and depth_of(value) > MAX_DEPTH:
            raise invalid_payload(TOO_DEEP)
        if (value := _as_wanted(value, request)) is None:
            return None
        if b"\\u" in body:  # only an escape can hide these two
            _refuse_unstorable(value)
        return value


def _as_wanted(value: Any, request: HttpRequest) -> Any:
    """The object or array that the operation takes; None where nothing is said. Official clients have bodies of their own."""
    route = request.resolver_match.route  # type: ignore[union-attr]  # an operation is running: it was resolved
    wanted, called = (list, "array") if takes_array(route) else (dict, "object")
    # npm voucherify up to 5 sends both
    if wanted is dict and (value is None or _is_tracking_id(value, request.GET.get("tracking_id"))):
        return None
    if not isinstance(value, wanted) and not (type(value) is int and route.endswith(TAKES_COUNT)):
        raise invalid_payload(f"The body must be a JSON {called}.")
    return value


def _is_tracking_id(value: Any, sent: str | None) -> bool:
    """Whether the body is the tracking_id of the query once more (where that client escapes it twice)."""
    return isinstance(value, str) and sent in (value, quote(value, safe="!~*'()", errors="replace"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                shown = name[:100].encode(errors="replace").decode()  # half a character cannot be answered with
                raise invalid_payload(f"{shown}: appears twice in the same object.")
            seen.add(name)
    return found


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -LARGEST_INTEGER <= (number := int(digits)) <= LARGEST_INTEGER:
        raise invalid_payload(f"The body contains the number {digits[:30]}…, which is larger than 64 bits.")
    return number


def _float(digits: str) -> float:
    if len(digits) > LONGEST_NUMBER or math.isinf(number := float(digits)):
        raise invalid_payload(
            f"The body contains the number {digits[:30]}{'…' if len(digits) > 30 else ''}, which is too large."
        )
    return number


def _refuse_constant(name: str) -> None:
    raise invalid_payload(f"The body contains {name}, which is not JSON.")


def _refuse_unstorable(body: dict[str, Any] | list[Any]) -> None:
    """PostgreSQL can store neither a NUL nor half a character, in text or jsonb."""
    left: list[tuple[str, Any]] = [("", body)]
    while left:
        path, value = left.pop()
        if isinstance(value, str):
            if "\x00" in value:
                raise invalid_payload(f"{path}: contains a NUL character (\\u0000), which cannot be stored.")
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise invalid_payload(f"{path}: contains half a character (a lone surrogate), which cannot be stored.")
        elif isinstance(value, dict):
            for name, child in value.items():
                inside = f"{path}.{name}" if path else name
                left += [(_printable(inside), name), (_printable(inside), child)]
        elif isinstance(value, list):
            left += [(f"{path}[{at}]", child) for at, child in enumerate(value)]


def _printable(text: str) -> str:
    return text[:100].encode(errors="replace").decode().replace("\x00", "?")
