"""The pages for importing codes, for Managers. Their flow is in config/imports/pages/views.py."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from procrastinate.contrib.django import app

from campaigns.codes.actions.import_codes import CodeImporter
from campaigns.codes.actions.undo_import import NotUndoable, order_undo
from campaigns.codes.columns import FIELDS, IGNORED
from campaigns.codes.mask import mask
from campaigns.codes.models import CodeImport
from campaigns.models import Campaign
from config.actor import Actor
from config.imports.pages import views as pages
from config.imports.pages.forms import OptionsForm
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import confirm, leave
from config.staff.roles import MANAGE, requires

CODES = pages.ImportKind(
    model=CodeImport,
    fields=FIELDS,
    ignored=IGNORED,
    required="code",
    importer=CodeImporter,
    defer=lambda import_id: app.configure_task("codes.run_code_import").defer(import_id=import_id),
    form=OptionsForm,
    page="campaigns:code-import",
    # They are to be codes of ours, so they are shown as such.
    masked=lambda field, cell: mask(cell) if field == "code" and cell else cell,
)
DATES = "A code expires at the end of its expiration date, in the project’s time zone, unless the cell has a time."
page = require_http_methods(["GET", "HEAD", "POST"])


@page
@requires(MANAGE)
def import_into_campaign(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    return pages.upload_page(request, CODES, context=_context(campaign), campaign=campaign)


@page
@requires(MANAGE)
def import_standalone(request: HtmxHttpRequest) -> HttpResponse:
    return pages.upload_page(request, CODES, context=_context(None), campaign=None)


@page
@requires(MANAGE)
def code_import(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    found = _find(import_id)
    return pages.import_page(request, CODES, found, context=_context(found.campaign))


@require_safe
@requires(MANAGE)
def errors(request: HtmxHttpRequest, import_id: int) -> FileResponse:
    return pages.error_file(_find(import_id))


@require_POST
@requires(MANAGE)
def discard(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    found = _find(import_id)
    return pages.discard(request, found, upload_url=_context(found.campaign)["upload_url"])


@require_POST
@requires(MANAGE)
def retry(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.retry(request, CODES, _find(import_id))


@require_POST
@requires(MANAGE)
def stop(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    return pages.stop(request, CODES, _find(import_id))


@page
@requires(MANAGE)
def undo(request: HtmxHttpRequest, import_id: int) -> HttpResponse:
    found = _find(import_id)
    url = reverse("campaigns:code-import", args=[found.pk])
    if request.method == "POST":
        try:
            order_undo(found, by=Actor.user(request.user))
        except NotUndoable:
            messages.info(request, "This import cannot be undone, or someone else has just done so.")
        return leave(request, url)
    what = "code it imported is" if found.rows_imported == 1 else f"{found.rows_imported:,} codes it imported are"
    return confirm(
        request,
        "Undo this import",
        f"The {what} erased, if none has been published, used or changed since. If one has, all are kept.",
        submit="Undo import",
        back=url,
    )


def _find(import_id: int) -> CodeImport:
    return get_object_or_404(CodeImport.objects.select_related("campaign"), pk=import_id)


def _context(campaign: Campaign | None) -> dict:
    """What the pages say about where the codes go."""
    if campaign:
        return {
            "what": "codes",
            "campaign": campaign,
            "list_name": "Campaigns",
            "list_url": reverse("campaigns:list"),
            "heading": "Import codes",
            "upload_url": reverse("campaigns:import", args=[campaign.pk]),
            "intro": f"The codes are added to the pool of {campaign.name}, unpublished. "
            "If a row has no value, dates or limit, the campaign’s apply.",
            "hint": DATES,
            "example": "examples/codes-for-a-campaign.csv",
        }
    return {
        "what": "codes",
        "icon": "ticket",
        "list_name": "Codes",
        "list_url": reverse("campaigns:codes"),
        "heading": "Import standalone codes",
        "upload_url": reverse("campaigns:import-codes"),
        "intro": "These codes belong to no campaign, so each row must say what its code is worth.",
        "hint": DATES,
        "example": "examples/standalone-codes.csv",
    }
