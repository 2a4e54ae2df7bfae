"""Sends a customer once more what they hold already: the code, never a new one.

By the template of the distribution that published it, or by a plain one. It is written down before the mail server hears a
word: what dies in between is on record as tried.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record
from config.staff.models import AuditEntry
from publications.distributions.actions.unsubscribe import unsubscribe_url
from publications.distributions.compose import Message, compose, shows_code
from publications.distributions.models import Delivery, Distribution
from publications.models import Publication
from publications.queries.history import LISTED

PAUSE = timedelta(minutes=1)  # a form that is sent twice sends one message
SENT_AGAIN = "code.sent_again"
PLAIN = Distribution(
    subject="Your code from {{ project.name }}",
    body="Hello {{ customer.name }},\n\nhere is your code again:\n\n{{ codes }}\n\n{{ value }}\n\nKind regards\n{{ project.name }}",
)


class CannotSendAgain(Exception):
    """There is nothing to send, or nobody to send it to; the message says which."""


def message_again(publication: Publication) -> Message:
    """What `send_again` would send; a publication with its campaign and customer. Raises CannotSendAgain."""
    customer, codes = publication.customer, held_codes(publication)
    if customer is None or customer.erased_at:
        raise CannotSendAgain("Nobody is known to hold these codes.")
    if not customer.email:
        raise CannotSendAgain(f"{customer} has no e-mail address. Copy the code instead, or add an address.")
    if not codes:
        raise CannotSendAgain("The code has been released: the customer no longer holds it.")
    delivery = Delivery.objects.select_related("distribution__campaign").filter(publication=publication).first()
    if delivery and _shows_it(delivery.distribution):
        return compose(delivery.distribution, customer, codes, unsubscribe_url(delivery))
    plain = Distribution(campaign=publication.campaign or Campaign(), subject=PLAIN.subject, body=PLAIN.body)
    return compose(plain, customer, codes, "")


def send_again(publication: Publication, *, by: Actor) -> str:
    """The address that it went to; without a mail server it is stored, as others are. Raises CannotSendAgain."""
    message = message_again(publication)
    customer = publication.customer
    assert customer is not None
    with transaction.atomic():
        Publication.objects.select_for_update(no_key=True).get(pk=publication.pk)
        lately = AuditEntry.objects.filter(object_id=publication.public_id, created_at__gt=timezone.now() - PAUSE)
        if lately.filter(action=SENT_AGAIN).exists():
            raise CannotSendAgain("It was sent again less than a minute ago.")
        record(SENT_AGAIN, by=by, object_id=publication.public_id, campaign_id=publication.campaign_id)
    email = EmailMultiAlternatives(message.subject, message.text, settings.DEFAULT_FROM_EMAIL, [customer.email])
    email.attach_alternative(message.html, "text/html")
    email.customer_id = customer.pk  # type: ignore[attr-defined]  # whose name is in it
    try:
        email.send()
    except (OSError, ValueError) as problem:  # smtplib's errors are OSErrors
        raise CannotSendAgain(f"The message was not sent. The mail server said: {problem}") from None
    return customer.email


def held_codes(publication: Publication) -> list[Voucher]:
    """Those that were not released, the first fifty: a call publishes no more to one customer."""
    live = publication.ledger.filter(released_at=None).select_related("voucher__campaign").order_by("voucher_id")
    return [row.voucher for row in live[:LISTED]]


def _shows_it(distribution: Distribution) -> bool:
    by_email = distribution.message == Distribution.Message.EMAIL
    return by_email and distribution.campaign is not None and shows_code(distribution.subject, distribution.body)
