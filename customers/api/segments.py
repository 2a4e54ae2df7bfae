"""The API of segments: create, list, get, delete; and whose segments a customer is in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import BaseModel, ConfigDict

from config.api import conditions as by
from config.api.auth import MAY_ALL, MAY_READ, caller
from config.api.bodies import MOST_ROWS, array_of
from config.api.door import ApiError, as_api_error, invalid_payload, iso, not_found
from config.api.filters import what_is_asked
from config.api.lists import ListQuery, answer_list
from config.api.queries import read_values
from config.public_ids import SEGMENT, key_of
from customers.actions.upsert import TEXTS, CustomerNotFound, find_customer
from customers.api.customers import router as customers
from customers.segments.actions.create_segment import (
    CustomersNotFound,
    InvalidSegment,
    SegmentNameTaken,
    create_filter_segment,
    create_static_segment,
)
from customers.segments.actions.delete_segment import SegmentInUse, delete_segment
from customers.segments.models import Segment
from customers.segments.queries.find_segments import SegmentNotFound, find_segment, segments_for_newcomer, segments_of

router = Router(tags=["Segments"])

ORDERS = {"-created_at": ("-created_at", "-pk"), "created_at": ("created_at", "pk")}
FILTERS = {
    "id": by.public_key("pk", SEGMENT),
    "name": by.text("name"),
    "type": by.text("type"),
    "created_at": by.moment("created_at"),
}


class SegmentSent(BaseModel):
    """Static with `customers`, or `auto-update` or `passive` with a `filter`."""

    model_config = ConfigDict(strict=True, use_attribute_docstrings=True)

    name: str
    """Unique."""
    type: Literal["static", "auto-update", "passive"] | None = None
    """static unless told."""
    customers: array_of(str, most=MOST_ROWS) | None = None
    """Ids or source_ids."""
    filter: dict[str, Any] | None = None
    """Conditions as in the filters of lists."""


@router.post("", auth=MAY_ALL)
def post_segment(request: HttpRequest, sent: SegmentSent):
    if (sent.type or "static") == "static":
        if sent.filter:
            raise invalid_payload("filter: a static segment has none; for a filter set type to auto-update or passive")
        return segment_answer(create_static_segment(sent.name, sent.customers or [], by=caller(request)))
    if sent.customers:
        raise invalid_payload(f"customers: a segment of type {sent.type} has a filter; to pick them set type to static")
    passive = sent.type == "passive"
    return segment_answer(create_filter_segment(sent.name, sent.filter or {}, passive=passive, by=caller(request)))


@router.get("", auth=MAY_READ)
def list_segments(request: HttpRequest, query: Annotated[ListQuery, Query()]):
    rows = Segment.objects.filter(what_is_asked(request.GET, ListQuery, FILTERS, arrays=("ids",)))
    if ids := read_values(request.GET, "ids"):
        rows = rows.filter(pk__in=[key_of(SEGMENT, reference) or 0 for reference in ids])
    return answer_list(rows, query, name="data", prefix=SEGMENT, orders=ORDERS, answer=_answers)


@router.get("/{segment_id}", auth=MAY_READ)
def get_segment(request: HttpRequest, segment_id: str):
    return segment_answer(find_segment(segment_id))


@router.delete("/{segment_id}", auth=MAY_ALL, response={204: None})
def remove_segment(request: HttpRequest, segment_id: str):
    if not delete_segment(find_segment(segment_id), by=caller(request)):
        raise SegmentNotFound(segment_id)
    return Status(204, None)


@customers.get("/{customer_id}/segments", auth=MAY_READ)
def list_segments_of_customer(request: HttpRequest, customer_id: str):
    """By `cust_…` id or source_id. For one that nobody has: the segments that such a customer would be in."""
    what_is_asked(request.GET, BaseModel)
    try:
        found = segments_of(find_customer(customer_id))
    except CustomerNotFound:
        if len(customer_id) > TEXTS["source_id"]:
            raise
        found = segments_for_newcomer(customer_id)
    data = [{"id": segment.public_id, "name": segment.name, "object": "segment"} for segment in found]
    return {"object": "list", "data_ref": "data", "data": data, "total": len(data)}


def segment_answer(segment: Segment) -> dict[str, Any]:
    """Segments are evaluated when they are read, so their first synchronisation is always done."""
    return {
        "id": segment.public_id,
        "name": segment.name,
        "created_at": iso(segment.created_at),
        "type": segment.type,
        "filter": segment.filter,
        "initial_sync_status": "DONE",
        "object": "segment",
    }


def _answers(segments: Iterable[Segment]) -> list[dict[str, Any]]:
    return [segment_answer(segment) for segment in segments]


@as_api_error.register
def _(problem: SegmentNotFound) -> ApiError:
    return not_found("segment", problem.reference)


@as_api_error.register
def _(problem: SegmentInUse) -> ApiError:
    return ApiError(409, "resource_in_use", "Resource in use", str(problem), resource_type="segment")


@as_api_error.register
def _(problem: InvalidSegment) -> ApiError:
    return invalid_payload(str(problem))


@as_api_error.register
def _(problem: SegmentNameTaken) -> ApiError:
    return ApiError(
        409,
        "duplicate_found",
        "Duplicated resource found",
        f"Duplicated segment exists with name {problem.name}",
        resource_id=problem.name,
        resource_type="segment",
    )


@as_api_error.register
def _(problem: CustomersNotFound) -> ApiError:
    return ApiError(
        404,
        "not_found",
        "Resource not found",
        str(problem),
        resource_id=problem.references[0],
        resource_type="customer",
    )
