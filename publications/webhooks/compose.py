"""Puts into words what happened: the bodies of webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.db import connection

from campaigns.codes.models import CodeOrder
from config.alerts.models import Alert
from config.api.door import iso
from config.events.event import Event
from config.events.kinds import ALERT_OPENED, GENERATION_COMPLETED, PUBLICATION_SUCCEEDED, VOUCHER_REDEEMED
from config.public_ids import EVENT, public_id
from publications.models import Publication
from publications.queries.attach_codes import attach_codes
from publications.redemptions.models import Redemption
from publications.webhooks.event_answers import alert_event, generation_event, publication_event, redemption_event


class Composed(NamedTuple):
    body: str
    customer_id: int | None  # whose personal data it holds


def compose(events: Sequence[Event]) -> dict[int, Composed]:
    """The bodies, by the events' keys, as things are now. In a fixed number of queries, in the caller's transaction.

    Until that ends, the customers in it cannot be erased: a body is written before an erasure, which takes it along,
    or after it, when there is nothing personal left to tell. An event whose object is gone has no body.
    """
    composed: dict[int, Composed] = {}
    for kind, read in READERS.items():
        of_kind = [event for event in events if event.kind == kind]
        told = read([event.object_key for event in of_kind]) if of_kind else {}
        for event in of_kind:
            if event.object_key in told:
                data, customer_id = told[event.object_key]
                composed[event.key] = Composed(body_of(event, data), customer_id)
    return composed


def body_of(event: Event, data: dict[str, Any]) -> str:
    """Voucherify's guide puts the data into an envelope (id, type, created_at, data), its OpenAPI document sends it
    bare. Receivers were written to either, so both find what they look for.

    Compact and unescaped, as JavaScript writes JSON: receivers that verify the signature over what they have parsed
    and written again, as is usual there, get the same bytes.
    """
    envelope = {"id": public_id(EVENT, event.key), "type": event.kind, "created_at": iso(event.created_at)}
    return json.dumps({**envelope, **data, "data": data}, separators=(",", ":"), ensure_ascii=False)


Told = dict[int, tuple[dict[str, Any], int | None]]


def _publications(keys: list[int]) -> Told:
    _hold_customers("publications_publication", keys)
    publications = list(Publication.objects.filter(pk__in=keys).select_related("campaign", "customer"))
    attach_codes(publications)
    return {publication.pk: (publication_event(publication), publication.customer_id) for publication in publications}


def _redemptions(keys: list[int]) -> Told:
    _hold_customers("redemptions_redemption", keys)
    redemptions = Redemption.objects.filter(pk__in=keys).select_related(
        "customer", "campaign", "voucher__campaign", "stack"
    )
    return {redemption.pk: (redemption_event(redemption), redemption.customer_id) for redemption in redemptions}


def _orders(keys: list[int]) -> Told:
    orders = CodeOrder.objects.filter(pk__in=keys).select_related("campaign")
    return {order.pk: (generation_event(order), None) for order in orders}


def _alerts(keys: list[int]) -> Told:
    return {alert.pk: (alert_event(alert), None) for alert in Alert.objects.filter(pk__in=keys)}


READERS: dict[str, Callable[[list[int]], Told]] = {
    PUBLICATION_SUCCEEDED: _publications,
    VOUCHER_REDEEMED: _redemptions,
    GENERATION_COMPLETED: _orders,
    ALERT_OPENED: _alerts,
}


def _hold_customers(table: str, keys: list[int]) -> None:
    """Nobody is kept waiting by it but who erases one of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT FROM customers_customer WHERE id IN (SELECT customer_id FROM {table} WHERE id = ANY (%s))
                 ORDER BY id FOR KEY SHARE""",  # noqa: S608 - our own constants
            [keys],
        )
