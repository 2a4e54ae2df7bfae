"""Changes a customer that is known, by hand or by a call."""

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
    """Meanwhile the customer was erased, or was given another source_id, which never changes again."""


def edit_customer(customer: Customer, changes: Mapping[str, Any], *, merge: bool = False, by: Actor) -> Customer:
    """Writes the columns in `changes` and no other, so that what a shop has just sent about the rest stays.

    `changes` holds clean columns; a source_id may be set while there is none. With `merge`, address and metadata are
    added to key by key, and what the customer has already is not written. Raises SourceIdTaken and CustomerChanged.
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
