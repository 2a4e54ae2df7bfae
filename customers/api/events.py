"""The API of events: what a customer did, by the shop's own name for it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, ConfigDict, Field

from config.api.auth import MAY_ALL, caller
from config.api.door import ApiError, as_api_error, invalid_payload
from customers.actions.track_event import LONGEST_NAME, InvalidEvent, track_event
from customers.api.customers import CustomerSent
from customers.models import Customer

router = Router(tags=["Events"])


class CodeSent(BaseModel):
    """A referral's or loyalty card's code. Neither program earns by events here, so it is checked and left at that."""

    model_config = ConfigDict(strict=True)

    code: str


class EventSent(BaseModel):
    model_config = ConfigDict(strict=True, use_attribute_docstrings=True)

    event: str = Field(min_length=1, max_length=LONGEST_NAME)
    """The shop’s own name for it."""
    customer: CustomerSent
    """Created, or updated by what is sent."""
    referral: CodeSent | None = None
    loyalty: CodeSent | None = None
    metadata: dict[str, Any] | None = None


@router.post("", auth=MAY_ALL)
def post_event(request: HttpRequest, sent: EventSent):
    """Keeps the event; the customer is created, or updated by what is sent."""
    customer = sent.customer.given()
    event = track_event(sent.event, customer, metadata=sent.metadata, by=caller(request))
    return {
        "object": "event",
        "type": event.name,
        "customer": _customer(event.customer),
        "referral": None,
        "loyalty": None,
        "metadata": event.metadata,
    }


def _customer(customer: Customer) -> dict[str, Any]:
    """As the documents have it in this answer: what is not known is left out."""
    known = {
        "id": customer.public_id,
        "source_id": customer.source_id,
        "name": customer.name or None,
        "email": customer.email or None,
        "metadata": customer.metadata,
        "object": "customer",
    }
    return {name: value for name, value in known.items() if value is not None}


@as_api_error.register
def _(problem: InvalidEvent) -> ApiError:
    return invalid_payload(str(problem))
