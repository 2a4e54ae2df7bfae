"""Lists of the API: pages by number or from a row on, their order, their total (docs/api.md, "Lists")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any

from django.db import OperationalError, connections, transaction
from django.db.models import Q, QuerySet
from psycopg.errors import QueryCanceled
from pydantic import BaseModel, Field

from config.api import ApiError, invalid_query
from config.public_ids import key_of

LAST_PAGE = 1000
# A total is exact up to here; 100,001 says "more". Counting ten million rows for each page would take a second.
COUNTED = 100_000
SECONDS = 10  # that a statement of a filtered list may take
BY_AGE = {"created_at", "id"}  # orders that can be paged from a row on


class ListQuery(BaseModel):
    """The parameters that every list takes."""

    limit: int = Field(10, ge=1, le=100)
    page: int = Field(1, ge=1)
    order: str | None = None
    starting_after: str | None = None  # beyond Voucherify: the id of a row, whose next ones are wanted


def answer_list(
    rows: QuerySet,
    query: ListQuery,
    *,
    name: str,
    prefix: str,
    orders: Mapping[str, tuple[Any, ...]],
    answer: Callable[[list], list[dict]],
    filtered: bool = False,
) -> dict[str, Any]:
    """One page of `rows` as `{"object": "list", "data_ref": name, name: […], "total", "has_more"}`.

    `orders`: what `order` may be -> the ORM's order, which ends with the key, so that no row is on two pages; the
    first one is the default. `answer` turns the page's rows into what is sent. `prefix` is that of the rows' ids.
    `filtered`: by what may have no index; the list is refused when that takes too long.
    """
    if query.page > LAST_PAGE:
        raise ApiError(
            400,
            "page_over_limit",
            "Listing resource above 1000 page is not supported",
            "Property .page cannot be higher than 1000. Page on with starting_after and the id of the last row.",
        )
    order = query.order or next(iter(orders))
    if order not in orders:
        raise invalid_query(f"order: must be one of {', '.join(orders)}")
    with _refused_when_slow(rows.db) if filtered else nullcontext():
        total = rows.order_by().values("pk")[: COUNTED + 1].count()
        page = rows.order_by(*orders[order])
        start = (query.page - 1) * query.limit
        if query.starting_after:
            page, start = page.filter(_after(rows, query.starting_after, order, prefix)), 0
        found = list(page[start : start + query.limit + 1])
    return {
        "object": "list",
        "data_ref": name,
        name: answer(found[: query.limit]),
        "total": total,
        "has_more": len(found) > query.limit,
    }


@contextmanager
def _refused_when_slow(database: str) -> Iterator[None]:
    """Each statement may take so long. A filter that no index serves looks through all rows, and there may be millions."""
    try:
        with transaction.atomic(using=database):
            with connections[database].cursor() as cursor:
                cursor.execute("SELECT set_config('statement_timeout', %s, true)", [f"{SECONDS}s"])
            yield
    except OperationalError as problem:
        if not isinstance(problem.__cause__, QueryCanceled):
            raise
        raise invalid_query(
            f"filters: looking through all rows took more than {SECONDS} seconds. Add what narrows them, such as the campaign."
        ) from None


def _after(rows: QuerySet, reference: str, order: str, prefix: str) -> Q:
    if order.lstrip("-") not in BY_AGE:
        raise invalid_query("starting_after: goes with the orders created_at, -created_at, id and -id only")
    key = key_of(prefix, reference)
    created_at = rows.model.objects.filter(pk=key).values_list("created_at", flat=True).first() if key else None
    if created_at is None:
        raise invalid_query(f"starting_after: there is no {reference}; give the id of the last row of the page before")
    beyond = "lt" if order.startswith("-") else "gt"
    after_key = Q(**{f"pk__{beyond}": key})
    if order.lstrip("-") == "id":
        return after_key
    # The first half is one range of the index, the second sorts out the rows of the same moment.
    return Q(**{f"created_at__{beyond}e": created_at}) & (Q(**{f"created_at__{beyond}": created_at}) | after_key)
