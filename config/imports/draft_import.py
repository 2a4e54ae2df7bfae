"""An import before it runs: upload a file, look at its first rows, correct how it is read, start it, throw it away."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from django.core.files import File
from django.db import transaction

from config.actor import Actor
from config.imports.csv.columns import Field, guess_mapping, is_field
from config.imports.csv.find_formats import find_formats
from config.imports.csv.headings import headings_key
from config.imports.csv.known_files import known_columns
from config.imports.csv.uploads import NotCsv, Reading, Upload, look_at, read_csv, starts_with_headings
from config.imports.limit_uploads import check_uploads
from config.imports.models import CsvImport
from config.imports.run_import import Importer, next_chunk
from config.imports.survey import FILE_IS_GONE, SURVEYED, Survey, kinds_of, survey
from config.imports.xlsx.read_workbook import is_workbook, read_sheet
from config.staff.models import ProjectSettings

FOUND_OUT = ("date_order", "decimal_mark")

Status = CsvImport.Status
Import = TypeVar("Import", bound=CsvImport)


class NotADraft(Exception):
    """The import has been started or thrown away meanwhile."""


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
    if is_workbook(upload):
        sheet = read_sheet(upload)
        with sheet.content as content:
            content.name = upload.name
            columns |= {"sheet": sheet.name, "sheets": sheet.names}
            return _draft(model, content, upload, by=by, fields=fields, ignored=ignored, **columns)
    return _draft(model, upload, None, by=by, fields=fields, ignored=ignored, **columns)


def _draft(
    model: type[Import],
    upload: File,
    workbook: File | None,
    *,
    by: Actor,
    fields: Sequence[Field],
    ignored: Sequence[str],
    **columns: Any,
) -> Import:
    reading = look_at(upload, fields)
    _, rows = read_csv(upload, reading)
    if next(rows, None) is None:
        raise NotCsv("The file has headings but no rows.")
    columns.setdefault("time_zone", ProjectSettings.current().time_zone)
    draft = model(
        original_name=(upload.name or "file.csv")[-255:],
        size=upload.size,
        total=upload.size,
        encoding=reading.encoding,
        encoding_guessed=reading.guessed,
        delimiter=reading.delimiter,
        headed=reading.headed,
        status=Status.DRAFT,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
        **columns,
    )
    _map(draft, upload, fields, ignored)
    for name, value in columns.items():
        setattr(draft, name, value)
    try:
        upload.seek(0)
        draft.file.save(f"{uuid.uuid4()}.csv", upload, save=False)
        if workbook:
            workbook.seek(0)
            draft.workbook.save(f"{uuid.uuid4()}.xlsx", workbook, save=False)
        draft.save()
    except BaseException:
        draft.delete_files()
        raise
    return draft


def change_draft(
    draft: CsvImport,
    *,
    options: Mapping[str, Any],
    mapping: dict[str, str],
    importer: Importer,
    fields: Sequence[Field],
    ignored: Sequence[str] = (),
) -> Survey:
    """Keeps how the draft is to be read; returns what that gives. `options` are columns of the draft, already checked.

    Read in another way, the file has other headings: then the mapping is guessed anew. How it writes dates and amounts
    is found out anew for other columns, unless somebody has just chosen. Raises NotADraft.
    """
    if draft.workbook and (chosen_sheet := options.get("sheet")) not in ("", None, draft.sheet):
        return _choose_sheet(draft, str(chosen_sheet), importer=importer, fields=fields, ignored=ignored)
    before, mapped = draft.reading, draft.mapping
    chosen = {name for name in FOUND_OUT if name in options and options[name] != getattr(draft, name)}
    for name, value in {**options, "mapping": mapping}.items():
        setattr(draft, name, value)
    if draft.encoding != before.encoding:
        draft.encoding_guessed = False
    if draft.reading._replace(guessed=before.guessed) != before:
        with suppress(NotCsv, FileNotFoundError), draft.file.open("rb") as file:
            _map(draft, file, fields, ignored)
    elif draft.mapping != mapped and not chosen:
        with suppress(NotCsv, FileNotFoundError), draft.file.open("rb") as file:
            _find_formats(draft, _first_rows(file, draft), fields)
    kept = {
        name: getattr(draft, name) for name in (*options, *FOUND_OUT, "mapping", "headings_key", "encoding_guessed")
    }
    if not type(draft)._default_manager.filter(pk=draft.pk, status=Status.DRAFT).update(**kept):
        raise NotADraft
    return survey(draft, importer, fields, ignored)


def _choose_sheet(
    draft: CsvImport, name: str, *, importer: Importer, fields: Sequence[Field], ignored: Sequence[str]
) -> Survey:
    """Reads another sheet of the workbook; what was chosen for the one before counts no longer."""
    before = str(draft.file)
    try:
        with draft.workbook.open("rb") as workbook:
            sheet = read_sheet(workbook, name)
    except (NotCsv, FileNotFoundError) as unreadable:
        why = str(unreadable) if isinstance(unreadable, NotCsv) else FILE_IS_GONE
        return Survey([], [], [], why)
    with sheet.content as content:
        reading = Reading("utf-8-sig", ",")
        draft.size = draft.total = content.size
        draft.encoding, draft.delimiter, draft.encoding_guessed, draft.sheet = *reading[:2], False, sheet.name
        draft.headed = starts_with_headings(content, reading, fields)
        draft.mapping, draft.headings_key = {}, ""
        with suppress(NotCsv):  # an empty sheet, which the survey says
            _map(draft, content, fields, ignored)
        content.seek(0)
        draft.file.save(f"{uuid.uuid4()}.csv", content, save=False)
    changed = ("file", "size", "total", "encoding", "delimiter", "encoding_guessed", "sheet", "headed", *FOUND_OUT)
    kept = {name: getattr(draft, name) for name in (*changed, "mapping", "headings_key")}
    if not type(draft)._default_manager.filter(pk=draft.pk, status=Status.DRAFT).update(**kept):
        draft.file.delete(save=False)
        raise NotADraft
    draft.file.storage.delete(before)
    return survey(draft, importer, fields, ignored)


def _map(draft: CsvImport, file: Upload, fields: Sequence[Field], ignored: Sequence[str]) -> None:
    """What the columns become, and how they write dates and amounts: as in the latest import of a file with the same
    headings, else as it looks."""
    headings, _ = read_csv(file, draft.reading)
    draft.headings_key = headings_key(headings) if draft.headed else ""
    rows = _first_rows(file, draft)
    mapping, *formats = _remembered(draft) or (None, "", "")
    names = {field.name for field in fields}
    if mapping is None or {name for name in mapping.values() if is_field(name)} - names:  # of another kind of file
        mapping = guess_mapping(
            headings, fields, ignored=ignored, known=known_columns(headings, fields), rows=rows, headed=draft.headed
        )
    draft.mapping = mapping
    _find_formats(draft, rows, fields)
    draft.date_order, draft.decimal_mark = draft.date_order or formats[0], draft.decimal_mark or formats[1]


def _remembered(draft: CsvImport) -> tuple[dict, str, str] | None:
    if not draft.headings_key or draft.sent_as == CsvImport.SentAs.JSON:
        return None
    earlier = (
        type(draft)
        ._default_manager.exclude(status=Status.DRAFT)
        .filter(headings_key=draft.headings_key, sent_as=CsvImport.SentAs.FILE)
    )
    return earlier.order_by("-pk").values_list("mapping", "date_order", "decimal_mark").first()


def _first_rows(file: Upload, draft: CsvImport) -> list[list[str]]:
    _, rows = read_csv(file, draft.reading)
    return [row.cells for row in next_chunk(rows, SURVEYED) if not row.problem]


def _find_formats(draft: CsvImport, rows: Sequence[Sequence[str]], fields: Sequence[Field]) -> None:
    draft.date_order, draft.decimal_mark = find_formats(rows, kinds_of(draft.mapping, fields))


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
        transaction.on_commit(draft.delete_files)
