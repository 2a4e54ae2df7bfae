"""The API of customers: change one that is known, import many. Deleting one is in publications/api."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, File, UploadedFile
from pydantic import BaseModel, ConfigDict

from config.api.auth import MAY_ALL, caller
from config.api.bodies import MOST_ROWS, array_of
from config.api.door import ApiError, as_api_error, invalid_payload
from config.api.started import started
from config.imports.csv.uploads import NotCsv
from config.imports.limit_uploads import TooManyUploads
from config.imports.order_import import NothingToImport
from customers.actions.edit_customer import CustomerChanged, edit_customer
from customers.actions.order_customer_import import order_customer_import, order_import_of_customers
from customers.actions.upsert import clean_customer, find_customer
from customers.api.answers import customer_answer
from customers.api.customers import CustomerSent, given, router


class CustomerUpdateSent(BaseModel):
    """The body of PUT /v1/customers/{id}. What is not in it stays, and so does `source_id`. `null` clears the
    address or a part of it, and counts as not given elsewhere."""

    model_config = ConfigDict(strict=True)

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    description: str | None = None
    birthdate: str | None = None
    birthday: str | None = None
    address: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


@router.put("/{customer_id}", auth=MAY_ALL)
def put_customer(request: HttpRequest, customer_id: str, sent: CustomerUpdateSent):
    """By `cust_…` id or source_id. Address and metadata are added to key by key."""
    customer, changes = find_customer(customer_id), clean_customer(given(sent))
    return customer_answer(edit_customer(customer, changes, merge=True, by=caller(request)))


@router.post("/importCSV", auth=MAY_ALL, response={202: dict})
def import_customers_from_file(request: HttpRequest, file: Annotated[UploadedFile, File()]):
    return started(order_customer_import(file, by=caller(request)))


@router.post("/bulk/async", auth=MAY_ALL, response={202: dict})
def put_many_customers(request: HttpRequest, sent: Annotated[array_of(CustomerSent, most=MOST_ROWS), Body()]):
    """Creates those whose `source_id` is not known and updates the others. An empty text changes nothing here."""
    customers = [customer.model_dump(exclude_none=True) for customer in sent]
    return started(order_import_of_customers(customers, by=caller(request)))


@as_api_error.register
def _(problem: CustomerChanged) -> ApiError:
    return ApiError(404, "not_found", "Resource not found", "This customer was erased meanwhile.")


@as_api_error.register
def _(problem: NotCsv) -> ApiError:
    return invalid_payload(f"file: {problem}")


@as_api_error.register
def _(problem: TooManyUploads) -> ApiError:
    return ApiError(429, "too_many_requests", "Too many requests", str(problem), headers={"Retry-After": "600"})


@as_api_error.register
def _(problem: NothingToImport) -> ApiError:
    return invalid_payload("The body holds nothing to import.")
