"""Records what a customer did, under the shop's own name for it (docs/api.md: events)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from psycopg.types.json import Jsonb

from config.actor import Actor
from config.api.actions.idempotency import NOT_ONCE, Once, keeping
from config.events.note import noting
from config.metadata import check_metadata
from customers.actions.upsert import CustomerNotFound, upsert_customer
from customers.models import Event

LONGEST_NAME = 300
EVENT_TRACKED = "customer.event"

# The customer is locked until the commit: whoever erases them waits, and then removes this event too.
INSERT = f"""
WITH customer AS MATERIALIZED (
    SELECT c.id FROM customers_customer c WHERE c.id = %(customer)s AND c.erased_at IS NULL FOR KEY SHARE
), made AS (
    INSERT INTO customers_event (customer_id, name, metadata, actor_kind, actor_id, actor_label)
    SELECT customer.id, %(name)s, %(metadata)s, %(actor_kind)s, %(actor_id)s, %(actor_label)s FROM customer
    RETURNING id, created_at
), noted AS (
    {noting(EVENT_TRACKED, of="made")}
), kept AS (
    {keeping("(SELECT id FROM made)")}
)
SELECT id, created_at FROM made
"""  # noqa: S608 - our own constants


class InvalidEvent(ValueError):
    """The event cannot be stored; the message names the field and what was expected."""


def track_event(
    name: str, customer: Mapping[str, Any], *, metadata: dict | None = None, by: Actor, once: Once | None = None
) -> Event:
    """`customer`: the fields as sent, found, updated or created as by `upsert_customer`; the event has it set.

    Raises InvalidEvent, MetadataRefused, InvalidCustomer and CustomerNotFound (an unknown `id`, or erased meanwhile);
    then nothing is kept, nor a customer created.
    """
    if not name or len(name) > LONGEST_NAME:
        raise InvalidEvent(f"event: must have 1 to {LONGEST_NAME} characters; this has {len(name)}")
    if "\x00" in name:
        raise InvalidEvent("event: must not contain a NUL character")
    metadata = check_metadata(metadata)
    with transaction.atomic():
        who = upsert_customer(customer)
        values: dict[str, Any] = {
            "customer": who.pk, "name": name, "metadata": Jsonb(metadata), "actor_kind": by.kind, "actor_id": by.id,
            "actor_label": by.label, **(once.values() if once else NOT_ONCE),
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(INSERT, values)
            row = cursor.fetchone()
        if not row:
            raise CustomerNotFound(who.public_id)
    key, created_at = row
    return Event(
        id=key, customer=who, name=name, metadata=metadata, created_at=created_at,
        actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
    )  # fmt: skip
