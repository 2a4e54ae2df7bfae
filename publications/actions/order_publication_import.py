"""Orders an import of past publications. What runs it is run_publication_import.py."""

from __future__ import annotations

from django.core.files import File
from procrastinate.contrib.django import app

from config.actor import Actor
from config.imports.order_import import order_import
from publications.columns import FIELDS, IGNORED
from publications.models import PublicationImport


def order_publication_import(upload: File, *, by: Actor) -> PublicationImport:
    """Of a CSV file. Raises NotCsv where it cannot be read or has no column of codes."""
    return order_import(
        PublicationImport, upload, by=by, fields=FIELDS, ignored=IGNORED, required="voucher_code", defer=_defer
    )


def _defer(import_id: int) -> None:
    app.configure_task("publications.run_publication_import").defer(import_id=import_id)
