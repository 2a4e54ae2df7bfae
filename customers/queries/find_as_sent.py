"""Finds the customer that a caller means, without changing anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from customers.actions.upsert import InvalidCustomer, clean_customer, find_customer
from customers.models import Customer


def find_as_sent(as_sent: Mapping[str, Any]) -> Customer | None:
    """The customer that `upsert_customer()` would update; None if it would create one.

    Raises CustomerNotFound (an unknown `id`) and InvalidCustomer (a field that cannot be stored).
    """
    source_id = clean_customer(as_sent).get("source_id")
    if reference := as_sent.get("id"):
        if not isinstance(reference, str):
            raise InvalidCustomer("id", "must be a string")
        return find_customer(reference)
    return Customer.objects.live().filter(source_id=source_id).first() if source_id else None
