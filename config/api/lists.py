"""Lists of the API: pages by number or from a row on, their order, their total (docs/api.md, "Lists")."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Literal, NamedTuple

from django.db import OperationalError, connections, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from psycopg.errors import QueryCanceled
from pydantic import BaseModel, ConfigDict, Field, create_model

from config.api import conditions as by
from config.api.door import ApiError, invalid_query
from config.api.filters import NO_FIELDS, are_asked, what_is_asked
from config.api.filters import shortcuts as shortcut_names
from config.api.schemas import Listed
from config.postgres.plan_for_values import plan_for_values
from config.public_ids import key_of

LAST_PAGE = 1000
# A total is exact up to here; 100,001 says "more". Counting ten million rows for each page would take a second.
COUNTED = 100_000
SECONDS = 10  # that a statement of a filtered list may take
BY_AGE = {"created_at", "id"}  # orders that can be paged from a row on


class ListQuery(BaseModel):
    """The parameters of every list."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    limit: int = Field(10, ge=1, le=100)
    """Rows per page."""
    page: int = Field(1, ge=1)
    """The page number."""
    order: str | None = None
    """A minus sign reverses the order."""
    starting_after: str | None = None  # beyond Voucherify
    """The id of the last row of the previous page; works with orders by `created_at` and `id`."""


class Values(NamedTuple):
    """A parameter of the query string that can be given several times: what it is, and its possible values."""

    words: str
    choices: Sequence[str] = ()


class Listing(NamedTuple):
    """A list of the API, and what can be asked of it.

    `of`: the schema of a row. `name`: of the array that holds the rows. `prefix`: of their ids. `orders`: what `order` may
    be -> the ORM's order, which ends with the key, so that no row is on two pages; the first one is the default.
    `arrays`: parameters that may be given several times; the operation reads them.
    """

    of: type[BaseModel]
    name: str
    prefix: str
    orders: Mapping[str, tuple[Any, ...]]
    query: type[ListQuery] = ListQuery
    filters: Mapping[str, by.Field] = NO_FIELDS
    moments: Sequence[str] = ()
    arrays: Mapping[str, Values] = {}

    def asked(self, request: HttpRequest) -> Q:
        """What the query string asks for. Raises `invalid_query` for what this list does not know."""
        return what_is_asked(request.GET, self.query, self.filters, moments=self.moments, arrays=self.arrays)

    def answer(
        self, rows: QuerySet, query: ListQuery, request: HttpRequest, answer: Callable[[list], list[dict]]
    ) -> dict[str, Any]:
        """One page of the rows as `{"object": "list", "data_ref": name, name: […], "total", "has_more"}`. `answer` turns the
        page's rows into what is sent. What is filtered by may have no index: refused when that takes too long."""
        if query.page > LAST_PAGE:
            raise ApiError(
                400,
                "page_over_limit",
                "Listing resource above 1000 page is not supported",
                "Property .page cannot be higher than 1000. To continue, use starting_after with the id of the last row.",
            )
        order = query.order or next(iter(self.orders))
        if order not in self.orders:
            raise invalid_query(f"order: must be one of {', '.join(self.orders)}")
        with refused_when_slow(rows.db) if are_asked(request.GET) else nullcontext():
            with plan_for_values():
                total = rows.order_by().values("pk")[: COUNTED + 1].count()
            page = rows.order_by(*self.orders[order])
            start = (query.page - 1) * query.limit
            if query.starting_after:
                page, start = page.filter(_after(rows, query.starting_after, order, self.prefix)), 0
            found = list(page[start : start + query.limit + 1])
        return {
            "object": "list",
            "data_ref": self.name,
            self.name: answer(found[: query.limit]),
            "total": total,
            "has_more": len(found) > query.limit,
        }


@contextmanager
def refused_when_slow(database: str) -> Iterator[None]:
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
            f"filters: searching all rows took more than {SECONDS} seconds. Narrow the search, for example by campaign."
        ) from None


def _after(rows: QuerySet, reference: str, order: str, prefix: str) -> Q:
    if order.lstrip("-") not in BY_AGE:
        raise invalid_query("starting_after: works only with the orders created_at, -created_at, id and -id")
    key = key_of(prefix, reference)
    created_at = rows.model.objects.filter(pk=key).values_list("created_at", flat=True).first() if key else None
    if created_at is None:
        raise invalid_query(
            f"starting_after: {reference} does not exist; use the id of the last row of the previous page"
        )
    beyond = "lt" if order.startswith("-") else "gt"
    after_key = Q(**{f"pk__{beyond}": key})
    if order.lstrip("-") == "id":
        return after_key
    # The first half is one range of the index, the second sorts out the rows of the same moment.
    return Q(**{f"created_at__{beyond}e": created_at}) & (Q(**{f"created_at__{beyond}": created_at}) | after_key)


def list_schema(listing: Listing) -> type[BaseModel]:
    """`CampaignList` of `Campaign`."""
    rows = {"data_ref": (Literal[listing.name], ...), listing.name: (list[listing.of], ...)}  # type: ignore[name-defined]
    return create_model(f"{listing.of.__name__}List", __base__=Listed, **rows)


def list_parameters(listing: Listing) -> list[dict[str, Any]]:
    """The list's parameters besides the fields of its query model."""
    return [
        *(_array(name, *values) for name, values in listing.arrays.items()),
        *_moments(*listing.moments),
        *([_filters(listing.filters)] if listing.filters else []),
        *_shortcuts(listing.filters, listing.query, listing.arrays),
    ]


def _filters(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The parameter `filters` of a list, of its fields (config.api.conditions.Field)."""
    values = {"type": "array", "items": {"type": "string"}}
    conditions = {
        name: {
            "type": "object",
            "properties": {"conditions": {"type": "object", "properties": dict.fromkeys(field.ops, values)}},
        }
        for name, field in fields.items()
    }
    junction = {"type": "string", "enum": ["and", "or"], "default": "and"}
    return {
        "name": "filters",
        "in": "query",
        "description": "`filters[field][conditions][$operator]=value`, several joined by `filters[junction]`.",
        "style": "deepObject",
        "explode": True,
        "schema": {"type": "object", "properties": {**conditions, "junction": junction}},
    }


def _shortcuts(fields: Mapping[str, Any], known: type[BaseModel], arrays: Collection[str] = ()) -> list[dict[str, Any]]:
    """The parameters of a list that are the name of a filter alone."""
    return [
        {
            "name": name,
            "in": "query",
            "description": f"Short for `filters[{name}][conditions][$is]`.",
            "schema": {"type": "string", "minLength": 1},
        }
        for name in shortcut_names(known, fields, arrays)
    ]


def _moments(*names: str) -> list[dict[str, Any]]:
    """The parameters `created_at[before]`, `created_at[after]` and so on."""
    edge = {"type": "string", "format": "date-time"}
    return [
        {
            "name": name,
            "in": "query",
            "description": f"`{name}[before]` and `{name}[after]`: ISO 8601 times or dates.",
            "style": "deepObject",
            "explode": True,
            "schema": {"type": "object", "properties": {"before": edge, "after": edge}},
        }
        for name in names
    ]


def _array(name: str, words: str, choices: Sequence[str]) -> dict[str, Any]:
    items = {"type": "string", "enum": list(choices)} if choices else {"type": "string"}
    return {"name": name, "in": "query", "description": words, "schema": {"type": "array", "items": items}}
