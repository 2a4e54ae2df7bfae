"""The API of segments: create, list, get and delete them, and list a customer's segments."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from config.api import conditions as by
from config.api.auth import MAY_ALL, MAY_READ, caller
from config.api.bodies import MOST_ROWS, Sent, array_of
from config.api.door import ApiError, duplicate_found, invalid_payload, not_found, refusals
from config.api.examples import Example
from config.api.filters import what_is_asked
from config.api.lists import Listing, ListQuery, Values
from config.api.openapi import operation, path_parameter
from config.api.queries import read_values
from config.api.schemas import Answer, Moment, id_of
from config.public_ids import SEGMENT, key_of
from customers.actions.upsert import TEXTS, CustomerNotFound, find_customer
from customers.api.customers import CustomerRef
from customers.segments import models
from customers.segments.actions.create_segment import (
    CustomersNotFound,
    InvalidSegment,
    SegmentNameTaken,
    create_filter_segment,
    create_static_segment,
)
from customers.segments.actions.delete_segment import SegmentInUse, delete_segment
from customers.segments.queries.find_segments import SegmentNotFound, find_segment, segments_for_newcomer, segments_of

router = Router(tags=["Segments"])
of_customers = Router(tags=["Customers"])  # below customers/


class ShortSegment(Answer):
    id: id_of("seg", "seg_Tz5RkWq8Lb1NcX4v")
    name: str = Field(examples=["VIP"])
    object: Literal["segment"]


class Segment(Answer):
    """A group of customers."""

    id: id_of("seg", "seg_Tz5RkWq8Lb1NcX4v")
    name: str = Field(examples=["VIP"])
    created_at: Moment
    type: Literal["static", "auto-update", "passive"]
    filter: dict[str, Any] | None = Field(examples=[None])
    initial_sync_status: Literal["DONE"]  # they are evaluated when they are read
    object: Literal["segment"]


class SegmentsOfCustomer(Answer):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[ShortSegment]
    total: int = Field(examples=[1])


class SegmentSent(Sent):
    """Static with `customers`, or `auto-update` or `passive` with a `filter`."""

    name: str
    """Unique."""
    type: Literal["static", "auto-update", "passive"] | None = None
    """static by default."""
    customers: array_of(str, most=MOST_ROWS) | None = None
    """Ids or source_ids."""
    filter: dict[str, Any] | None = None
    """Conditions, as in list filters."""


SEGMENTS = Listing(
    Segment,
    "data",
    SEGMENT,
    orders={"-created_at": ("-created_at", "-pk"), "created_at": ("created_at", "pk")},
    filters={
        "id": by.public_key("pk", SEGMENT),
        "name": by.text("name"),
        "type": by.text("type"),
        "created_at": by.moment("created_at"),
    },
    arrays={"ids": Values("Ids of segments (`seg_…`).")},
)
SegmentRef = path_parameter("A segment's id.", "seg_Tz5RkWq8Lb1NcX4v")
STATIC = {"name": "Testers", "type": "static", "customers": ["12344"]}
FILTERED = {
    "name": "At example.com",
    "type": "auto-update",
    "filter": {"email": {"conditions": {"$ends_with": ["@example.com"]}}},
}


@operation(
    router, "POST", "", MAY_ALL, "Create a segment", answer=Segment, refuses="duplicate_found not_found",
    examples=[Example("Chosen one by one", STATIC), Example("By a filter", FILTERED)],
)  # fmt: skip
def post_segment(request: HttpRequest, sent: SegmentSent) -> dict[str, Any]:
    if (sent.type or "static") == "static":
        if sent.filter:
            raise invalid_payload(
                "filter: a static segment cannot have one; to use a filter, set type to auto-update or passive"
            )
        return Segment.of(create_static_segment(sent.name, sent.customers or [], by=caller(request)))
    if sent.customers:
        raise invalid_payload(
            f"customers: a segment of type {sent.type} has a filter; to choose customers, set type to static"
        )
    passive = sent.type == "passive"
    return Segment.of(create_filter_segment(sent.name, sent.filter or {}, passive=passive, by=caller(request)))


@operation(router, "GET", "", MAY_READ, "List segments", lists=SEGMENTS)
def list_segments(request: HttpRequest, query: Annotated[ListQuery, Query()]) -> dict[str, Any]:
    rows = models.Segment.objects.filter(SEGMENTS.asked(request))
    if ids := read_values(request.GET, "ids"):
        rows = rows.filter(pk__in=[key_of(SEGMENT, reference) or 0 for reference in ids])
    return SEGMENTS.answer(rows, query, request, lambda found: [Segment.of(segment) for segment in found])


@operation(router, "GET", "/{segment_id}", MAY_READ, "Get a segment", answer=Segment)
def get_segment(request: HttpRequest, segment_id: SegmentRef) -> dict[str, Any]:
    return Segment.of(find_segment(segment_id))


@operation(
    router, "DELETE", "/{segment_id}", MAY_ALL, "Delete a segment", answer={204: None}, refuses="resource_in_use"
)
def remove_segment(request: HttpRequest, segment_id: SegmentRef) -> None:
    if not delete_segment(find_segment(segment_id), by=caller(request)):
        raise SegmentNotFound(segment_id)


@operation(
    of_customers, "GET", "/{customer_id}/segments", MAY_READ, "List the segments of a customer",
    answer=SegmentsOfCustomer,
)  # fmt: skip
def list_segments_of_customer(request: HttpRequest, customer_id: CustomerRef) -> dict[str, Any]:
    """By `cust_…` id or source_id. For an unknown source_id: the segments that such a new customer would be in."""
    what_is_asked(request.GET, BaseModel)
    try:
        found = segments_of(find_customer(customer_id))
    except CustomerNotFound:
        if len(customer_id) > TEXTS["source_id"]:
            raise
        found = segments_for_newcomer(customer_id)
    data = [ShortSegment.of(segment) for segment in found]
    return SegmentsOfCustomer.of(data=data, total=len(data))


refusals(
    {
        SegmentNotFound: lambda problem: not_found("segment", problem.reference),
        SegmentInUse: lambda problem: ApiError(
            409, "resource_in_use", "Resource in use", str(problem), resource_type="segment"
        ),
        InvalidSegment: lambda problem: invalid_payload(str(problem)),
        SegmentNameTaken: lambda problem: duplicate_found("segment", problem.name, "name"),
        CustomersNotFound: lambda problem: ApiError(
            404,
            "not_found",
            "Resource not found",
            str(problem),
            resource_id=problem.references[0],
            resource_type="customer",
        ),
    }
)
