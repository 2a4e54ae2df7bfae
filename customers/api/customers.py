"""The API of customers: create or update, get, list."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import F, Q
from django.db.models.functions import Lower
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, model_validator

from config.api.auth import MAY_ALL, MAY_READ
from config.api.door import ApiError, as_api_error, invalid_payload, invalid_query, not_found
from config.api.filters import what_is_asked
from config.api.lists import ListQuery, answer_list
from config.api.queries import read_time
from config.public_ids import CUSTOMER
from customers.actions.upsert import CustomerNotFound, InvalidCustomer, find_customer, upsert_customer
from customers.api.answers import customer_answer, customer_answers
from customers.models import Customer
from customers.segments.queries.find_segments import find_segment, in_segment

router = Router(tags=["Customers"])

ORDERS = {
    "-created_at": ("-created_at", "-pk"),
    "created_at": ("created_at", "pk"),
    "-updated_at": (F("updated_at").desc(nulls_last=True), "-pk"),
    "updated_at": (F("updated_at").asc(nulls_last=True), "pk"),
    "source_id": (F("source_id").asc(nulls_last=True), "pk"),
    "-source_id": (F("source_id").desc(nulls_last=True), "-pk"),
}


class CustomerSent(BaseModel):
    """A customer as callers send it: any of these fields, but one at least. `null` clears the address or a part of it, and
    counts as not given elsewhere."""

    model_config = ConfigDict(strict=True, use_attribute_docstrings=True)

    id: str | None = None
    """`cust_…`, of one that exists."""
    source_id: str | None = None
    """The shop’s own id: who has it is updated, else created."""
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    description: str | None = None
    birthdate: str | None = None
    """As 1990-01-31."""
    birthday: str | None = None
    """The same."""
    address: dict[str, Any] | None = None
    """`city`, `state`, `line_1`, `line_2`, `country`, `postal_code`."""
    metadata: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _says_something(self):
        if not self.model_dump(exclude_none=True):
            raise ValueError(f"must have at least one of {', '.join(type(self).model_fields)}")
        return self

    def given(self) -> dict[str, Any]:
        """As upsert_customer() takes it."""
        return given(self)


def given(sent: BaseModel) -> dict[str, Any]:
    fields = sent.model_dump(exclude_none=True)
    if "address" in sent.model_fields_set:
        fields["address"] = sent.address  # type: ignore[attr-defined]
    return fields


class CustomersQuery(ListQuery):
    email: str | None = None
    name: str | None = None
    city: str | None = None
    segment_id: str | None = None


@router.post("", auth=MAY_ALL)
def create_customer(request: HttpRequest, sent: CustomerSent):
    """Creates the customer, or updates the one that has this `id` or `source_id`."""
    return customer_answer(upsert_customer(sent.given()))


@router.get("", auth=MAY_READ)
def list_customers(request: HttpRequest, query: Annotated[CustomersQuery, Query()]):
    """`name` and `email` are compared whole, in any case. `starting_after` is a customer's id, or a time."""
    asked = what_is_asked(request.GET, CustomersQuery, moments=("created_at", "updated_at"))
    rows = Customer.objects.live().filter(asked)
    if query.segment_id:
        rows = rows.filter(in_segment(find_segment(query.segment_id)))
    for field in ("name", "email"):
        if asked := getattr(query, field):
            rows = rows.alias(**{f"_{field}": Lower(field)}).filter(**{f"_{field}": asked.lower()})
    if query.city:
        rows = rows.filter(address__city=query.city)
    if query.starting_after and not query.starting_after.startswith(f"{CUSTOMER}_"):
        rows = rows.filter(_from_time_on(query))
        query.starting_after = None
    return answer_list(
        rows,
        query,
        name="customers",
        prefix=CUSTOMER,
        orders=ORDERS,
        answer=customer_answers,
    )


@router.get("/{customer_id}", auth=MAY_READ)
def get_customer(request: HttpRequest, customer_id: str):
    """By `cust_…` id or source_id."""
    return customer_answer(find_customer(customer_id))


def _from_time_on(query: CustomersQuery) -> Q:
    """Voucherify pages customers by a time: older ones, or with an ascending `order` newer ones."""
    order = query.order or "-created_at"
    field, beyond = order.lstrip("-"), "lt" if order.startswith("-") else "gt"
    if field == "source_id":
        raise invalid_query("starting_after: goes with an order by created_at or updated_at")
    return Q(**{f"{field}__{beyond}": read_time(query.starting_after or "", "starting_after")})


@as_api_error.register
def _(problem: CustomerNotFound) -> ApiError:
    return not_found("customer", problem.reference)


@as_api_error.register
def _(problem: InvalidCustomer) -> ApiError:
    return invalid_payload(str(problem))
