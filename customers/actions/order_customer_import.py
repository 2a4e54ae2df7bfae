"""Orders an import of customers. import_customers.py runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files import File
from procrastinate.contrib.django import app

from config.actor import Actor
from config.imports.order_import import order_import, order_import_of_rows
from customers.actions.upsert import InvalidCustomer
from customers.columns import ADDRESS, FIELDS, IGNORED
from customers.models import CustomerImport


def order_customer_import(upload: File, *, by: Actor) -> CustomerImport:
    """Orders an import of a CSV file. Raises NotCsv if it cannot be read."""
    return order_import(CustomerImport, upload, by=by, fields=FIELDS, ignored=IGNORED, defer=_defer)


def order_import_of_customers(sent: Sequence[Mapping[str, Any]], *, by: Actor) -> CustomerImport:
    """Orders an import of customers as upsert_customer() takes them, each with a source_id. Raises InvalidCustomer and
    NothingToImport.
    """
    for place, customer in enumerate(sent):
        if not customer.get("source_id"):
            raise InvalidCustomer(f"{place}.source_id", "is required")
    return order_import_of_rows(CustomerImport, map(_row, sent), by=by, fields=FIELDS, defer=_defer)


def _row(customer: Mapping[str, Any]) -> dict[str, Any]:
    address = {ADDRESS + part: value for part, value in (customer.get("address") or {}).items()}
    return {**customer, **address, "birthdate": customer.get("birthdate") or customer.get("birthday")}


def _defer(import_id: int) -> None:
    app.configure_task("customers.run_customer_import").defer(import_id=import_id)
