"""Tells the Managers by mail that a webhook is paused; who has no address reads it on the first page."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from config.staff.who_is_told import addresses_of_managers
from publications.webhooks.models import WebhookAddress

TEXT = """Handout has paused the webhook to {address}: the last retry has failed.

Error: {detail}

See what was sent, and resume it once the server responds again:
{link}

Events that occur while it is paused are not sent.
"""


def tell_managers(address_id: int) -> int:
    """How many were told. None where the address has been resumed or deleted meanwhile."""
    address = WebhookAddress.objects.failing().filter(pk=address_id).first()
    mails = addresses_of_managers()
    if not address or not mails:
        return 0
    link = settings.SITE_URL.rstrip("/") + reverse("webhooks:webhook", kwargs={"address_id": address.pk})
    text = TEXT.format(address=address, detail=address.pause_detail, link=link)
    # One message: either all are told or, by a retry, all once more. In Bcc, so that nobody reads who else was told.
    EmailMessage(f"Handout: the webhook to {address} is paused", text, bcc=mails).send()
    return len(mails)
