"""Where e-mail goes while no mail server is set (EMAIL_URL): into rows, which the dashboard shows as they would be sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from config.models import ProjectSettings
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


def delete_old_messages() -> int:
    """As long as files are kept (project settings). How many were deleted."""
    oldest = timezone.now() - timedelta(days=ProjectSettings.current().keep_files_days)
    return KeptMessage.objects.filter(created_at__lt=oldest).delete()[0]
