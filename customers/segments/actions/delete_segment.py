"""Deletes a segment. Its customers stay."""

from __future__ import annotations

from django.db import transaction
from django.db.models import ProtectedError

from config.actor import Actor
from config.staff.audit import record
from customers.segments.models import Segment


class SegmentInUse(Exception):
    """Something that runs, or ran, with this segment would change its meaning. The message says what to do."""


def delete_segment(segment: Segment, *, by: Actor) -> bool:
    """True if this call deleted it, False if it was already deleted. Raises SegmentInUse."""
    with transaction.atomic():
        # Of two who delete at once, one does, and is recorded.
        if not Segment.objects.select_for_update().filter(pk=segment.pk).first():
            return False
        try:
            Segment.objects.filter(pk=segment.pk).delete()
        except ProtectedError as protected:
            users = sorted({str(getattr(user, "distribution", user)) for user in protected.protected_objects})
            raise SegmentInUse(
                f"“{segment.name}” was not deleted, because distributions use it: {', '.join(users[:5])}."
            ) from None
        record("segment.deleted", by=by, object_id=segment.public_id, object_label=segment.name)
    return True
