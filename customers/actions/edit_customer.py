"""Changes an existing customer, by hand or through the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from config.actor import Actor
from config.staff.audit import record
from customers.actions.create_customer import raise_if_taken
from customers.actions.upsert import merged_changes
from customers.models import Customer


class CustomerChanged(Exception):
    """In the meantime the customer was erased, or got another source_id, which never changes again."""


def edit_customer(customer: Customer, changes: Mapping[str, Any], *, merge: bool = False, by: Actor) -> Customer:
    """Writes only the columns in `changes`, so that whatever else a shop has just sent stays.

    `changes` holds clean columns; a source_id can be set while there is none. With `merge`, address and metadata are
    extended key by key, and values the customer already has are not written. Raises SourceIdTaken and CustomerChanged.
    """
    if merge:
        changes = merged_changes(customer, changes)
    if not changes:
        return customer
    rows = Customer.objects.live().filter(pk=customer.pk)
    if "source_id" in changes:
        rows = rows.filter(source_id=None)
    try:
        with transaction.atomic():
            if not rows.update(**changes, updated_at=Now()):
                raise CustomerChanged("Someone else has changed this customer in the meantime. Reload the page.")
            record("customer.edited", by=by, object_id=customer.public_id, fields=sorted(changes))
    except IntegrityError as refused:
        raise_if_taken(refused, changes.get("source_id"))
        raise
    customer.refresh_from_db()
    return customer
