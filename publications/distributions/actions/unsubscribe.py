"""Takes an address off all runs' e-mails, by the signed link in each of them or by staff; and puts it back, by staff."""

from __future__ import annotations

import os

from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.db.models import Value
from django.db.models.functions import Lower

from config.actor import Actor
from config.row_stamp import row_stamp
from config.staff.audit import record
from customers.models import Customer
from publications.distributions.models import Delivery, Unsubscribe

SALT = "handout.unsubscribe"
TEST = "0"  # in place of a delivery: the link of a test message, which unsubscribes nobody
BY_LINK = Actor("system", None, "Unsubscribe link")


class InvalidLink(LookupError):
    """The link was not made by this Handout, or its message is gone."""


def unsubscribe_url(delivery: Delivery | None) -> str:
    """The address of the page, for the delivery's message; None: for a test. It never expires."""
    named = f"{delivery.pk}.{row_stamp(delivery.created_at)}" if delivery else TEST
    return f"{_site()}/unsubscribe/{signing.Signer(salt=SALT).sign(named)}"


def find_delivery(token: str) -> Delivery | None:
    """Whose message the link stood in; None: in a test. Raises InvalidLink, also where the customer was erased."""
    try:
        named = signing.Signer(salt=SALT).unsign(token)
    except signing.BadSignature:
        raise InvalidLink() from None
    if named == TEST:
        return None
    key, _, stamp = named.partition(".")  # links of before there was a stamp have the key alone
    delivery = Delivery.objects.select_related("customer").filter(pk=int(key), customer__erased_at=None).first()
    if not delivery or (stamp and int(stamp) != row_stamp(delivery.created_at)):
        raise InvalidLink()
    return delivery


def unsubscribe(customer: Customer, *, by: Actor, delivery: Delivery | None = None) -> bool:
    """The customer's address, or that to which the `delivery` went whose link it was. What waits to be sent there is
    left out. False where it was done before, and where there is no address.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # The customer is locked first, so that an erasure takes the row along or makes it impossible.
        cursor.execute(
            """INSERT INTO distributions_unsubscribe (email, customer_id, distribution_id, actor_kind, actor_id, actor_label)
               SELECT lower(coalesce(nullif(%(email)s::text, ''), c.email)), c.id, %(distribution)s::bigint,
                      %(kind)s::text, %(actor)s::bigint, %(label)s::text
                 FROM customers_customer c WHERE c.id = %(customer)s AND c.erased_at IS NULL
                  AND coalesce(nullif(%(email)s::text, ''), c.email) <> '' FOR KEY SHARE
               ON CONFLICT (email) DO NOTHING""",
            {
                "email": delivery.email if delivery else "",
                "customer": customer.pk,
                "distribution": delivery.distribution_id if delivery else None,
                "kind": by.kind,
                "actor": by.id,
                "label": by.label,
            },
        )
        done = bool(cursor.rowcount)
        if done:
            record("customer.unsubscribed", by=by, object_id=customer.public_id)
    return done


def is_unsubscribed(delivery: Delivery) -> bool:
    """Whether the address that its link takes off is off already."""
    return Unsubscribe.objects.filter(email=_lower(delivery.email or delivery.customer.email)).exists()


def resubscribe(customer: Customer, *, by: Actor) -> bool:
    """The customer has asked staff for messages again; False where they were not unsubscribed."""
    with transaction.atomic():
        gone, _ = Unsubscribe.objects.filter(email=_lower(customer.email)).delete()
        if gone:
            record("customer.resubscribed", by=by, object_id=customer.public_id)
    return bool(gone)


def _lower(email: str) -> Lower:
    return Lower(Value(email))


def _site() -> str:
    """Without SITE_URL messages are kept here, where the server is reached as `manage.py run` says."""
    return settings.SITE_URL.rstrip("/") or f"http://127.0.0.1:{os.environ.get('PORT') or '8000'}"
