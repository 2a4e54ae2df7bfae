"""Deletes deliveries after 30 days, and those of deleted addresses. They hold personal data and are not history: what
was published and redeemed is stored elsewhere.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from publications.webhooks.models import WebhookAddress, WebhookDelivery

KEEP = timedelta(days=30)
CHUNK = 10_000  # rows in one transaction


def delete_old_deliveries() -> int:
    """How many deliveries were deleted."""
    deleted = _delete(WebhookDelivery.objects.filter(created_at__lt=Now() - KEEP))
    gone = WebhookAddress.objects.filter(deleted_at__isnull=False)
    deleted += _delete(WebhookDelivery.objects.filter(address__in=gone))
    gone.filter(~Q(deliveries__isnull=False)).delete()
    return deleted


def _delete(deliveries: QuerySet[WebhookDelivery]) -> int:
    deleted = 0
    while chunk := list(deliveries.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        # Nothing refers to a delivery, so Django need not look for it first.
        deleted += WebhookDelivery.objects.filter(pk__in=chunk).delete()[0]
    return deleted
