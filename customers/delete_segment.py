"""Deletes a segment. Its customers stay."""

from __future__ import annotations

from django.db import transaction

from config.actor import Actor
from config.audit import record
from customers.models import Segment


def delete_segment(segment: Segment, *, by: Actor) -> bool:
    """True where this call deleted it, False where that was done before."""
    with transaction.atomic():
        # Of two who delete at once, one does, and is recorded.
        if not Segment.objects.select_for_update().filter(pk=segment.pk).first():
            return False
        Segment.objects.filter(pk=segment.pk).delete()
        record("segment.deleted", by=by, object_id=segment.public_id, object_label=segment.name)
    return True
