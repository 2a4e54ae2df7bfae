"""Starts the runs whose time has come."""

from __future__ import annotations

from django.db.models.functions import Now

from config.staff.quarantine import open_one
from publications.distributions.actions.change_status import start
from publications.distributions.models import Distribution


def start_due() -> int:
    """How many were started. May run anywhere, any number of times at once: whoever changes the status has started it.

    Before: scheduled, and nobody has anything. After: running; its audience is written down by the next step.
    """
    due = Distribution.objects.filter(~open_one(), status=Distribution.Status.SCHEDULED, starts_at__lte=Now())
    return sum(start(distribution) for distribution in due)
