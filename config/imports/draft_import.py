"""An import before it runs: upload a file, look at its first rows, correct how it is read, start it, throw it away."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from django.core.files import File
from django.db import connection, transaction

from config.actor import Actor
from config.imports.csv.columns import Field, guess_mapping
from config.imports.csv.uploads import NotCsv, Reading, Row, look_at, read_csv
from config.imports.limit_uploads import check_uploads
from config.imports.models import CsvImport
from config.imports.run_import import Importer, ImportImpossible, check, take_in
from config.imports.staged_rows import create_tables, drop_tables

PREVIEWED = 10  # rows

Status = CsvImport.Status
Import = TypeVar("Import", bound=CsvImport)


class NotADraft(Exception):
    """The import has been started or thrown away meanwhile."""


class Preview(NamedTuple):
    """What the first rows of the file look like, read in one way."""

    headings: list[str]
    rows: list[Row]  # with what is wrong with each under the mapping, if anything
    problem: str = ""  # why the file cannot be read in this way


def draft_import(
    model: type[Import],
    upload: File,
    *,
    by: Actor,
    fields: Sequence[Field],
    ignored: Sequence[str] = (),
    **columns: Any,
) -> Import:
    """Keeps the uploaded file with a guess at how it is to be read; `columns` are further columns of the draft.

    Raises NotCsv and TooManyUploads; then nothing is kept.
    """
    check_uploads(by, size=upload.size)
    reading = look_at(upload)
    headings, rows = read_csv(upload, reading)
    if next(rows, None) is None:
        raise NotCsv("The file has headings but no rows.")
    draft = model(
        original_name=(upload.name or "file.csv")[-255:],
        size=upload.size,
        total=upload.size,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        mapping=guess_mapping(headings, fields, ignored=ignored),
        status=Status.DRAFT,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
        **columns,
    )
    upload.seek(0)
    draft.file.save(f"{uuid.uuid4()}.csv", upload, save=False)
    try:
        draft.save()
    except BaseException:
        draft.file.delete(save=False)
        raise
    return draft


def preview(draft: CsvImport, importer: Importer) -> Preview:
    """The first rows, each with all that is wrong with it, as the draft says that the file is to be read: also where
    its code or customer is known here already, or stands in an earlier one of these rows."""
    try:
        with draft.file.open("rb") as file:
            headings, rows = read_csv(file, Reading(draft.encoding, draft.delimiter))
            importer.prepare(headings)
            return Preview(headings, _judged(list(islice(rows, PREVIEWED)), importer))
    except (NotCsv, ImportImpossible) as impossible:
        return Preview([], [], str(impossible))
    except FileNotFoundError:
        return Preview([], [], "The uploaded file no longer exists. Upload it again.")


def _judged(rows: list[Row], importer: Importer) -> list[Row]:
    """The rows, each with all that the import would refuse it for: by the same statements, over a table of its own."""
    if not rows:
        return rows
    good, wrong = check(importer, rows)
    after = rows[0].number - 1
    with transaction.atomic(), connection.cursor() as cursor:
        create_tables(cursor, importer.columns)
        refused = take_in(cursor, importer, good, wrong, after=after, afresh=False)
        refused += importer.foresee(cursor, after)
        drop_tables(cursor)
    problems = {refusal.row: refusal.error for refusal in refused}
    return [row._replace(problem=problems.get(row.number, "")) for row in rows]


def change_draft(
    draft: CsvImport,
    *,
    options: Mapping[str, Any],
    mapping: dict[str, str],
    importer: Importer,
    fields: Sequence[Field],
    ignored: Sequence[str] = (),
) -> Preview:
    """Keeps how the draft is to be read; returns what that gives. `options` are columns of the draft, already checked.

    Another encoding or delimiter makes other headings: then the mapping is guessed anew. Raises NotADraft.
    """
    before = Reading(draft.encoding, draft.delimiter)
    for name, value in {**options, "mapping": mapping}.items():
        setattr(draft, name, value)
    shown = preview(draft, importer)
    if Reading(draft.encoding, draft.delimiter) != before:
        draft.mapping = guess_mapping(shown.headings, fields, ignored=ignored)
        shown = preview(draft, importer)
    kept = {name: getattr(draft, name) for name in [*options, "mapping"]}
    if not type(draft)._default_manager.filter(pk=draft.pk, status=Status.DRAFT).update(**kept):
        raise NotADraft
    return shown


def start_import(csv_import: CsvImport, *, by: Actor, defer: Callable[[int], object]) -> None:
    """Puts a draft into the queue; `defer` writes the job, in the same transaction. Raises NotADraft."""
    with transaction.atomic():
        draft = type(csv_import)._default_manager.filter(pk=csv_import.pk, status=Status.DRAFT)
        if not draft.update(status=Status.QUEUED, actor_kind=by.kind, actor_id=by.id, actor_label=by.label):
            raise NotADraft
        defer(csv_import.pk)


def discard_import(csv_import: CsvImport) -> None:
    """Throws a draft and its file away. Raises NotADraft."""
    with transaction.atomic():
        draft = (
            type(csv_import)._default_manager.select_for_update().filter(pk=csv_import.pk, status=Status.DRAFT).first()
        )
        if draft is None:
            raise NotADraft
        draft.delete()
        transaction.on_commit(lambda: draft.file.delete(save=False))
