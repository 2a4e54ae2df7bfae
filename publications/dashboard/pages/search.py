"""The search box: what is typed there is found on this page, or, where it is an id, at once."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import READ, requires, reveals_codes
from publications.dashboard.queries.search_everything import SHOWN, page_of_exact_hit, page_of_id, search_everything

LONGEST = 255


@require_safe
@requires(READ)
def search(request: HtmxHttpRequest) -> HttpResponse:
    text = " ".join(request.GET.get("q", "").replace("\x00", " ").split())[:LONGEST]
    if text and (page := page_of_id(text)):
        return redirect(page)
    reveals = reveals_codes(request.user)
    found = search_everything(text, reveals=reveals) if text else None
    if found and (page := page_of_exact_hit(found, text)):
        return redirect(page)
    context = {"title": "Search", "text": text, "found": found, "shown": SHOWN, "reveals": reveals}
    return render(request, "dashboard/search.html", context)
