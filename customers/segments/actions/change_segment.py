"""Changes a segment's name or filter. fill_segment.py changes who is in a static one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from config.actor import Actor
from config.staff.audit import record
from customers.segments.actions.create_segment import SegmentNameTaken, check_filter, check_name
from customers.segments.actions.delete_segment import SegmentInUse
from customers.segments.models import Segment, WatchedSegment


def change_segment(
    segment: Segment, *, name: str | None = None, conditions: Mapping[str, Any] | None = None, by: Actor
) -> bool:
    """True if something changed.

    Raises InvalidSegment, SegmentNameTaken, and SegmentInUse for a filter that an automatic distribution is watching:
    everyone the change brings in would count as having entered.
    """
    changes: dict[str, Any] = {}
    if name is not None and name != segment.name:
        changes["name"] = check_name(name)
    if conditions is not None and segment.type != Segment.Type.STATIC and conditions != segment.filter:
        changes["filter"] = check_filter(conditions)
    if not changes:
        return False
    try:
        with transaction.atomic():
            # Whoever is just about to watch it waits, and then watches what it has become (watch_segments.py).
            Segment.objects.select_for_update(no_key=True).get(pk=segment.pk)
            if "filter" in changes and WatchedSegment.objects.filter(segment=segment).exists():
                raise SegmentInUse(
                    "An active automatic distribution is triggered by customers who enter or leave this segment. Pause it "
                    "before you change the conditions."
                )
            Segment.objects.filter(pk=segment.pk).update(**changes)
            record(
                "segment.changed", by=by, object_id=segment.public_id, object_label=changes.get("name", segment.name),
                fields=sorted(changes),
            )  # fmt: skip
    except IntegrityError as refused:
        if "segment_name_unique" in str(refused):
            raise SegmentNameTaken(changes["name"]) from None
        raise
    for field, value in changes.items():
        setattr(segment, field, value)
    return True
