"""Calls that may be repeated: an `Idempotency-Key` is kept by the statement that writes, with the row that it wrote.

Nothing of the answer is stored: a repeat is answered from the row, as it is now. (ADR 0039)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from django.db import IntegrityError, connection
from django.http import HttpRequest

from config.api.door import ApiError, refusals

T = TypeVar("T")
LONGEST = 255
ONCE = "idempotent_call_once"  # the unique index


class Once(NamedTuple):
    """Whose key it is, what it is called, and a hash of what was asked."""

    api_key: int
    name: str
    request_hash: bytes

    def values(self) -> dict[str, Any]:
        """For a statement that keeps it."""
        return {"once_key": self.api_key, "once_name": self.name, "once_hash": self.request_hash}


NOT_ONCE: dict[str, Any] = {"once_key": None, "once_name": None, "once_hash": None}


class HappenedBefore(Exception):
    """The same call has already been carried out; it wrote this row."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row}")
        self.row = row


class KeyReused(Exception):
    """The key was already used for a different request."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Idempotency-Key {name!r} was used for another request within the last 24 hours.")


def keeping(row: str) -> str:
    """SQL of a data-modifying CTE's body: keeps the key with the row's id, if there is one. `row` is SQL; null: nothing was
    written. A second one fails at the unique index, and its whole statement with it."""
    return f"""INSERT INTO api_idempotentcall (key_id, name, request_hash, row_id)
    SELECT %(once_key)s::bigint, %(once_name)s::text, %(once_hash)s::bytea, kept.id FROM (SELECT {row} AS id) AS kept
     WHERE %(once_key)s::bigint IS NOT NULL AND kept.id IS NOT NULL"""  # noqa: S608 - our own constants


def find_row(once: Once) -> int | None:
    """The row of the same call, if it was carried out. Raises KeyReused."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_hash, row_id FROM api_idempotentcall WHERE key_id = %s AND name = %s",
            [once.api_key, once.name],
        )
        found = cursor.fetchone()
    if not found:
        return None
    if bytes(found[0]) != once.request_hash:
        raise KeyReused(once.name)
    return found[1]


def refuse_repeat(once: Once | None) -> None:
    """Call it before reporting a refusal, which may be due to the very call that this one repeats. Raises
    HappenedBefore, KeyReused.
    """
    if once and (row := find_row(once)) is not None:
        raise HappenedBefore(row)


def answer_once(request: HttpRequest, *, act: Callable[[Once | None], T], again: Callable[[int], T]) -> T:
    """`act` carries out the call, and its statement stores the key; `again` answers a repeat from the row."""
    once = once_of(request)
    if once is None:
        return act(None)
    try:
        refuse_repeat(once)
        return act(once)
    except HappenedBefore as before:
        return again(before.row)
    except IntegrityError as problem:
        name = getattr(getattr(problem.__cause__, "diag", None), "constraint_name", None)
        row = find_row(once) if name == ONCE else None
        if row is None:
            raise
        return again(row)


def once_of(request: HttpRequest) -> Once | None:
    name = request.headers.get("Idempotency-Key")
    if name is None:
        return None
    if not name or len(name) > LONGEST or not name.isprintable():
        raise ApiError(
            400,
            "invalid_request",
            "Invalid request",
            f"The header Idempotency-Key must have 1 to {LONGEST} printable characters.",
        )
    body = json.loads(request.body) if request.body else None
    asked = [request.method, request.path_info, sorted(request.GET.lists()), body]
    return Once(request.auth.pk, name, hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest())


refusals({KeyReused: lambda problem: ApiError(409, "idempotency_key_reused", "Idempotency key reused", str(problem))})
