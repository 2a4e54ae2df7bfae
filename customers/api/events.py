"""The API of events: what a customer did, under the shop's own name for it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from config.api.actions.idempotency import Once, answer_once
from config.api.auth import MAY_ALL, caller
from config.api.bodies import Sent
from config.api.door import invalid_payload, refusals
from config.api.examples import Example
from config.api.openapi import operation
from customers.actions.track_event import LONGEST_NAME, InvalidEvent, track_event
from customers.actions.upsert import CustomerNotFound
from customers.answers import CustomerOfEvent, Event
from customers.api.requests import CustomerSent
from customers.models import Event as Row

router = Router(tags=["Events"])


class CodeSent(Sent):
    """The code of a referral program or loyalty card. Events earn nothing in either here, so it is only checked."""

    code: str


class EventSent(Sent):
    event: str = Field(min_length=1, max_length=LONGEST_NAME)
    """Your own name for the event."""
    customer: CustomerSent
    """Created or updated with these fields."""
    referral: CodeSent | None = None
    loyalty: CodeSent | None = None
    metadata: dict[str, Any] | None = None


VIEWED = {"event": "page_viewed", "customer": {"source_id": "12344"}, "metadata": {"page": "/autumn"}}


@operation(
    router, "POST", "", MAY_ALL, "Track an event", answer=Event, refuses="not_found idempotency_key_reused",
    examples=[Example("A page was viewed", VIEWED)],
)  # fmt: skip
def post_event(request: HttpRequest, sent: EventSent) -> dict[str, Any]:
    """Stores the event and creates the customer, or updates them with what is sent."""

    def act(once: Once | None) -> int:
        by = caller(request)
        return track_event(sent.event, sent.customer.given(), metadata=sent.metadata, by=by, once=once).pk

    event = (
        Row.objects.select_related("customer").filter(pk=answer_once(request, act=act, again=lambda row: row)).first()
    )
    if not event:  # it went with its customer
        raise CustomerNotFound(sent.customer.source_id or sent.customer.id or "")
    customer = event.customer
    known = {name: value for name in ("source_id", "name", "email", "metadata") if (value := getattr(customer, name))}
    return Event.of(event, type=event.name, customer=CustomerOfEvent.of(customer, **known))


refusals(
    {
        InvalidEvent: lambda problem: invalid_payload(str(problem)),
    }
)
