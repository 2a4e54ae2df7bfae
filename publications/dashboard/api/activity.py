"""The API of what happened to a customer: publications, redemptions and events, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from ninja import Query
from pydantic import BaseModel, ConfigDict, Field

from config.api.auth import MAY_READ, Key
from config.api.door import invalid_query, iso
from config.api.filters import what_is_asked
from config.api.openapi import operation
from config.api.queries import read_time
from config.api.schemas import MAYBE, Answer, Moment, id_of
from config.public_ids import ACTIVITY, CAMPAIGN, key_of, public_id
from customers.actions.upsert import find_customer
from customers.answers import simple_customer_answer
from customers.api.customers import CustomerRef, router
from customers.models import Customer, Event
from publications.answers.answers import listed_answer
from publications.models import Publication
from publications.pages.filters import history
from publications.queries.attach_codes import attach_codes
from publications.redemptions.api.answers import listed_redemptions
from publications.redemptions.models import Redemption
from publications.redemptions.queries.history import with_all_about

ActivityId = id_of("evcus", "evcus_0c150c51730c6b60b1")
# What a redemption is called there, by kind and result.
REDEEMED = {
    ("redemption", "SUCCESS"): "customer.redemption.succeeded",
    ("redemption", "FAILURE"): "customer.redemption.failed",
    ("rollback", "SUCCESS"): "customer.redemption.rollback.succeeded",
    ("rollback", "FAILURE"): "customer.redemption.rollback.failed",
}


class ActivityQuery(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    limit: int = Field(10, ge=1, le=100)
    """Rows per page."""
    order: Literal["-created_at", "created_at"] = "-created_at"
    """A minus sign reverses the order: the newest first."""
    starting_after_id: str | None = None
    """`more_starting_after` of the answer before."""
    start_date: str | None = None
    """From this ISO 8601 time or date on."""
    end_date: str | None = None
    """Until this ISO 8601 time or date."""
    campaign_id: str | None = None
    """What has to do with this campaign (`camp_…`)."""
    type: str | None = None
    """Only this type, such as `customer.redemption.succeeded`."""


class Activity(Answer):
    id: ActivityId
    type: str = Field(examples=["customer.publication.succeeded"])
    data: dict[str, Any] = Field(examples=[{}])
    """The customer, and the publication, redemption or event."""
    created_at: Moment


class ActivityOfCustomer(Answer):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[Activity]
    has_more: bool = Field(examples=[False])
    more_starting_after: ActivityId = MAYBE


class Kind(NamedTuple):
    """`number` is part of the ids, and never changes. `types`: what its rows may be called."""

    number: int
    model: type[Model]
    rows: Callable[[Customer], QuerySet]
    type_of: Callable[[Any], str]
    where: dict[str, Q]
    answer: Callable[[Sequence[Any], Key], list[dict[str, Any]]]
    of_campaigns: bool


def _publications(found: Sequence[Publication], key: Key) -> list[dict[str, Any]]:
    attach_codes(list(found))
    return [{"publication": listed_answer(publication, key)} for publication in found]


def _redemptions(found: Sequence[Redemption], key: Key) -> list[dict[str, Any]]:
    return [{"redemption": answer} for answer in listed_redemptions(found, key)]


def _events(found: Sequence[Event], key: Key) -> list[dict[str, Any]]:
    return [{"custom_event": {"type": event.name, "metadata": event.metadata}} for event in found]


def _of_publication(publication: Publication) -> str:
    failed = publication.result == Publication.Result.FAILURE
    return "customer.publication.failed" if failed else "customer.publication.succeeded"


KINDS = [
    Kind(
        0, Event, lambda customer: Event.objects.filter(customer=customer), lambda event: "customer.custom_event",
        {"customer.custom_event": Q()}, _events, False,
    ),
    Kind(
        1, Publication, lambda customer: history().qs.filter(customer=customer), _of_publication,
        {
            "customer.publication.succeeded": Q(result="SUCCESS"),
            "customer.publication.failed": Q(result="FAILURE"),
        },
        _publications, True,
    ),
    Kind(
        2, Redemption, lambda customer: with_all_about(Redemption.objects.filter(customer=customer)),
        lambda row: REDEEMED[row.kind, row.result],
        {name: Q(kind=kind, result=result) for (kind, result), name in REDEEMED.items()},
        _redemptions, True,
    ),
]  # fmt: skip
TYPES = [name for kind in KINDS for name in kind.where]


class Place(NamedTuple):
    created_at: datetime
    number: int
    key: int


@operation(
    router, "GET", "/{customer_id}/activity", MAY_READ, "List what happened to a customer", answer=ActivityOfCustomer,
)  # fmt: skip
def list_customer_activity(
    request: HttpRequest, customer_id: CustomerRef, query: Annotated[ActivityQuery, Query()]
) -> dict[str, Any]:
    """Publications, redemptions and rollbacks, also failed ones, and the events that were tracked."""
    what_is_asked(request.GET, ActivityQuery)
    customer = find_customer(customer_id)
    if query.type and query.type not in TYPES:
        raise invalid_query(f"type: must be one of {', '.join(TYPES)}")
    after, newest = _place_of(query.starting_after_id), query.order == "-created_at"
    sign = "-" if newest else ""
    asked = _asked(query)
    rows: list[tuple[Place, Kind, Any]] = []
    for kind in KINDS:
        if (query.type and query.type not in kind.where) or (query.campaign_id and not kind.of_campaigns):
            continue
        found = kind.rows(customer).filter(asked, kind.where[query.type] if query.type else Q())
        if after:
            found = found.filter(_beyond(after, kind.number, "lt" if newest else "gt"))
        for row in found.order_by(f"{sign}created_at", f"{sign}pk")[: query.limit + 1]:
            rows.append((Place(row.created_at, kind.number, row.pk), kind, row))
    rows.sort(key=lambda entry: entry[0], reverse=newest)
    page, more = rows[: query.limit], len(rows) > query.limit
    data = _answers(page, customer, request.auth)
    cursor = {"more_starting_after": data[-1]["id"]} if more else {}
    return ActivityOfCustomer.of(data=data, has_more=more, **cursor)


def _asked(query: ActivityQuery) -> Q:
    asked = Q()
    if query.start_date:
        asked &= Q(created_at__gte=read_time(query.start_date, "start_date"))
    if query.end_date:
        asked &= Q(created_at__lte=read_time(query.end_date, "end_date"))
    if query.campaign_id:
        asked &= Q(campaign=key_of(CAMPAIGN, query.campaign_id) or 0)
    return asked


def _place_of(reference: str | None) -> Place | None:
    if not reference:
        return None
    number, key = 0, key_of(ACTIVITY, reference)
    if key is not None:
        key, number = divmod(key, 4)
    kind = next((kind for kind in KINDS if key is not None and kind.number == number), None)
    row = kind and kind.model._default_manager.filter(pk=key).first()
    if not row:
        raise invalid_query("starting_after_id: must be the `more_starting_after` of the answer before")
    return Place(row.created_at, number, row.pk)


def _beyond(after: Place, number: int, way: str) -> Q:
    """Rows of one kind that stand behind that place, in the order of (created_at, kind, key)."""
    same_moment = Q(created_at=after.created_at)
    if number == after.number:
        same_moment &= Q(**{f"pk__{way}": after.key})
    elif (number < after.number) != (way == "lt"):
        same_moment &= Q(pk__isnull=True)
    return Q(**{f"created_at__{way}": after.created_at}) | same_moment


def _answers(page: Sequence[tuple[Place, Kind, Any]], customer: Customer, key: Key) -> list[dict[str, Any]]:
    data: dict[tuple[int, int], dict[str, Any]] = {}
    for kind in KINDS:
        found = [row for _, of, row in page if of is kind]
        for row, answer in zip(found, kind.answer(found, key) if found else [], strict=True):
            data[kind.number, row.pk] = answer
    who = simple_customer_answer(customer)
    return [
        Activity.of(
            id=public_id(ACTIVITY, row.pk * 4 + kind.number),
            type=kind.type_of(row),
            data={"customer": who, **data[kind.number, row.pk]},
            created_at=iso(row.created_at),
        )
        for _, kind, row in page
    ]
