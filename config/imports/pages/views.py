"""The pages of an import, the same for all kinds: upload, draft, progress and result, error file.

An app's own views (such as campaigns/pages/import_views.py) check who may do it, find the import, and
hand it over with its `ImportKind`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

from config.actor import Actor
from config.api.limits.upload_limit import is_too_large
from config.imports.csv.columns import Field, keeps_metadata, mapped_columns
from config.imports.csv.known_files import known_file
from config.imports.csv.uploads import NotCsv
from config.imports.draft_import import NotADraft, change_draft, discard_import, draft_import, start_import
from config.imports.limit_uploads import TooManyUploads
from config.imports.models import CsvImport
from config.imports.pages.forms import ColumnsForm, OptionsForm, UploadForm, chosen_mapping, mapping_errors
from config.imports.retry_import import NotFailed, retry_import
from config.imports.run_import import Importer
from config.imports.stop_import import NotRunning, stop_import
from config.imports.survey import Survey, survey
from config.staff.htmx_request import HtmxHttpRequest

RECENT = 10  # imports listed below the upload
SHOWN = 100  # refused rows on the page
Status = CsvImport.Status


@dataclass(frozen=True)
class ImportKind:
    """What the pages must know of one kind of import."""

    model: type[CsvImport]
    fields: Sequence[Field]
    ignored: Sequence[str]
    required: str | None  # the field without which nothing can be imported
    importer: Callable[[Any], Importer]
    defer: Callable[[int], object]  # writes the job that runs the import with this key
    form: type[OptionsForm]
    page: str  # the names of the import's own addresses, each with its key: page, page-errors, page-discard, page-retry, page-stop
    masked: Callable[[str, str], str] = lambda field, text: text  # how a cell is shown that becomes this field
    warning: Callable[[Any], str] = lambda draft: ""  # what a person should know before starting it


def upload_page(request: HtmxHttpRequest, kind: ImportKind, *, context: dict, **columns: Any) -> HttpResponse:
    """The form, and the recent imports. `columns` are those of the draft that say where it belongs."""
    too_large = is_too_large(request)
    form = UploadForm(request.POST, request.FILES, too_large=too_large) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        try:
            draft = draft_import(
                kind.model,
                form.upload,
                by=Actor.user(request.user),
                fields=kind.fields,
                ignored=kind.ignored,
                **columns,
            )
        except (NotCsv, TooManyUploads) as refused:
            form.add_error("file", str(refused))
        else:
            return redirect(kind.page, draft.pk)
    recent = kind.model._default_manager.filter(**columns)[:RECENT]
    context = {"title": context["heading"], "fields": kind.fields, "required": kind.required, **context}
    context["keeps_metadata"] = keeps_metadata(kind.fields)
    return render(request, "imports/upload.html", {"form": form, "recent": recent, "page": kind.page, **context})


def import_page(request: HtmxHttpRequest, kind: ImportKind, csv_import: CsvImport, *, context: dict) -> HttpResponse:
    """One address for the whole life of an import: it can be left and found again."""
    context = {"import": csv_import, "page": kind.page, "title": csv_import.original_name, **context}
    if csv_import.status == Status.DRAFT:
        return _draft_page(request, kind, csv_import, context)
    if request.method == "POST":
        messages.info(request, "This import has already been started.")
        return redirect(kind.page, csv_import.pk)
    if not csv_import.is_running:
        context |= {"refused": csv_import.refused.order_by("row")[:SHOWN], "tiles": _tiles(csv_import, context)}
    return _page_or_part(request, "imports/result.html", "imports/_result.html", context)


def _tiles(csv_import: CsvImport, context: dict) -> list[dict]:
    """`counted` in the context: what a count is called instead, {its label: (label, what is said of it)}."""
    what, counted, refused = context["what"], context.get("counted", {}), bool(csv_import.error_file)
    tiles: list[dict] = [
        {"label": "Rows read", "value": csv_import.rows_read, "sub": _duration(csv_import)},
        {"label": "Imported", "value": csv_import.rows_imported, "sub": f"New {what}"},
        {"label": "Updated", "value": csv_import.rows_updated, "sub": "Matched by source ID or e-mail"},
        {"label": "Skipped", "value": _passed_over(csv_import), "sub": "Already imported, or without a holder"},
        {"label": "Rejected", "value": csv_import.rows_refused, "sub": "Listed in the error file" if refused else ""},
    ]
    only = {"Updated": "customers", "Skipped": "publications"}
    shown = [tile for tile in tiles if tile["label"] in counted or only.get(tile["label"], what) == what]
    for tile in shown:
        tile["label"], tile["sub"] = counted.get(tile["label"], (tile["label"], tile["sub"]))
    return shown


def _passed_over(csv_import: CsvImport) -> int:
    if csv_import.status != Status.DONE:  # the rest of a file of which nothing was imported
        return 0
    return csv_import.rows_read - csv_import.rows_imported - csv_import.rows_updated - csv_import.rows_refused


def _duration(csv_import: CsvImport) -> str:
    if not (csv_import.started_at and csv_import.finished_at):
        return ""
    seconds = round((csv_import.finished_at - csv_import.started_at).total_seconds())
    return f"In {seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"In {max(seconds, 1)} s"


def _draft_page(request: HtmxHttpRequest, kind: ImportKind, draft: CsvImport, context: dict) -> HttpResponse:
    """POST keeps what was chosen. Where "start" was pressed and nothing is wrong, it starts the import."""
    importer = kind.importer(draft)
    options = kind.form(request.POST or None, draft=draft)
    shown = survey(draft, importer, kind.fields, kind.ignored)
    if request.method == "POST" and options.is_valid():
        try:
            shown = change_draft(
                draft,
                options=options.cleaned_data,
                mapping=chosen_mapping(request.POST, shown.headings, kind.fields),
                importer=importer,
                fields=kind.fields,
                ignored=kind.ignored,
            )
            if "start" in request.POST and not shown.hopeless and not _errors(kind, draft, shown):
                start_import(draft, by=Actor.user(request.user), defer=kind.defer)
                return redirect(kind.page, draft.pk)
        except NotADraft:
            messages.info(request, "This import has already been started.")
            return redirect(kind.page, draft.pk)
        options = kind.form(draft=draft)  # with what was found out anew
    context |= {
        "options": options,
        "preview": shown,
        "columns": _columns(request, kind, draft, shown),
        "stored": _stored(request, kind, draft, shown),
        "errors": _errors(kind, draft, shown),
        "warning": kind.warning(draft),
    }
    return _page_or_part(request, "imports/draft.html", "imports/_draft.html", context)


def _errors(kind: ImportKind, draft: CsvImport, shown: Survey) -> list[str]:
    if shown.problem:
        return []
    if kind.required not in (None, *draft.mapping.values()) and (known := known_file(shown.headings, kind.fields)):
        return [known.lacks] if known.lacks else mapping_errors(draft.mapping, kind.fields, kind.required)
    return mapping_errors(draft.mapping, kind.fields, kind.required)


def _columns(request: HtmxHttpRequest, kind: ImportKind, draft: CsvImport, shown: Survey) -> list[tuple]:
    """(heading, examples, select) for each column of the file."""
    form = ColumnsForm(headings=shown.headings, mapping=draft.mapping, fields=kind.fields)
    masked = _mask(request, kind, draft)
    return [
        (_shown(heading), [masked(draft.mapping.get(str(at), ""), _shown(cell)) for cell in samples], select)
        for at, (heading, samples, select) in enumerate(zip(shown.headings, shown.samples, form, strict=True))
    ]


def _stored(request: HtmxHttpRequest, kind: ImportKind, draft: CsvImport, shown: Survey) -> dict:
    """The first rows as they will be stored: what the columns become, and of each row its values."""
    labels = {field.name: field.label for field in kind.fields}
    columns = mapped_columns(shown.headings, draft.mapping)
    masked = _mask(request, kind, draft)
    return {
        "columns": [labels.get(column.field) or column.metadata_key for column in columns],
        "rows": [
            (row, [masked(column.field, _shown(text)) for column, text in zip(columns, row.values, strict=False)])
            for row in shown.rows
        ],
    }


def _mask(request: HtmxHttpRequest, kind: ImportKind, draft: CsvImport) -> Callable[[str, str], str]:
    """Who uploaded a file has seen its codes, and checks them here (ADR 0040); to all others they are codes of ours."""
    own = (draft.actor_kind, draft.actor_id) == Actor.user(request.user)[:2]
    return (lambda field, text: text) if own else kind.masked


def _shown(text: str) -> str:
    """Bytes that the chosen encoding does not know are kept as half characters, which no page can hold."""
    return text.encode(errors="replace").decode()


def _page_or_part(request: HtmxHttpRequest, page: str, part: str, context: dict) -> HttpResponse:
    wants_part = request.htmx and not request.htmx.history_restore_request and request.htmx.target == "import"
    response = render(request, part if wants_part else page, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def discard(request: HtmxHttpRequest, csv_import: CsvImport, *, upload_url: str) -> HttpResponse:
    try:
        discard_import(csv_import)
    except NotADraft:
        messages.error(request, "This import has already been started, so it cannot be discarded.")
    else:
        messages.success(request, f"{csv_import.original_name} has been discarded. Nothing was imported.")
    return redirect(upload_url)


def retry(request: HtmxHttpRequest, kind: ImportKind, csv_import: CsvImport) -> HttpResponse:
    try:
        retry_import(csv_import, by=Actor.user(request.user), defer=kind.defer)
    except NotFailed:
        messages.info(request, "There is nothing to retry.")
    return redirect(kind.page, csv_import.pk)


def stop(request: HtmxHttpRequest, kind: ImportKind, csv_import: CsvImport) -> HttpResponse:
    try:
        stop_import(csv_import, kind.importer(csv_import), by=Actor.user(request.user))
    except NotRunning:
        messages.info(request, "This import had already ended.")
    return redirect(kind.page, csv_import.pk)


def error_file(csv_import: CsvImport) -> FileResponse:
    """The rows that were refused. It holds what was uploaded, so the app's view lets only those in who may import."""
    if not csv_import.error_file:
        raise Http404("There is no error file, or it has been deleted.")
    try:
        content = csv_import.error_file.open("rb")
    except FileNotFoundError:
        raise Http404("The error file no longer exists.") from None
    stem = csv_import.original_name.rpartition(".")[0] or csv_import.original_name
    return FileResponse(
        content, as_attachment=True, filename=f"{stem}-errors.csv", content_type="text/csv; charset=utf-8"
    )
