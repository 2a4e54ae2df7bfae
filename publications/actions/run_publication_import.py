"""Runs an import of past publications, or of what became of a hand-out's codes."""

from __future__ import annotations

from config.imports.run_import import run_import
from publications.actions.settle_hand_out import importer_of
from publications.models import PublicationImport


def import_publications(import_id: int) -> None:
    """To its end; what happened stands on its row. May be called again at any time.

    Raises OperationalError and InterfaceError: then it is to be called again.
    """
    found = PublicationImport.objects.select_related("hand_out").filter(pk=import_id).first()
    if found:
        run_import(found, importer_of(found))
