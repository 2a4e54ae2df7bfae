"""The API of customers: bulk imports. Operations that need a customer's redemptions are in publications/dashboard/api."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, File, Router, UploadedFile
from pydantic import Field

from config.api.auth import MAY_ALL, caller
from config.api.bodies import MOST_ROWS, Sent, array_of
from config.api.door import ApiError, invalid_payload, not_found, refusals
from config.api.examples import Example
from config.api.openapi import operation, path_parameter
from config.api.started import Started, started
from config.imports.csv.uploads import NotCsv
from config.imports.limit_uploads import TooManyUploads
from config.imports.order_import import NothingToImport
from config.metadata import check_metadata
from customers.actions.edit_customer import CustomerChanged
from customers.actions.order_customer_import import order_customer_import, order_import_of_customers
from customers.actions.upsert import CustomerNotFound, InvalidCustomer
from customers.api.requests import CustomerSent

router = Router(tags=["Customers"])

CustomerRef = path_parameter("A customer's `cust_…` id or source_id.", "12344")


@operation(
    router, "POST", "/importCSV", MAY_ALL, "Import customers from a CSV file", answer={202: Started},
    examples=[Example("A file of customers", file="customers.csv")],
)  # fmt: skip
def import_customers_from_file(request: HttpRequest, file: Annotated[UploadedFile, File()]) -> dict[str, Any]:
    return started(order_customer_import(file, by=caller(request)))


@operation(
    router, "POST", "/bulk/async", MAY_ALL, "Create or update many customers", answer={202: Started},
    examples=[
        Example(
            "Two customers", [{"source_id": "12344", "name": "Erlich"}, {"source_id": "12345", "name": "Jian-Yang"}]
        )
    ],
)  # fmt: skip
def put_many_customers(
    request: HttpRequest, sent: Annotated[array_of(CustomerSent, most=MOST_ROWS), Body()]
) -> dict[str, Any]:
    """Creates customers whose `source_id` is unknown and updates the others. An empty text changes nothing here."""
    customers = [customer.model_dump(exclude_none=True) for customer in sent]
    return started(order_import_of_customers(customers, by=caller(request)))


class MetadataOfCustomers(Sent):
    """The body of POST /v1/customers/metadata/async."""

    source_ids: array_of(str, most=MOST_ROWS) = Field(min_length=1)
    metadata: dict[str, Any]
    """Added to what each customer has, key by key."""


@operation(
    router, "POST", "/metadata/async", MAY_ALL, "Update the metadata of many customers", answer={202: Started},
    examples=[Example("Two customers", {"source_ids": ["12344", "12345"], "metadata": {"lang": "en"}})],
)  # fmt: skip
def update_customers_metadata_in_bulk(request: HttpRequest, sent: MetadataOfCustomers) -> dict[str, Any]:
    """Adds the same metadata to all of them. Customers whose `source_id` is unknown are created, as on Voucherify."""
    check_metadata(sent.metadata)
    known = dict.fromkeys(sent.source_ids)
    customers = [{"source_id": source_id, "metadata": sent.metadata} for source_id in known]
    return started(order_import_of_customers(customers, by=caller(request)))


refusals(
    {
        CustomerNotFound: lambda problem: not_found("customer", problem.reference),
        InvalidCustomer: lambda problem: invalid_payload(str(problem)),
        CustomerChanged: lambda problem: ApiError(
            404, "not_found", "Resource not found", "This customer has been erased in the meantime."
        ),
        NotCsv: lambda problem: invalid_payload(f"file: {problem}"),
        TooManyUploads: lambda problem: ApiError(
            429, "too_many_requests", "Too many requests", str(problem), headers={"Retry-After": "600"}
        ),
        NothingToImport: lambda problem: invalid_payload("The body contains nothing to import."),
    }
)
