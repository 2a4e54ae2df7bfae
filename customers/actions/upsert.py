"""Finds the customer that a caller means, updates the given fields, or creates one (docs/api.md, "Customers")."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.db.models import F, Func, JSONField, TextField, Value
from django.db.models.functions import Cast, Now

from config.columns import Columns
from config.metadata import MetadataRefused, check_metadata
from config.public_ids import CUSTOMER, key_of
from customers.models import Customer

ATTEMPTS = 10  # at a source_id that others add and erase all the while
ADDRESS_PARTS = ("line_1", "line_2", "city", "postal_code", "state", "country")
# By hand, since every call that publishes looks for one: the same through the ORM took four times as long.
COLUMNS = Columns(Customer, "c")
BY_SOURCE_ID = f"SELECT {COLUMNS} FROM customers_customer c WHERE c.source_id = %s"  # noqa: S608

TEXTS = {"source_id": 255, "name": 200, "email": 320, "phone": 50, "description": 10_000}
TRIMMED = {"name", "email", "phone"}


class CustomerNotFound(LookupError):
    """No customer has the given id."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"Cannot find customer with id {reference}")
        self.reference = reference


class InvalidCustomer(ValueError):
    """A field cannot be stored; `field` names it, `message` says what was expected."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


def find_customer(reference: str) -> Customer:
    """By `cust_…` id, otherwise by source_id, which may itself be a `cust_…` id of another system that a migrated
    customer keeps.

    Raises CustomerNotFound; an erased customer counts as absent.
    """
    found = None
    if key := key_of(CUSTOMER, reference):
        found = Customer.objects.live().filter(pk=key).first()
    found = found or Customer.objects.live().filter(source_id=reference).first()
    if not found:
        raise CustomerNotFound(reference)
    return found


def upsert_customer(as_sent: Mapping[str, Any], *, known: Customer | None = None) -> Customer:
    """The customer with that `id`, otherwise with that `source_id`, otherwise a new one. Given fields update the
    profile.

    An e-mail alone is not a key: it creates a new customer. None counts as not given, but clears an address or a part
    of it; metadata and address are merged key by key. Two concurrent calls with the same new source_id end with one
    customer. `known`: the customer with that source_id, if the caller has just looked. Raises CustomerNotFound (unknown
    `id`, or just erased) and InvalidCustomer.
    """
    fields = clean_customer(as_sent)
    reference, source_id = as_sent.get("id"), fields.pop("source_id", None)
    if reference:
        if not isinstance(reference, str):
            raise InvalidCustomer("id", "must be a string")
        customer = find_customer(reference)
        if source_id and customer.source_id != source_id:
            _set_source_id(customer, source_id)
        return update_customer(customer, fields)
    if source_id is None:
        customer = new_customer(fields)
        customer.save(force_insert=True)
        return customer
    for _ in range(ATTEMPTS):
        if known := known or COLUMNS.first(BY_SOURCE_ID, [source_id]):
            with suppress(
                CustomerNotFound
            ):  # erased a moment ago: the source_id is free, and somebody else's from now on
                return update_customer(known, fields)
            known = None
        # Another call may insert the same source_id right now: then this inserts nothing, and theirs is found.
        Customer.objects.bulk_create([new_customer({**fields, "source_id": source_id})], ignore_conflicts=True)
    raise CustomerNotFound(source_id)


def update_customer(customer: Customer, fields: Mapping[str, Any]) -> Customer:
    """Writes the given (clean) fields that differ, and only those columns; metadata and address are merged in SQL.

    Raises CustomerNotFound if the customer was erased in the meantime.
    """
    if changes := merged_changes(customer, fields):
        live = Customer.objects.live().filter(pk=customer.pk)
        if not live.update(**changes, updated_at=Now()):
            raise CustomerNotFound(customer.public_id)
        customer.refresh_from_db(fields=[*changes, "updated_at"])
    return customer


def merged_changes(customer: Customer, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The clean fields that differ from what the customer has, ready for an UPDATE. Metadata and address are
    expressions that add the given keys to whatever is stored by then. Raises InvalidCustomer if that gets too large.
    """
    changes: dict[str, Any] = {}
    for field, value in fields.items():
        held = getattr(customer, field)
        if isinstance(value, dict):
            cleared = [part for part in value if field == "address" and value[part] is None]
            added = {key: value[key] for key in value if key not in cleared}
            merged = {key: given for key, given in {**held, **added}.items() if key not in cleared}
            if merged != held:
                _must_hold(field, merged)
                changes[field] = _merge(field, added, cleared)
        elif held != value:
            changes[field] = value
    return changes


