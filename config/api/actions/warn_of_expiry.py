"""Warns about keys that expire soon: to Managers on Home, and with an alert two weeks, three days and a day before."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from config.alerts.actions.keep_alerts import Found, keep_alerts
from config.alerts.models import Kind
from config.api.models import ApiKey

DAYS = (14, 3, 1)  # before the end
LATER = timedelta(days=7)  # for which an ended key stays on the first page


def ending_keys() -> QuerySet[ApiKey]:
    """Keys that expire within two weeks, or expired within the last one."""
    now = timezone.now()
    return ApiKey.objects.filter(
        revoked_at=None, expires_at__gt=now - LATER, expires_at__lt=now + timedelta(days=DAYS[0])
    ).order_by("expires_at", "pk")


def warn_of_expiry() -> int:
    """Opens an alert for each key that has come closer to its end; how many. A key that gets a new end is told anew."""
    now = timezone.now()
    return keep_alerts(Kind.KEY_EXPIRES, [_found(key, days) for key in ending_keys() if (days := _step(key, now))])


def _found(key: ApiKey, days: int) -> Found:
    return Found(
        f"key-{key.pk}-{days}-{key.expires_at:%Y%m%d%H%M}",
        f"The API key {key.name} expires on {key.expires_at:%Y-%m-%d at %H:%M} UTC",
        "After that its calls are refused. Extend or replace it on the page API keys.",
        reverse("api:api-keys"),
    )


def _step(key: ApiKey, now: datetime) -> int | None:
    """Which of DAYS has been reached; None for an expired key."""
    assert key.expires_at
    left = math.ceil((key.expires_at - now) / timedelta(days=1))
    return min((days for days in DAYS if left <= days), default=None) if left > 0 else None
