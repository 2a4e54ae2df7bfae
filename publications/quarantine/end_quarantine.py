"""Ends a quarantine: a Manager's decision, on the record."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from config.actor import Actor
from config.staff.audit import record
from config.staff.models import Quarantine


class NotOpen(Exception):
    """It has ended, perhaps a moment ago."""


class NotPrepared(Exception):
    """Opening it was cut off; manage.py after_restore goes on with that."""


def end_quarantine(quarantine: Quarantine, *, by: Actor) -> None:
    """From its commit on codes are published again. Distributions stay paused, each until a person resumes it.

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
