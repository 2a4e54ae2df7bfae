"""Files: ordering, watching and downloading hand-outs and reports."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.codes.queries.pool_size import pool_size
from campaigns.codes.queries.reserved import reserved_in
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.models import AuditEntry
from config.staff.pages.dialogs import leave
from config.staff.roles import EXPORT, PUBLISH, READ, may, requires
from publications.exports.actions.hand_out import HandOutRefused, order_hand_out, why_over
from publications.exports.actions.write_export import retry_export, stop_export
from publications.exports.choose_columns import heading_of
from publications.exports.models import Export
from publications.exports.pages.downloads import export_to_take
from publications.exports.pages.forms import HandOutForm
from publications.exports.pages.reports import in_words, saved_views
from publications.exports.pages.tables import ExportTable, needed_to_take
from publications.queries.standing import standing_of

PART = "export"  # the part of an export's page that is asked for again while its file is made
LATEST = 20


@require_safe
@requires(READ)
def exports(request: HtmxHttpRequest) -> HttpResponse:
    table = ExportTable(Export.objects.all(), user=request.user)
    return list_page(
        request, "exports/list.html", table, lambda: {"title": "Exports", "views": saved_views(request.user)}
    )


@require_safe
@requires(READ)
def campaign_exports(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.select_related("kept_count"), pk=campaign_id)
    table = ExportTable(campaign.exports.all(), user=request.user, campaign_shown=False)
    context = {"title": f"Exports of {campaign}", "campaign": campaign}
    return list_page(request, "exports/campaign.html", table, context)


@require_safe
@requires(READ)
def export(request: HtmxHttpRequest, export_id: int) -> HttpResponse:
    export = get_object_or_404(Export.objects.select_related("campaign", "publication"), pk=export_id)
    context = {
        "title": export,
        "export": export,
        "by_api": export.parameters is not None,
        "filters": in_words(export, request.user),
        "columns": [heading_of(export.kind, name) for name in export.columns or ()],
        "needed": needed_to_take(export),
        "may_take": may(request.user, *needed_to_take(export)),
        "standing": standing_of(export.publication) if export.publication else None,
        "entries": AuditEntry.objects.filter(object_id=export.public_id)[:LATEST],
    }
    template = "exports/_export.html" if request.htmx.target == PART else "exports/export.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_safe
@requires(READ)
def export_status(request: HtmxHttpRequest, export_id: int) -> HttpResponse:
    """The cell of a list, asked for again until the work ends; then it has the list drawn anew."""
    export = get_object_or_404(Export, pk=export_id)
    return render(request, "exports/_status.html", {"record": export, "list_url": request.htmx.current_url_abs_path})


@require_POST
@requires(EXPORT)
def retry(request: HtmxHttpRequest, export_id: int) -> HttpResponse:
    export = export_to_take(request, export_id)
    if not retry_export(export, by=Actor.user(request.user)):
        messages.info(request, "This export has neither failed nor been stopped, so there is nothing to retry.")
    return redirect("exports:export", export_id=export.pk)


@require_POST
@requires(EXPORT)
def stop(request: HtmxHttpRequest, export_id: int) -> HttpResponse:
    export = export_to_take(request, export_id)
    if not stop_export(export, by=Actor.user(request.user)):
        messages.info(request, "This export had already ended.")
    return redirect("exports:export", export_id=export.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(PUBLISH, EXPORT)
def hand_out(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    in_pool = pool_size(campaign)
    form = HandOutForm(request.POST if request.method == "POST" else None, user=request.user, in_pool=in_pool)
    if request.method == "POST" and form.is_valid():
        try:
            ordered = order_hand_out(
                campaign,
                count=form.cleaned_data["count"],
                by=Actor.user(request.user),
                layout=form.layout,
                form_token=form.cleaned_data["token"],
                for_whom=form.cleaned_data["for_whom"],
            )
        except HandOutRefused as refused:
            form.add_error(None, str(refused))
        else:
            form.remember()
            return leave(request, reverse("exports:export", kwargs={"export_id": ordered.pk}))
    context = {
        "title": "Hand out codes to a file",
        "campaign": campaign,
        "form": form,
        "in_pool": in_pool,
        "kept": reserved_in(campaign).in_words(),
        "over": why_over(campaign),
    }
    return render(request, "exports/hand_out.html", context)
