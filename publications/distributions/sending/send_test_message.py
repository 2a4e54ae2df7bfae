"""Shows a run's message as a recipient would get it, and sends it to oneself; neither takes a code."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection

from campaigns.codes.actions.extend_pool import space_of
from campaigns.codes.code_space import InvalidCodeConfiguration
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.actor import Actor
from customers.models import Customer
from publications.distributions.actions.change_status import record_of
from publications.distributions.actions.unsubscribe import unsubscribe_url
from publications.distributions.audience import audience_of
from publications.distributions.compose import Message, compose, left_blank
from publications.distributions.models import Distribution
from publications.distributions.reminders import held_unused
from publications.distributions.sending.webhook_message import webhook_message

SOMEBODY = Customer(name="Ada Example", email="ada@example.com", source_id="example-1")


class NotSent(Exception):
    """The mail server did not take the test; the message says what it answered."""


def preview_message(distribution: Distribution, customer: Customer | None = None) -> Message:
    """With codes that are drawn for show. Without a customer the first of the audience is taken, or an example."""
    return preview_with_blanks(distribution, customer)[0]


def preview_with_blanks(distribution: Distribution, customer: Customer | None = None) -> tuple[Message, list[str]]:
    """The same, and the variables in it that say nothing for that customer."""
    customer = customer or _first(distribution)
    codes = _sample_codes(distribution, customer)
    message = compose(distribution, customer, codes, unsubscribe_url(None))
    return message, left_blank(distribution, customer, codes)


def preview_webhook(distribution: Distribution, customer: Customer) -> dict[str, Any]:
    """What the webhook would be told of that customer, as JSON types, with codes that are drawn for show."""
    return webhook_message(distribution, None, customer, _sample_codes(distribution, customer))


def send_test_message(distribution: Distribution, *, to: str, by: Actor, customer: Customer | None = None) -> Message:
    """Sends that preview to `to`, marked as a test, at once. Only e-mail can be tested. Raises NotSent."""
    customer = customer or _first(distribution)
    message = preview_message(distribution, customer)
    email = EmailMultiAlternatives(
        f"[Test] {message.subject}", message.text, settings.DEFAULT_FROM_EMAIL, [to], headers={"X-Handout-Test": "1"}
    )
    email.attach_alternative(message.html, "text/html")
    email.customer_id = customer.pk  # type: ignore[attr-defined]  # whose name is in it
    try:
        email.send()
    except (OSError, ValueError) as problem:  # smtplib's errors are OSErrors
        raise NotSent(f"The test was not sent. The mail server said: {problem}") from None
    record_of(distribution, "tested" if settings.EMAIL_IS_SENT else "test_kept", by=by)
    return message


def _first(distribution: Distribution) -> Customer:
    return audience_of(distribution).order_by("pk").first() or SOMEBODY


def _sample_codes(distribution: Distribution, customer: Customer) -> list[Voucher]:
    """Drawn for show. Of a reminder with the value and dates of the code that the customer holds: theirs is in no test."""
    campaign = distribution.campaign
    if not campaign:
        return []
    try:
        drawn = space_of(campaign).draw(distribution.codes_each)
    except (InvalidCodeConfiguration, ValueError):  # codes were imported; the configuration is of no use
        drawn = [f"EXAMPLE-{n}" for n in range(1, distribution.codes_each + 1)]
    if distribution.remind and customer.pk and (row := held_unused(customer, distribution)):
        held = copy(row.voucher)
        held.pk, held.code = None, drawn[0]
        return [held]
    expires = _if_published_now(campaign)
    return [Voucher(campaign=campaign, code=code, expiration_date=expires) for code in drawn]


def _if_published_now(campaign: Campaign) -> datetime | None:
    """When its codes would expire, where that is told from their publication; by the database, as publishing does."""
    if not campaign.activity_duration:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT now() + %s::interval", [campaign.activity_duration])
        return cursor.fetchone()[0]
