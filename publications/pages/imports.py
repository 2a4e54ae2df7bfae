"""The pages on which past publications are imported. Their flow is in config/imports/pages/views.py. For Managers."""

from __future__ import annotations

from dataclasses import replace

from django import forms
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
from publications.actions.settle_hand_out import SETTLEMENT_FIELDS, SettlementImporter
from publications.columns import FIELDS, IGNORED, warning_of
from publications.models import Publication, PublicationImport

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


class SettlementForm(OptionsForm):
    back_to_pool = forms.BooleanField(
        label="Return unused codes to the pool",
        required=False,
        help_text="Whoever had the file has seen these codes. Leave this off to retire them.",
    )


SETTLEMENTS = replace(
    PUBLICATIONS,
    fields=SETTLEMENT_FIELDS,
    importer=SettlementImporter,
    form=SettlementForm,
    warning=lambda draft: "" if set(draft.mapping.values()) - {"voucher_code"} else NOTHING_TOLD,
)
NOTHING_TOLD = "Choose the column that says who got the code, or that it was not used. Otherwise nothing is settled."
page = require_http_methods(["GET", "HEAD", "POST"])


@page
@requires(MANAGE)
def import_publications(request: HtmxHttpRequest) -> HttpResponse:
    return pages.upload_page(request, PUBLICATIONS, context=_context(), hand_out=None)


@page
@requires(MANAGE)
def settle(request: HtmxHttpRequest, publication_id: int) -> HttpResponse:
    """A file that tells which customer got which code of a hand-out, and which were not used."""
    hand_out = get_object_or_404(Publication, pk=publication_id, customer=None, result=Publication.Result.SUCCESS)
    return pages.upload_page(request, SETTLEMENTS, context=_context(hand_out), hand_out=hand_out)


@page
@requires(MANAGE)
def publication_import(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    found = _find(import_id)
    context = _context(found.hand_out)
    if found.rows_updated and not found.hand_out:
        context["counted"] = {"Updated": ("Settled", "Codes of hand-outs whose customer is now known")}
    return pages.import_page(request, _kind(found), found, context=context)


@require_safe
@requires(MANAGE)
def errors(request: HtmxHttpRequest, import_id: int) -> FileResponse:
    return pages.error_file(_find(import_id))


@require_POST
@requires(MANAGE)
def discard(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.discard(request, _find(import_id), upload_url=_context(_find(import_id).hand_out)["upload_url"])


@require_POST
@requires(MANAGE)
def retry(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    found = _find(import_id)
    return pages.retry(request, _kind(found), found)


@require_POST
@requires(MANAGE)
def stop(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.stop(request, PUBLICATIONS, _find(import_id))


def _find(import_id: int) -> PublicationImport:
    return get_object_or_404(PublicationImport.objects.select_related("hand_out"), pk=import_id)


def _kind(found: PublicationImport) -> pages.ImportKind:
    return SETTLEMENTS if found.hand_out_id else PUBLICATIONS


def _context(hand_out: Publication | None = None) -> dict:
    if hand_out:
        return {
            "what": "hand-out",
            "icon": "file-check",
            "list_name": "Hand-out",
            "list_url": hand_out.get_absolute_url(),
            "heading": "Settle a hand-out",
            "upload_url": reverse("publications:settle", args=[hand_out.pk]),
            "intro": "Tell who got the codes of this file, and which were not used. What the file does not name stays open.",
            "hint": "A row names a customer, or says “not used” in a column of its own. Customers who are not known yet are "
            "added. An unused code is retired, unless you return it to the pool.",
            "example": "examples/settlement.csv",
            "counted": {
                "Imported": ("Settled", "Their customer is now known"),
                "Updated": ("Returned", "They were not used"),
                "Skipped": ("Unchanged", "Recorded before, or without an entry"),
            },
        }
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
