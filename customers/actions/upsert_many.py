"""Finds, updates or creates many customers at once, as upsert.py does one, with a few statements for all."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from config.advisory_locks import LIMITED_PATIENCE
from config.public_ids import CUSTOMER, key_of
from customers.actions.upsert import (
    COLUMNS,
    CustomerNotFound,
    InvalidCustomer,
    address_of,
    clean_customer,
    merged_changes,
    new_customer,
    update_customer,
    upsert_customer,
)
from customers.models import Customer

Found = Customer | CustomerNotFound | InvalidCustomer

BY_SOURCE_IDS = f"SELECT {COLUMNS} FROM customers_customer c WHERE c.source_id = ANY(%s)"  # noqa: S608
# In the order of all who add several, so that no two wait for each other in a circle; and each wait is a short one.
ADD = f"""
INSERT INTO customers_customer AS c (source_id, name, email, phone, description, birthdate, address, metadata)
SELECT source_id, coalesce(name, ''), coalesce(email, ''), coalesce(phone, ''), coalesce(description, ''), birthdate,
       coalesce(address, '{{}}'), coalesce(metadata, '{{}}')
  FROM json_to_recordset(%s::json) AS added (source_id text, name text, email text, phone text, description text,
                                             birthdate date, address jsonb, metadata jsonb)
 WHERE {LIMITED_PATIENCE} IS NOT NULL
 ORDER BY source_id COLLATE "C"
    ON CONFLICT (source_id) DO NOTHING RETURNING {COLUMNS}"""  # noqa: S608 - our own constants


def upsert_customers(as_sent: Sequence[Mapping[str, Any]]) -> list[Found]:
    """The customer for each, in this order, or why there is none. Not in one transaction: each statement stands on its
    own.

    If a customer appears several times, all their fields are used; the last value of each counts.
    """
    fields = [_clean(one) for one in as_sent]
    _create(given for one, given in zip(as_sent, fields, strict=True) if isinstance(given, dict) and not one.get("id"))
    known = _known(as_sent, fields)
    return [_settle(one, given, known) for one, given in zip(as_sent, fields, strict=True)]


def find_by_source_ids(source_ids: Collection[str]) -> dict[str | None, Customer]:
    """The customers with these source_ids that exist, in one statement."""
    return {customer.source_id: customer for customer in COLUMNS.all(BY_SOURCE_IDS, [list(source_ids)])}


def add_customers(fields: Sequence[Mapping[str, Any]]) -> dict[str | None, Customer]:
    """New customers of clean fields, each with another `source_id`; one statement. Left out are those whose source_id
    somebody else has just taken. Raises OperationalError (55P03) where somebody is about to, and does not get on.
    """
    rows = [{**added, "address": address_of(added)} for added in fields]
    return {customer.source_id: customer for customer in COLUMNS.all(ADD, [json.dumps(rows, default=str)])}


def _clean(one: Mapping[str, Any]) -> dict[str, Any] | InvalidCustomer:
    try:
        return clean_customer(one)
    except InvalidCustomer as problem:
        return problem


def _create(fields: Any) -> None:
    """Those whose source_id nobody has yet. In one order for all, so that of two who insert the same none waits in a circle."""
    wanted: dict[str, dict[str, Any]] = {}
    for given in fields:
        if source_id := given.get("source_id"):
            wanted.setdefault(source_id, given)
    held = set(Customer.objects.filter(source_id__in=list(wanted)).values_list("source_id", flat=True))
    new = [new_customer(wanted[source_id]) for source_id in sorted(wanted.keys() - held)]
    Customer.objects.bulk_create(new, ignore_conflicts=True)


def _known(as_sent: Sequence[Mapping[str, Any]], fields: Sequence[Any]) -> dict[int | str, Customer]:
    """By their keys, and by their source ids."""
    keys = {key for one in as_sent if isinstance(one.get("id"), str) and (key := key_of(CUSTOMER, one["id"]))}
    source_ids = {given["source_id"] for given in fields if isinstance(given, dict) and given.get("source_id")}
    known: dict[int | str, Customer] = {}
    for wanted in ({"pk__in": list(keys)}, {"source_id__in": list(source_ids)}):
        for customer in Customer.objects.live().filter(**wanted):
            customer = known.setdefault(customer.pk, customer)
            if customer.source_id is not None:
                known[customer.source_id] = customer
    return known


def _settle(
    one: Mapping[str, Any], given: dict[str, Any] | InvalidCustomer, known: Mapping[int | str, Customer]
) -> Found:
    if isinstance(given, InvalidCustomer):
        return given
    reference, source_id = one.get("id"), given.get("source_id")
    if not reference and source_id is None:
        customer = new_customer(given)
        customer.save(force_insert=True)
        return customer
    if not reference:
        found = known.get(source_id or "")
    else:
        found = known.get(key_of(CUSTOMER, reference) or 0) if isinstance(reference, str) else None
    try:
        if found and source_id in (None, found.source_id):
            changed = {name: value for name, value in given.items() if name != "source_id"}
            return update_customer(found, changed) if merged_changes(found, changed) else found
        return upsert_customer(one)  # a source_id to be set, an id of another system, or erased just now
    except (CustomerNotFound, InvalidCustomer) as problem:
        if isinstance(problem, CustomerNotFound) and not reference:
            return _again(one)
        return problem


def _again(one: Mapping[str, Any]) -> Found:
    """The one who had that source_id was erased a moment ago: it is free, and somebody else's from now on."""
    try:
        return upsert_customer(one)
    except (CustomerNotFound, InvalidCustomer) as problem:
        return problem
