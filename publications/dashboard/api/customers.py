"""The API of customers, who are answered with what they redeemed and whom they referred: create or update, get, list, delete."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import F, Q
from django.db.models.functions import Lower
from django.http import HttpRequest
from ninja import Query

from config.api.auth import MAY_ALL, MAY_READ, caller
from config.api.door import invalid_query
from config.api.examples import Example
from config.api.lists import Listing, ListQuery
from config.api.openapi import operation
from config.api.queries import read_time
from config.public_ids import CUSTOMER
from customers import answers
from customers.actions.edit_customer import edit_customer
from customers.actions.upsert import CustomerNotFound, clean_customer, find_customer, upsert_customer
from customers.api.customers import CustomerRef, router
from customers.api.requests import EXAMPLE, CustomerSent, CustomerUpdateSent
from customers.models import Customer
from customers.segments.queries.find_segments import find_segment, in_segment
from publications.dashboard.erase_customer import erase_customer
from publications.redemptions.customer_answers import customer_answers

ORDERS = {
    "-created_at": ("-created_at", "-pk"),
    "created_at": ("created_at", "pk"),
    "-updated_at": (F("updated_at").desc(nulls_last=True), "-pk"),
    "updated_at": (F("updated_at").asc(nulls_last=True), "pk"),
    "source_id": (F("source_id").asc(nulls_last=True), "pk"),
    "-source_id": (F("source_id").desc(nulls_last=True), "-pk"),
}


class CustomersQuery(ListQuery):
    email: str | None = None
    """A full e-mail address; case is ignored."""
    name: str | None = None
    """A full name; case is ignored."""
    city: str | None = None
    """The exact city of the address."""
    segment_id: str | None = None
    """Only customers in this segment (`seg_…`)."""


CUSTOMERS = Listing(
    answers.Customer, "customers", CUSTOMER, ORDERS, CustomersQuery, moments=("created_at", "updated_at")
)
ERLICH = EXAMPLE | {"address": {"city": "Kyiv", "country": "UA"}, "metadata": {"lang": "en"}}


@operation(
    router, "POST", "", MAY_ALL, "Create or update a customer", answer=answers.Customer, refuses="not_found",
    examples=[Example("A customer of the shop", ERLICH)],
)  # fmt: skip
def create_customer(request: HttpRequest, sent: CustomerSent) -> dict[str, Any]:
    """Creates the customer, or updates the one that has this `id` or `source_id`."""
    return _answer(upsert_customer(sent.given()))


@operation(
    router, "GET", "", MAY_READ, "List customers", lists=CUSTOMERS, refuses="not_found",
    examples=[Example("By e-mail", query={"email": "erlich@example.com"})],
)  # fmt: skip
def list_customers(request: HttpRequest, query: Annotated[CustomersQuery, Query()]) -> dict[str, Any]:
    """`name` and `email` are compared whole, in any case. `starting_after` is a customer's id, or a time."""
    rows = Customer.objects.live().filter(CUSTOMERS.asked(request))
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
    return CUSTOMERS.answer(rows, query, request, customer_answers)


@operation(router, "GET", "/{customer_id}", MAY_READ, "Get a customer", answer=answers.Customer)
def get_customer(request: HttpRequest, customer_id: CustomerRef) -> dict[str, Any]:
    """By `cust_…` id or source_id."""
    return _answer(find_customer(customer_id))


@operation(
    router, "PUT", "/{customer_id}", MAY_ALL, "Change a customer", answer=answers.Customer,
    examples=[Example("A new name", {"name": "Erlich B."})],
)  # fmt: skip
def put_customer(request: HttpRequest, customer_id: CustomerRef, sent: CustomerUpdateSent) -> dict[str, Any]:
    """By `cust_…` id or source_id. Address and metadata are added to key by key."""
    customer, changes = find_customer(customer_id), clean_customer(sent.given())
    return _answer(edit_customer(customer, changes, merge=True, by=caller(request)))


@operation(router, "DELETE", "/{customer_id}", MAY_ALL, "Delete a customer", answer={204: None})
def remove_customer(request: HttpRequest, customer_id: CustomerRef) -> None:
    """Erases the personal data, as the dashboard does. The publications stay, to nobody."""
    if not erase_customer(find_customer(customer_id), by=caller(request)):
        raise CustomerNotFound(customer_id)


def _answer(customer: Customer) -> dict[str, Any]:
    return customer_answers([customer])[0]


def _from_time_on(query: CustomersQuery) -> Q:
    """Voucherify pages customers by a time: older ones, or with an ascending `order` newer ones."""
    order = query.order or "-created_at"
    field, beyond = order.lstrip("-"), "lt" if order.startswith("-") else "gt"
    if field == "source_id":
        raise invalid_query("starting_after: works only with an order by created_at or updated_at")
    return Q(**{f"{field}__{beyond}": read_time(query.starting_after or "", "starting_after")})
