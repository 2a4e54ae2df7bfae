"""Sends a customer once more what they hold already: the code, never a new one.

By the template of the distribution that published it, or by a plain one. That it is tried is written down before the mail
server hears a word, and what became of it afterwards: what dies in between is on record as tried.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record
from config.staff.models import AuditEntry
from customers.models import Customer
from publications.distributions.actions.unsubscribe import unsubscribe_url
from publications.distributions.compose import Message, compose, shows_code
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import DeliveryReason, in_words
from publications.distributions.sending.hand_over import MailServer, WrittenEmail
from publications.distributions.sending.outcomes import Outcome, failed
from publications.models import Publication, PublishedVoucher
from publications.queries.history import LISTED

PAUSE = timedelta(minutes=1)  # a form that is sent twice sends one message
SENDING_AGAIN = "code.sending_again"
ENDS = {
    Delivery.State.SENT: "code.sent_again",
    Delivery.State.KEPT: "code.stored_again",
    Delivery.State.UNKNOWN: "code.perhaps_sent_again",
}
NOT_SENT = "code.not_sent_again"
PLAIN = Distribution(
    subject="Your code from {{ project.name }}",
    body="Hello {{ customer.name }},\n\nhere is your code again:\n\n{{ codes }}\n\n{{ value }}\n\nKind regards\n{{ project.name }}",
)


class CannotSendAgain(Exception):
    """There is nothing to send, or nobody to send it to, or the mail server did not take it; the message says which."""


class Held(NamedTuple):
    """What one customer holds by a publication: all of its codes, or the one of a hand-out that was settled to them."""

    publication: Publication
    customer: Customer | None
    codes: list[Voucher]
    settled: bool = False

    @property
    def public_id(self) -> str:
        """Under which the audit log knows it."""
        return self.codes[0].public_id if self.settled and self.codes else self.publication.public_id


def held_by(publication: Publication) -> Held:
    """A publication with its campaign and customer. The first fifty codes that were not released: a call publishes no
    more to one customer, and of a hand-out nobody is known to hold all."""
    live = publication.ledger.filter(released_at=None).select_related("voucher__campaign").order_by("voucher_id")
    codes = [row.voucher for row in live[:LISTED]] if publication.customer_id else []
    return Held(publication, publication.customer, codes)


def held_code(voucher: Voucher) -> Held | None:
    """A code that was settled to somebody, or that somebody holds with others; None where nobody has it."""
    live = PublishedVoucher.objects.filter(voucher=voucher, released_at=None)
    row = live.select_related(
        "publication__campaign", "publication__customer", "settled_to", "voucher__campaign"
    ).first()
    if row is None:
        return None
    return (
        held_by(row.publication)
        if row.publication.customer
        else Held(row.publication, row.settled_to, [row.voucher], True)
    )


def message_again(held: Held) -> Message:
    """What `send_again` would send. Raises CannotSendAgain."""
    customer, codes, publication = held.customer, held.codes, held.publication
    if customer is None or customer.erased_at:
        raise CannotSendAgain("Nobody is known to hold these codes.")
    if not customer.email:
        raise CannotSendAgain(f"{customer} has no e-mail address. Copy the code instead, or add an address.")
    if not codes:
        raise CannotSendAgain("The code has been released: the customer no longer holds it.")
    delivery = Delivery.objects.select_related("distribution__campaign").filter(publication=publication).first()
    if delivery and _shows_it(delivery.distribution):
        return compose(delivery.distribution, customer, codes, unsubscribe_url(delivery))
    campaign = publication.campaign or codes[0].campaign or Campaign()
    plain = Distribution(campaign=campaign, subject=PLAIN.subject, body=PLAIN.body)
    return compose(plain, customer, codes, "")


def send_again(held: Held, *, by: Actor) -> str:
    """The address that it went to; without a mail server it is stored, as others are. Raises CannotSendAgain."""
    message = message_again(held)
    customer = held.customer
    assert customer is not None
    with transaction.atomic():
        Publication.objects.select_for_update(no_key=True).get(pk=held.publication.pk)
        lately = AuditEntry.objects.filter(object_id=held.public_id, created_at__gt=timezone.now() - PAUSE)
        if lately.filter(action=SENDING_AGAIN).exists():
            raise CannotSendAgain("It was sent again less than a minute ago.")
        _record(SENDING_AGAIN, held, by=by)
    outcome = _hand_over(message, customer)
    if outcome.state in ENDS:
        _record(ENDS[Delivery.State(outcome.state)], held, by=by)
        if outcome.state == Delivery.State.UNKNOWN:
            raise CannotSendAgain(f"The message may or may not have arrived. {_why(outcome)}")
        return customer.email
    # The kind of the refusal alone: what a server answers may name the address, and entries outlive an erased customer.
    kind = outcome.reason or outcome.pause or outcome.rest
    _record(NOT_SENT, held, by=by, reason=str(kind.label) if kind else "")
    raise CannotSendAgain(f"The message was not sent. {_why(outcome)}")


def _record(action: str, held: Held, *, by: Actor, **details: str) -> None:
    record(action, by=by, object_id=held.public_id, campaign_id=held.publication.campaign_id, **details)


def _hand_over(message: Message, customer: Customer) -> Outcome:
    server = MailServer()
    try:
        email = WrittenEmail(message, to=customer.email, headers={})
        email.customer_id = customer.pk  # whose name is in it
        return server.send(email)
    except ValueError:  # Django refuses the address
        return failed(DeliveryReason.ADDRESS_INVALID)
    finally:
        server.hang_up()


def _why(outcome: Outcome) -> str:
    """As a sentence. What is to be done about a run is left out."""
    return in_words(outcome.reason or outcome.pause or outcome.rest, outcome.detail).rstrip(".") + "."


def _shows_it(distribution: Distribution) -> bool:
    by_email = distribution.message == Distribution.Message.EMAIL
    return by_email and distribution.campaign is not None and shows_code(distribution.subject, distribution.body)
