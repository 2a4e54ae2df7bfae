"""Deletes alerts that are long over, with their notices."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from config.alerts.models import HAPPENS_ONCE, Alert

KEPT = timedelta(days=90)  # longer than anything looks back, or what happened once would be told again


def delete_old_alerts() -> int:
    over = Q(ended_at__lt=Now() - KEPT) | Q(kind__in=HAPPENS_ONCE, opened_at__lt=Now() - KEPT)
    return Alert.objects.filter(over).delete()[0]
