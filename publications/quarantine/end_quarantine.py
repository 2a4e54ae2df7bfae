"""Ends a quarantine: a Manager's decision, recorded."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from config.actor import Actor
from config.staff.audit import record
from config.staff.models import Quarantine


class NotOpen(Exception):
    """The quarantine has ended, perhaps a moment ago."""


class NotPrepared(Exception):
    """Opening it was interrupted; manage.py after_restore completes that."""


def end_quarantine(quarantine: Quarantine, *, by: Actor) -> None:
    """Once committed, codes are published again. Each distribution stays paused until somebody resumes it.

    Raises NotOpen and NotPrepared.
    """
    with transaction.atomic():
        now = Quarantine.objects.select_for_update().get(pk=quarantine.pk)
        if now.ended_at:
            raise NotOpen(f"{now.ended_by} has already resumed publishing.")
        if not now.prepared_at:
            raise NotPrepared("The quarantine is not ready yet; run manage.py after_restore again.")
        Quarantine.objects.filter(pk=now.pk).update(ended_at=Now(), ended_by=by.label)
        record("quarantine.ended", by=by, object_label=now.get_cause_display())
