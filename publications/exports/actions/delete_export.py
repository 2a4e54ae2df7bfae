"""Deletes an export that was ordered through the API, and its file. The audit log keeps who ordered and downloaded it."""

from __future__ import annotations

from django.db import transaction

from config.actor import Actor
from config.staff.audit import record
from publications.exports.models import Export


def delete_export(export: Export, *, by: Actor) -> bool:
    """False if someone else just did this. An export whose file is being made is deleted too: the worker drops what it
    has.

    A hand-out's row belongs to its publication and cannot be deleted (ValueError).
    """
    if export.kind == Export.Kind.HAND_OUT:
        raise ValueError("A hand-out cannot be deleted.")
    with transaction.atomic():
        found = Export.objects.select_for_update().filter(pk=export.pk).first()
        if not found:
            return False
        if found.file:
            found.file.storage.delete(str(found.file))  # before its row, so that a crash forgets no file
        found.delete()
        record(
            "export.deleted", by=by, object_id=export.public_id, object_label=export.file_name,
            campaign_id=export.campaign_id, kind=export.kind,
        )  # fmt: skip
    return True
