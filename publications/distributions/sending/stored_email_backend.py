"""Where e-mail goes while no mail server is set (EMAIL_URL): into rows, which the dashboard shows as they would be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import QuerySet
from django.utils import timezone

from campaigns.codes.models import Voucher
from config.staff.models import ProjectSettings
from publications.code_visibility import text_shown
from publications.distributions.models import KeptMessage


class KeepMessages(BaseEmailBackend):
    """A backend of Django's: keeps everything that is sent through it, also Handout's own messages to staff.

    A message may say whose it is, by attributes `delivery_id` and `customer_id`, so that it goes with them.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            keep_message(message)
        return len(email_messages)


def keep_message(message: EmailMessage) -> KeptMessage:
    alternatives = getattr(message, "alternatives", None) or []
    html = next((part[0] for part in alternatives if part[1] == "text/html"), "")
    return KeptMessage.objects.create(
        sender=message.from_email[:400],
        to=", ".join(message.recipients())[:400],
        subject=str(message.subject)[:1000],
        text=str(message.body),
        html=str(html),
        headers={name: str(value) for name, value in message.extra_headers.items()},
        delivery_id=getattr(message, "delivery_id", None),
        customer_id=getattr(message, "customer_id", None),
    )


def with_codes(messages: QuerySet[KeptMessage]) -> QuerySet[KeptMessage]:
    """Joined with what `subject_shown` and `codes_in` ask of each: two more queries for all of them."""
    return messages.select_related(
        "delivery__distribution", "delivery__publication", "delivery__reminds__voucher"
    ).prefetch_related("delivery__publication__ledger__voucher")


def codes_in(message: KeptMessage) -> list[Voucher]:
    """Those that the message tells of, some of which may have been released since."""
    if message.delivery and message.delivery.reminds:
        return [message.delivery.reminds.voucher]
    publication = message.delivery and message.delivery.publication
    return [row.voucher for row in publication.ledger.all()] if publication else []


def subject_shown(message: KeptMessage, *, reveals: bool) -> str:
    """As it was sent; to who sees no codes, as it was written, since it may hold one."""
    if reveals:
        return text_shown(message.subject, codes_in(message), reveals=True)
    return message.delivery.distribution.subject if message.delivery else "(hidden: it may contain a code)"


def delete_old_messages() -> int:
    """As long as files are kept (project settings). How many were deleted."""
    oldest = timezone.now() - timedelta(days=ProjectSettings.current().keep_files_days)
    return KeptMessage.objects.filter(created_at__lt=oldest).delete()[0]
