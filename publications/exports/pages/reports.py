"""Ordering a report: choosing its columns and order, and saving it under a name."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.paging import PLACE
from config.staff.pages.dialogs import leave
from config.staff.roles import EXPORT, MANAGE, may, requires, reveals_codes
from publications.exports.actions.order_selection import selection_in_words
from publications.exports.actions.save_view import ViewNameTaken, delete_view, save_view
from publications.exports.models import Export, SavedView
from publications.exports.pages.forms import ReportForm
from publications.exports.report import filters_in_words, order_report

# Lists that have a filter called campaign themselves.
OF_ALL = {"all-codes": Export.Kind.CODES, "all-redemptions": Export.Kind.REDEMPTIONS, "funnel": Export.Kind.FUNNEL}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(EXPORT)
def report(request: HtmxHttpRequest) -> HttpResponse:
    """Opened from a list page with `kind`, `campaign` and the filters of its address, or with a saved `view`. `all-codes`
    is the list of codes of the whole server, whose own filter is called `campaign` too; `report` stands for `kind` where a
    list has a filter of that name."""
    act = request.POST.get("act", "")
    if request.method == "POST":
        form = ReportForm(request.POST, user=request.user)
    else:
        form = ReportForm(user=request.user, initial=_asked_for(request.GET, request.user))
    if form.is_bound and act in ("", "save") and form.is_valid():
        asked = form.cleaned_data
        chosen = {"filters": asked["filters"], "campaign": asked["campaign"], "order": asked.get("order", "")}
        if act == "save":
            return _save(request, form, {"kind": asked["kind"], "columns": asked.get("columns", []), **chosen})
        ordered = order_report(
            asked["kind"],
            columns=asked.get("columns", ()),
            by=Actor.user(request.user),
            layout=form.layout,
            form_token=asked["token"],
            **chosen,
        )
        form.remember()
        return leave(request, reverse("exports:export", kwargs={"export_id": ordered.pk}))
    return _page(request, form)


def _save(request: HtmxHttpRequest, form: ReportForm, fields: dict) -> HttpResponse:
    name = request.POST.get("view_name", "").strip()
    if not name or len(name) > 80:
        form.add_error(None, "Enter a name of up to 80 characters for the view.")
        return _page(request, form)
    try:
        view = save_view(name, by=Actor.user(request.user), **fields)
    except ViewNameTaken as taken:
        form.add_error(None, str(taken))
        return _page(request, form)
    messages.success(request, f"Saved the view “{view}”.")
    return leave(request, reverse("exports:exports"))


def _page(request: HtmxHttpRequest, form: ReportForm) -> HttpResponse:
    context = {
        "title": "Report as a file",
        "form": form,
        "about": form.about,
        "filters": in_words(form.about, request.user),
        "view_name": request.POST.get("view_name", ""),
    }
    return render(request, "exports/report.html", context)


@require_POST
@requires(EXPORT)
def remove_view(request: HtmxHttpRequest, view_id: int) -> HttpResponse:
    view = get_object_or_404(saved_views(request.user), pk=view_id)
    delete_view(view, by=Actor.user(request.user))
    messages.success(request, f"Deleted the view “{view}”.")
    return redirect("exports:exports")


def saved_views(user: User) -> QuerySet[SavedView]:
    """The saved reports that this person could order."""
    views = SavedView.objects.select_related("campaign")
    return views if may(user, MANAGE) else views.exclude(kind=Export.Kind.AUDIT)


def in_words(export: Export, user: User) -> list[tuple[str, str]]:
    if export.parameters is not None:
        return selection_in_words(export)
    return filters_in_words(export, reveals=reveals_codes(user))


def _asked_for(address: QueryDict, user: User) -> dict[str, object]:
    """The form's first values, from the address of the link: what is not about the report itself is its filters."""
    if (key := address.get("view", "")).isdecimal() and (view := saved_views(user).filter(pk=key[:18]).first()):
        campaign = view.campaign.public_id if view.campaign else ""
        return {name: getattr(view, name) for name in ("kind", "filters", "order", "columns")} | {"campaign": campaign}
    filters = address.copy()
    named = "report" if "report" in filters else "kind"  # the list of campaigns has a filter called `kind`
    kind = (filters.pop(named, None) or [""])[-1]
    campaign = ""
    if kind in OF_ALL:
        kind = OF_ALL[kind]
    else:
        campaign = (filters.pop("campaign", None) or [""])[-1]
    for name in (*PLACE, "sort"):
        filters.pop(name, None)
    given = [(name, value) for name, values in filters.lists() for value in values if value]
    return {"kind": kind, "campaign": campaign, "filters": urlencode(given)}
