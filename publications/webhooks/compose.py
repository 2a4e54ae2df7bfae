"""Composes the bodies of webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from django.db import connection

from campaigns.codes.models import CodeOrder, Voucher
from config.alerts.models import Alert
from config.api.door import iso
from config.events.event import Event
from config.events.kinds import (
    ALERT_OPENED,
    CUSTOMER_CREATED,
    CUSTOMER_DELETED,
    CUSTOMER_UPDATED,
    GENERATION_COMPLETED,
    POOL_EMPTY,
    POOL_LOW,
    PUBLICATION_FAILED,
    PUBLICATION_SUCCEEDED,
    REDEMPTION_FAILED,
    ROLLBACK_FAILED,
    ROLLBACK_SUCCEEDED,
    VOUCHER_DISABLED,
    VOUCHER_ENABLED,
    VOUCHER_EXPIRED,
    VOUCHER_REDEEMED,
    VOUCHER_RELEASED,
    VOUCHER_RETIRED,
)
from config.public_ids import CAMPAIGN, EVENT, key_of, public_id
from customers.models import Customer
from publications.models import Publication, PublishedVoucher
from publications.queries.attach_codes import attach_codes
from publications.queries.holder import of_holder
from publications.redemptions.models import Redemption
from publications.webhooks.event_answers import (
    alert_event,
    customer_event,
    erasure_event,
    generation_event,
    publication_event,
    redemption_event,
    release_event,
    voucher_event,
)

EMPTY: Mapping[str, Any] = MappingProxyType({})


class Composed(NamedTuple):
    body: str
    customer_id: int | None  # whose personal data it holds
    campaign_id: int | None  # which campaign it is about


def compose(events: Sequence[Event], *, more: Mapping[str, Reader] = EMPTY) -> dict[int, Composed]:
    """The bodies, by the events' keys, as things are now. In a fixed number of queries, in the caller's transaction.
    `more` are the readers of kinds that higher rooms know.

    Until that ends, the customers in it cannot be erased: a body is written before an erasure, which takes it along,
    or after it, when there is nothing personal left to tell. An event whose object is gone has no body.
    """
    composed: dict[int, Composed] = {}
    for kind, read in {**READERS, **more}.items():
        of_kind = [event for event in events if event.kind == kind]
        told = read([event.object_key for event in of_kind]) if of_kind else {}
        for event in of_kind:
            if event.object_key in told:
                data, customer_id, campaign_id = told[event.object_key]
                composed[event.key] = Composed(body_of(event, data), customer_id, campaign_id)
    return composed


def body_of(event: Event, data: dict[str, Any]) -> str:
    """Voucherify's guide puts the data into an envelope (id, type, created_at, data), its OpenAPI document sends it
    bare. Receivers were written to either, so both find what they look for.

    Compact and unescaped, as JavaScript writes JSON: receivers that verify the signature over what they have parsed
    and written again, as is usual there, get the same bytes.
    """
    envelope = {"id": public_id(EVENT, event.key), "type": event.kind, "created_at": iso(event.created_at)}
    return json.dumps({**envelope, **data, "data": data}, separators=(",", ":"), ensure_ascii=False)


class Told(NamedTuple):
    """What is said about one thing, whose personal data it holds, and which campaign it is about."""

    data: dict[str, Any]
    customer_id: int | None = None
    campaign_id: int | None = None


Reader = Callable[[list[int]], dict[int, Told]]  # of the things with these keys; what is gone is left out


def _publications(keys: list[int]) -> dict[int, Told]:
    _hold_customers("publications_publication", keys)
    publications = list(Publication.objects.filter(pk__in=keys).select_related("campaign", "customer"))
    attach_codes(publications)
    return {one.pk: Told(publication_event(one), one.customer_id, one.campaign_id) for one in publications}


def _releases(keys: list[int]) -> dict[int, Told]:
    rows = PublishedVoucher.objects.filter(pk__in=keys)
    _hold([holder for holder in rows.values_list(of_holder(), flat=True) if holder])
    released = rows.select_related("voucher__campaign", "publication__customer", "settled_to")
    return {
        row.pk: Told(release_event(row), row.holder.pk if row.holder else None, row.voucher.campaign_id)
        for row in released
    }


def _vouchers(keys: list[int]) -> dict[int, Told]:
    vouchers = Voucher.objects.filter(pk__in=keys).select_related("campaign")
    return {voucher.pk: Told(voucher_event(voucher), None, voucher.campaign_id) for voucher in vouchers}


def _redemptions(keys: list[int]) -> dict[int, Told]:
    _hold_customers("redemptions_redemption", keys)
    redemptions = Redemption.objects.filter(pk__in=keys).select_related(
        "customer", "campaign", "voucher__campaign", "stack", "undoes"
    )
    return {one.pk: Told(redemption_event(one), one.customer_id, one.campaign_id) for one in redemptions}


def _customers(keys: list[int]) -> dict[int, Told]:
    """For a customer erased in the meantime, only the erasure is reported."""
    _hold(keys)
    there = Customer.objects.filter(pk__in=keys, erased_at=None)
    return {customer.pk: Told(customer_event(customer), customer.pk) for customer in there}


def _erasures(keys: list[int]) -> dict[int, Told]:
    return {one.pk: Told(erasure_event(one)) for one in Customer.objects.filter(pk__in=keys)}


def _orders(keys: list[int]) -> dict[int, Told]:
    orders = CodeOrder.objects.filter(pk__in=keys).select_related("campaign")
    return {order.pk: Told(generation_event(order), None, order.campaign_id) for order in orders}


def _alerts(keys: list[int]) -> dict[int, Told]:
    alerts = Alert.objects.filter(pk__in=keys)
    return {alert.pk: Told(alert_event(alert), None, key_of(CAMPAIGN, alert.subject)) for alert in alerts}


READERS: dict[str, Reader] = {
    PUBLICATION_SUCCEEDED: _publications,
    PUBLICATION_FAILED: _publications,
    VOUCHER_RELEASED: _releases,
    VOUCHER_RETIRED: _vouchers,
    VOUCHER_ENABLED: _vouchers,
    VOUCHER_DISABLED: _vouchers,
    VOUCHER_EXPIRED: _vouchers,
    VOUCHER_REDEEMED: _redemptions,
    REDEMPTION_FAILED: _redemptions,
    ROLLBACK_SUCCEEDED: _redemptions,
    ROLLBACK_FAILED: _redemptions,
    CUSTOMER_CREATED: _customers,
    CUSTOMER_UPDATED: _customers,
    CUSTOMER_DELETED: _erasures,
    GENERATION_COMPLETED: _orders,
    POOL_LOW: _alerts,
    POOL_EMPTY: _alerts,
    ALERT_OPENED: _alerts,
}


def _hold(customers: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM customers_customer WHERE id = ANY (%s) ORDER BY id FOR KEY SHARE", [customers])


def _hold_customers(table: str, keys: list[int]) -> None:
    """Nobody is kept waiting by it but who erases one of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT FROM customers_customer WHERE id IN (SELECT customer_id FROM {table} WHERE id = ANY (%s))
                 ORDER BY id FOR KEY SHARE""",  # noqa: S608 - our own constants
            [keys],
        )
