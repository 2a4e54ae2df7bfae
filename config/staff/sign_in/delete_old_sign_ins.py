"""Deletes what is left of sign-ins: failed attempts that hold nobody up any more, and sessions that ended."""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt, AccessLog
from django.utils import timezone

from config.staff.models import StaffSession

KEEP_DAYS = 1  # far more than the minutes for which an attempt counts (settings.AXES_COOLOFF_TIME)


def delete_old_sign_ins() -> int:
    """Returns how many rows were deleted. May be run again at any time."""
    now = timezone.now()
    before = now - timedelta(days=KEEP_DAYS)
    return sum(
        old.delete()[0]
        for old in (
            AccessAttempt.objects.filter(attempt_time__lt=before),
            AccessLog.objects.filter(attempt_time__lt=before),
            StaffSession.objects.filter(expire_date__lt=now),
        )
    )
