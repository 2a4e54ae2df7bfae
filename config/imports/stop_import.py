"""Stops an import that is queued or running. What it has imported until then stays; it can be continued."""

from __future__ import annotations

from django.db import transaction

from config.actor import Actor
from config.imports.models import CsvImport
from config.imports.run_import import Importer, close
from config.staff.audit import record

Status = CsvImport.Status


class NotRunning(Exception):
    """The import has ended meanwhile, or somebody else has stopped it."""


def stop_import(csv_import: CsvImport, importer: Importer, *, by: Actor) -> None:
    """A chunk that is just being written is waited for, and counts. Whoever runs the import finds it stopped then, and
    writes the file of the rows that were refused. Raises NotRunning.
    """
    with transaction.atomic():
        now = type(csv_import)._default_manager.select_for_update().filter(pk=csv_import.pk).first()
        if now is None or not now.is_running:
            raise NotRunning
        close(now, importer, Status.STOPPED, "")
        record(
            f"{importer.noun}.import_stopped", by=by, **importer.about, rows=now.rows_read, imported=now.rows_imported
        )
