"""The pages on which past publications are imported. Their flow is in config/imports/pages/views.py. For Managers."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from procrastinate.contrib.django import app

from campaigns.codes.mask import mask
from config.imports.pages import views as pages
from config.imports.pages.forms import OptionsForm
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import MANAGE, requires
from publications.actions.import_publications import PublicationImporter
from publications.columns import FIELDS, IGNORED, warning_of
from publications.models import PublicationImport

PUBLICATIONS = pages.ImportKind(
    model=PublicationImport,
    fields=FIELDS,
    ignored=IGNORED,
    required="voucher_code",
    importer=PublicationImporter,
    defer=lambda import_id: app.configure_task("publications.run_publication_import").defer(import_id=import_id),
    form=OptionsForm,
    page="publications:publication-import",
    # Until they are imported they are codes of the pool.
    masked=lambda field, cell: mask(cell) if field == "voucher_code" and cell else cell,
    warning=lambda draft: warning_of(draft.mapping),
)
page = require_http_methods(["GET", "HEAD", "POST"])


@page
@requires(MANAGE)
def import_publications(request: HtmxHttpRequest) -> HttpResponse:
    return pages.upload_page(request, PUBLICATIONS, context=_context())


@page
@requires(MANAGE)
def publication_import(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.import_page(request, PUBLICATIONS, _find(import_id), context=_context())


@require_safe
@requires(MANAGE)
def errors(request: HtmxHttpRequest, import_id: int) -> FileResponse:
    return pages.error_file(_find(import_id))


@require_POST
@requires(MANAGE)
def discard(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.discard(request, _find(import_id), upload_url=_context()["upload_url"])


@require_POST
@requires(MANAGE)
def retry(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.retry(request, PUBLICATIONS, _find(import_id))


@require_POST
@requires(MANAGE)
def stop(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.stop(request, PUBLICATIONS, _find(import_id))


def _find(import_id: int) -> PublicationImport:
    return get_object_or_404(PublicationImport, pk=import_id)


def _context() -> dict:
    return {
        "what": "publications",
        "icon": "send",
        "list_name": "Publications",
        "list_url": reverse("publications:history"),
        "heading": "Import publications",
        "upload_url": reverse("publications:import"),
        "intro": "Codes that another system has published: which code, to whom and when. Import the codes and customers first.",
        "hint": "Times without an offset are in the project’s time zone. "
        "Rows with neither a customer nor a date are skipped.",
        "example": "examples/publications.csv",
    }
