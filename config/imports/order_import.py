"""Orders an import that nobody looks at before it runs, as the API does: the file is read as its headings say."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from django.core.files import File
from django.db import transaction

from config.actor import Actor
from config.imports.csv.cells import marked
from config.imports.csv.columns import Field, is_field
from config.imports.csv.files import csv_line
from config.imports.csv.uploads import NotCsv
from config.imports.draft_import import draft_import, start_import
from config.imports.models import CsvImport

IN_MEMORY = 1024 * 1024

Import = TypeVar("Import", bound=CsvImport)


class NothingToImport(ValueError):
    """There is not one row."""


def order_import(
    model: type[Import],
    upload: File,
    *,
    by: Actor,
    fields: Sequence[Field],
    ignored: Sequence[str] = (),
    required: str = "",
    defer: Callable[[int], object],
    **columns: Any,
) -> Import:
    """Keeps the file and queues the import; `columns` are further columns of its row.

    `required` is the field without which nothing can be imported. Raises NotCsv; then nothing is kept.
    """
    with transaction.atomic():
        draft = draft_import(model, upload, by=by, fields=fields, ignored=ignored, **columns)
        try:
            if required and required not in draft.mapping.values():
                label = next(field.label for field in fields if field.name == required)
                raise NotCsv(f"There is no column “{label}”, which is required.")
            if not any(map(is_field, draft.mapping.values())):
                known = ", ".join(field.label for field in fields[:4])
                raise NotCsv(f"No column was recognised. Give the columns headings such as {known}.")
            start_import(draft, by=by, defer=defer)
        except BaseException:
            draft.delete_files()
            raise
    return draft


def order_import_of_rows(
    model: type[Import],
    rows: Iterable[Mapping[str, Any]],
    *,
    by: Actor,
    fields: Sequence[Field],
    defer: Callable[[int], object],
    **columns: Any,
) -> Import:
    """The same of rows that came as JSON, {name of a field: value}. They become the CSV file that they amount to: what
    runs them, counts them, names the bad ones and deletes them in the end is what does so for uploaded files.

    Raises NothingToImport.
    """
    names = [field.name for field in fields]
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as content:
        headings = content.write(csv_line(names))
        for row in rows:
            content.write(csv_line([_cell(row.get(name)) for name in names], lossless=True))
        if content.tell() == headings:
            raise NothingToImport
        upload = File(content, name="sent-as-json.csv")
        upload.size = content.tell()
        sent_as = model.SentAs.JSON
        return order_import(model, upload, by=by, fields=fields, defer=defer, sent_as=sent_as, **columns)


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case dict():
            return json.dumps(value, ensure_ascii=False) if value else ""
    return marked(str(value))  # who reads the file takes an apostrophe for a spreadsheet's; this one was meant
