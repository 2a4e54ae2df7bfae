"""Takes up an import that failed or was stopped."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from config.actor import Actor
from config.imports.models import CsvImport

Status, OnError = CsvImport.Status, CsvImport.OnError


class NotFailed(Exception):
    """The import has neither failed nor been stopped, somebody else has taken it up already, or its file is gone."""


def retry_import(csv_import: CsvImport, *, by: Actor, defer: Callable[[int], object]) -> None:
    """Queues it once more. An all-or-nothing import that failed keeps the good rows this time; one that was stopped
    begins anew; another goes on where it stopped.

    Raises NotFailed.
    """
    with transaction.atomic():
        failed = (
            type(csv_import)
            ._default_manager.select_for_update()
            .filter(pk=csv_import.pk, status__in=[Status.FAILED, Status.STOPPED])
            .first()
        )
        if failed is None or not failed.file or failed.is_undone:
            raise NotFailed
        if failed.on_error == OnError.ALL_OR_NOTHING and failed.status == Status.FAILED:
            failed.on_error = OnError.KEEP_GOOD
            failed.rows_read = failed.rows_refused = failed.done = 0
            failed.refused.all().delete()
        if failed.error_file:  # the next run writes it anew
            failed.error_file.delete(save=False)
        failed.status, failed.error, failed.finished_at = Status.QUEUED, "", None
        failed.actor_kind, failed.actor_id, failed.actor_label = by
        failed.save()
        defer(failed.pk)