def clean_customer(as_sent: Mapping[str, Any]) -> dict[str, Any]:
    """The storable fields of a customer as sent; unknown ones are ignored, None counts as not given.

    Whatever door they come through: what is no single e-mail address could be two recipients of a message, or another
    header of it. Blanks around texts are taken away, but for the source_id, which is a key. Raises InvalidCustomer.
    """
    fields: dict[str, Any] = {}
    for field, longest in TEXTS.items():
        if (value := as_sent.get(field)) is not None:
            fields[field] = _text(
                field, value.strip() if field in TRIMMED and isinstance(value, str) else value, longest
            )
    if fields.get("source_id") == "":
        raise InvalidCustomer("source_id", "must not be empty; leave it out instead")
    if fields.get("email"):
        try:
            validate_email(fields["email"])
        except ValidationError:
            raise InvalidCustomer("email", f"{fields['email'][:80]!r} is not an e-mail address") from None
    birthdate = as_sent.get("birthdate", as_sent.get("birthday"))
    if birthdate is not None and birthdate != "":
        fields["birthdate"] = _date(birthdate)
    if "address" in as_sent:
        fields["address"] = _address(as_sent["address"])
    if (metadata := as_sent.get("metadata")) is not None:
        try:
            fields["metadata"] = check_metadata(metadata)
        except MetadataRefused as refused:
            raise InvalidCustomer("metadata", str(refused)) from None
    return fields


def _address(sent: Any) -> dict[str, str | None]:
    """The parts that were sent. None clears a part; None instead of an address clears all of them."""
    if sent is None:
        return dict.fromkeys(ADDRESS_PARTS)
    if not isinstance(sent, Mapping):
        raise InvalidCustomer("address", "must be an object with line_1, line_2, city, postal_code, state, country")
    return {
        part: None if sent[part] is None else _text(f"address.{part}", sent[part], 255)
        for part in ADDRESS_PARTS
        if part in sent
    }


def new_customer(fields: Mapping[str, Any]) -> Customer:
    """An unsaved customer with these clean fields."""
    return Customer(**{**fields, "address": address_of(fields)})


def address_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """A new customer's address: the parts that are not cleared."""
    return {part: text for part, text in fields.get("address", {}).items() if text is not None}


def _set_source_id(customer: Customer, source_id: str) -> None:
    if customer.source_id is not None:
        raise InvalidCustomer("source_id", f"cannot change; this customer's is {customer.source_id!r}")
    try:
        with transaction.atomic():
            live = Customer.objects.live().filter(pk=customer.pk)
            changed = live.filter(source_id=None).update(source_id=source_id, updated_at=Now())
    except IntegrityError:
        raise InvalidCustomer("source_id", f"{source_id!r} belongs to another customer") from None
    if not changed and not live.exists():
        raise CustomerNotFound(customer.public_id)
    if not changed:
        raise InvalidCustomer("source_id", "was just set by someone else and cannot change")
    customer.source_id = source_id


def _must_hold(field: str, merged: dict) -> None:
    try:
        check_metadata(merged, called="With what this customer has already, it")
    except MetadataRefused as refused:
        raise InvalidCustomer(field, str(refused)) from None


def _merge(field: str, added: dict, cleared: list[str]) -> Func:
    """(field || added) - cleared"""
    json = JSONField()
    with_added: Func = Func(
        F(field), Value(added, json), template="(%(expressions)s)", arg_joiner=" || ", output_field=json
    )
    if not cleared:
        return with_added
    texts = ArrayField(TextField())
    without = Cast(Value(cleared, texts), texts)
    return Func(with_added, without, template="%(expressions)s", arg_joiner=" - ", output_field=json)


def _text(field: str, value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise InvalidCustomer(field, "must be a string")
    if "\x00" in value:
        raise InvalidCustomer(field, "must not contain a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidCustomer(field, "contains half a character (a lone surrogate)") from None
    if len(value) > longest:
        raise InvalidCustomer(field, f"can have at most {longest} characters; this has {len(value)}")
    return value


def _date(value: Any) -> date:
    """A date, or the date part of an ISO 8601 time."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return date.fromisoformat(value[:10])
    raise InvalidCustomer("birthdate", f"must be a date such as 1990-12-31; this is {str(value)[:40]!r}")
