"""Stores a report under a name, so that it can be ordered again."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from campaigns.models import Campaign
from config.actor import Actor
from config.staff.audit import record
from publications.exports.choose_columns import check_columns
from publications.exports.models import SavedView


class ViewNameTaken(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(f"A view called “{name}” already exists. Choose another name, or delete that view first.")


def save_view(
    name: str, *, kind: str, filters: str, order: str, columns: Sequence[str], campaign: Campaign | None, by: Actor
) -> SavedView:
    """Raises ViewNameTaken, UnknownColumn and TooManyColumns."""
    name = " ".join(name.split())
    fields = {"actor_kind": by.kind, "actor_id": by.id, "actor_label": by.label, "campaign": campaign}
    try:
        with transaction.atomic():
            view = SavedView.objects.create(
                name=name, kind=kind, filters=filters, order=order, columns=check_columns(kind, columns), **fields
            )
            record("view.saved", by=by, object_id=str(view.pk), object_label=name, kind=kind)
    except IntegrityError:
        raise ViewNameTaken(name) from None
    return view


def delete_view(view: SavedView, *, by: Actor) -> None:
    with transaction.atomic():
        if SavedView.objects.filter(pk=view.pk).delete()[0]:
            record("view.deleted", by=by, object_id=str(view.pk), object_label=view.name, kind=view.kind)
