"""Keys that end soon: shown to Managers on the first page, and told by e-mail two weeks, three days and a day before."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from config.api.models import ApiKey
from config.staff.who_is_told import addresses_of_managers

DAYS = (14, 3, 1)  # before the end
LATER = timedelta(days=7)  # for which an ended key stays on the first page

SUBJECT = "Handout: API keys that expire soon"
TEXT = """These API keys expire soon. Calls with an expired key are refused.

{keys}

Extend a key, or replace it, on the page API keys:
{link}
"""


def ending_keys() -> QuerySet[ApiKey]:
    """Those that end within two weeks, or have ended within one."""
    now = timezone.now()
    return ApiKey.objects.filter(
        revoked_at=None, expires_at__gt=now - LATER, expires_at__lt=now + timedelta(days=DAYS[0])
    ).order_by("expires_at", "pk")


def warn_of_expiry() -> int:
    """Sends one e-mail about all keys that came closer to their end; answers with how many. Where e-mail is not set up, or no
    Manager has an address, nobody is told, and the first page is all there is.

    What was told is noted afterwards: who is killed in between is told twice rather than never.
    """
    if not settings.EMAIL_IS_SENT or not (addresses := addresses_of_managers()):
        return 0
    now = timezone.now()
    due = [(key, days) for key in ending_keys() if (days := _step(key, now)) is not None]
    if not due:
        return 0
    lines = [f"- {key.name}: expires on {key.expires_at:%Y-%m-%d at %H:%M} UTC" for key, _ in due]
    link = settings.SITE_URL.rstrip("/") + reverse("api:api-keys")
    EmailMessage(SUBJECT, TEXT.format(keys="\n".join(lines), link=link), bcc=addresses).send()
    for key, days in due:
        ApiKey.objects.filter(Q(warned_days=None) | Q(warned_days__gt=days), pk=key.pk).update(warned_days=days)
    return len(due)


def _step(key: ApiKey, now: datetime) -> int | None:
    """Which of DAYS has been reached and was not told yet."""
    assert key.expires_at
    left = math.ceil((key.expires_at - now) / timedelta(days=1))
    reached = min((days for days in DAYS if left <= days), default=None)
    if left <= 0 or reached is None or (key.warned_days is not None and key.warned_days <= reached):
        return None
    return reached
