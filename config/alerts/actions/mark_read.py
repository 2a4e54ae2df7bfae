"""Removes notices from a person's bell. They stay on the page Alerts."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db.models.functions import Now

from config.alerts.models import Notice


def mark_read(user: User, *, notice_id: int | None = None) -> int:
    """Marks one of the user's notices, or all of them; returns how many were unread."""
    unread = Notice.objects.filter(user=user, read_at=None)
    if notice_id is not None:
        unread = unread.filter(pk=notice_id)
    return unread.update(read_at=Now())
