"""Pauses an address, by hand or because it kept failing, and resumes it."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from config.actor import SYSTEM, Actor
from config.staff.audit import record
from publications.webhooks.models import WebhookAddress, WebhookDelivery


def pause_address(address: WebhookAddress, *, by: Actor) -> bool:
    """False if it was already paused. Waiting deliveries go on waiting; new events are not kept for it."""
    return _pause(address, WebhookAddress.PauseReason.STAFF, by=by)


def pause_failing(address: WebhookAddress, *, after: str) -> bool:
    """After a delivery's last retry. `after` is what was wrong with it. Staff see it in an alert, on Home and in the
    audit log.
    """
    return _pause(address, WebhookAddress.PauseReason.FAILING, after, by=SYSTEM)


def resume_address(address: WebhookAddress, *, by: Actor) -> bool:
    """Sends again; waiting deliveries at once and with all their retries. False if it was not paused."""
    with transaction.atomic():
        paused = WebhookAddress.objects.live().filter(pk=address.pk, paused_at__isnull=False)
        if not paused.update(paused_at=None, pause_reason="", pause_detail="", rests_until=None):
            return False
        waiting = WebhookDelivery.objects.filter(address=address, status="waiting", attempts__gt=0)
        waiting.update(attempts=0, next_attempt_at=Now())
        record("webhook.resumed", by=by, object_id=address.public_id, object_label=str(address))
    return True


def _pause(address: WebhookAddress, reason: WebhookAddress.PauseReason, detail: str = "", *, by: Actor) -> bool:
    with transaction.atomic():
        active = WebhookAddress.objects.active().filter(pk=address.pk)
        if not active.update(paused_at=Now(), pause_reason=reason, pause_detail=detail):
            return False
        record("webhook.paused", by=by, object_id=address.public_id, object_label=str(address), reason=detail)
    return True
