"""Deletes an address with all that was sent there."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from config.actor import Actor
from config.staff.audit import record
from publications.webhooks.models import WebhookAddress


def delete_address(address: WebhookAddress, *, by: Actor) -> bool:
    """Nothing is sent there any more, at once; its deliveries, of which there may be millions, go in the background
    (delete_old_deliveries.py). False where it was deleted before.
    """
    with transaction.atomic():
        if not WebhookAddress.objects.live().filter(pk=address.pk).update(deleted_at=Now()):
            return False
        record("webhook.deleted", by=by, object_id=address.public_id, object_label=str(address))
    return True
