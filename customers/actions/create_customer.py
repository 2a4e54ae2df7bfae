"""Creates a customer by hand. (Shops do it through `upsert.py`, by publishing or under their own id of the customer.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from config.actor import Actor
from config.staff.audit import record
from customers.models import Customer


class SourceIdTaken(Exception):
    """Another customer already has this source_id."""

    def __init__(self, source_id: str) -> None:
        super().__init__(f"Another customer already has the source ID “{source_id}”.")
        self.source_id = source_id


def create_customer(fields: Mapping[str, Any], *, by: Actor) -> Customer:
    """`fields` are clean columns of Customer; a source_id of "" counts as none.

    Unlike an upsert, this refuses a known source_id: a form for new customers must not overwrite an existing one.
    Raises SourceIdTaken.
    """
    values = dict(fields)
    values["source_id"] = values.get("source_id") or None
    try:
        with transaction.atomic():
            customer = Customer.objects.create(**values)
            record("customer.created", by=by, object_id=customer.public_id)
    except IntegrityError as refused:
        raise_if_taken(refused, values["source_id"])
        raise
    return customer


def raise_if_taken(refused: IntegrityError, source_id: str | None) -> None:
    """Raises SourceIdTaken if that is why the database refused. Only the database can tell while others write."""
    if source_id and "customer_source_id_unique" in str(refused):
        raise SourceIdTaken(source_id) from None
