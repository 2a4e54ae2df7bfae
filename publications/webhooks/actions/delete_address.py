"""Deletes an address and everything that was sent to it."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from config.actor import Actor
from config.staff.audit import record
from publications.webhooks.models import WebhookAddress


def delete_address(address: WebhookAddress, *, by: Actor) -> bool:
    """Sending stops at once; the deliveries, possibly millions, are deleted in the background
    (delete_old_deliveries.py).

    False if it was already deleted.
    """
    with transaction.atomic():
        if not WebhookAddress.objects.live().filter(pk=address.pk).update(deleted_at=Now()):
            return False
        record("webhook.deleted", by=by, object_id=address.public_id, object_label=str(address))
    return True
