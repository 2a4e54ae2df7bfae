"""Writes one recipient's message, ready to be handed over."""

from __future__ import annotations

from collections.abc import Callable

from django.core.mail.utils import DNS_NAME

from config.staff.models import ProjectSettings
from publications.distributions.actions.unsubscribe import unsubscribe_url
from publications.distributions.compose import compose
from publications.distributions.models import Distribution
from publications.distributions.reasons import DeliveryReason
from publications.distributions.sending.due import Due
from publications.distributions.sending.hand_over import MailServer, WrittenEmail, post_message
from publications.distributions.sending.outcomes import Outcome, failed
from publications.distributions.sending.webhook_message import webhook_message


def write_message(
    distribution: Distribution, due: Due, *, attempt: int, project: ProjectSettings
) -> Callable[[MailServer], Outcome]:
    """What hands it over, once, and says what became of it."""
    try:
        if address := distribution.webhook if distribution.message == Distribution.Message.WEBHOOK else None:
            body = webhook_message(distribution, due.delivery, due.customer, due.codes)
            return lambda _: post_message(address, body, delivery_id=due.delivery.pk, attempt=attempt)
        link = unsubscribe_url(due.delivery)
        message = compose(distribution, due.customer, due.codes, link, project=project)
        email = WrittenEmail(
            message,
            to=due.customer.email,
            headers={
                "List-Unsubscribe": f"<{link}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Message-ID": f"<{distribution.public_id}.{due.delivery.pk}.{attempt}@{DNS_NAME}>",
            },
        )
        email.delivery_id, email.customer_id = due.delivery.pk, due.customer.pk
    except Exception as problem:  # the run must not be held up by one recipient
        outcome = failed(DeliveryReason.NOT_WRITTEN, type(problem).__name__)
        return lambda _: outcome
    return lambda server: server.send(email)
