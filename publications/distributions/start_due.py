"""Starts the runs whose time has come."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from config.actor import SYSTEM
from config.quarantine import open_one
from publications.distributions.change_run import record_of
from publications.distributions.models import Distribution


def start_due() -> int:
    """How many were started. May run anywhere, any number of times at once: whoever changes the status has started it.

    Before: scheduled, and nobody has anything. After: running; its audience is written down by the next step.
    """
    started = 0
    due = Distribution.objects.filter(~open_one(), status=Distribution.Status.SCHEDULED, starts_at__lte=Now())
    for distribution in due:
        with transaction.atomic():
            if due.filter(pk=distribution.pk).update(
                status=Distribution.Status.RUNNING, started_at=Now(), updated_at=Now()
            ):
                record_of(distribution, "started", by=SYSTEM)
                started += 1
    return started
