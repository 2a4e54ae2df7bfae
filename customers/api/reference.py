"""What the API's reference says of the operations of customers."""

from __future__ import annotations

from config.api.examples import Example
from config.api.lists import ListQuery, filters, moments, shortcuts, values
from config.api.openapi import describe, in_path, in_query
from customers.api import customers as api
from customers.api import events as api_events
from customers.api import segments as api_segments
from customers.api.schemas import Customer, CustomerList, Event, Segment, SegmentList, SegmentsOfCustomer

in_path("customer_id", "A customer's `cust_…` id or source_id.", "12344")

in_query(
    email="An e-mail address, whole, in any case.",
    name="A name, whole, in any case.",
    city="The city of the address, exactly.",
    segment_id="Those of a segment (`seg_…`).",
)

ERLICH = {
    "source_id": "12344",
    "name": "Erlich Bachman",
    "email": "erlich@example.com",
    "address": {"city": "Kyiv", "country": "UA"},
    "metadata": {"lang": "en"},
}

describe(
    api.create_customer,
    "Create or update a customer",
    answers=Customer,
    refuses="not_found",
    examples=[Example("A customer of the shop", ERLICH)],
)
describe(
    api.list_customers,
    "List customers",
    answers=CustomerList,
    refuses="not_found",
    orders=api.ORDERS,
    parameters=moments("created_at", "updated_at"),
    examples=[Example("By e-mail", query={"email": "erlich@example.com"})],
)
describe(api.get_customer, "Get a customer", answers=Customer)

# ---- segments and events

in_path("segment_id", "A segment's id.", "seg_Tz5RkWq8Lb1NcX4v")

describe(
    api_segments.post_segment,
    "Create a segment",
    answers=Segment,
    refuses="duplicate_found not_found",
    examples=[
        Example("Chosen one by one", {"name": "Testers", "type": "static", "customers": ["12344"]}),
        Example(
            "By a filter",
            {
                "name": "At example.com",
                "type": "auto-update",
                "filter": {"email": {"conditions": {"$ends_with": ["@example.com"]}}},
            },
        ),
    ],
)
describe(
    api_segments.list_segments,
    "List segments",
    answers=SegmentList,
    orders=api_segments.ORDERS,
    parameters=[
        values("ids", "Ids of segments (`seg_…`)."),
        filters(api_segments.FILTERS),
        *shortcuts(api_segments.FILTERS, ListQuery),
    ],
)
describe(api_segments.get_segment, "Get a segment", answers=Segment)
describe(api_segments.remove_segment, "Delete a segment", answers={204: None}, refuses="resource_in_use")
describe(api_segments.list_segments_of_customer, "List the segments of a customer", answers=SegmentsOfCustomer)
describe(
    api_events.post_event,
    "Track an event",
    answers=Event,
    refuses="not_found",
    examples=[
        Example(
            "A page was viewed",
            {"event": "page_viewed", "customer": {"source_id": "12344"}, "metadata": {"page": "/autumn"}},
        )
    ],
)
