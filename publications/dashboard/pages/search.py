"""The search box: what is typed there is found on this page, or, where it is an id, at once."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import READ, requires, reveals_codes
from publications.dashboard.queries.search_everything import SHOWN, page_of_exact_hit, page_of_id, search_everything

LONGEST = 255
FOUND = "found"  # the part of the page that is asked for again while somebody types


@require_safe
@requires(READ)
def search(request: HtmxHttpRequest) -> HttpResponse:
    """As it is typed, a list; with Enter, what is found by all that was typed is opened at once."""
    text = " ".join(request.GET.get("q", "").replace("\x00", " ").split())[:LONGEST]
    typing = bool(request.htmx) and request.htmx.target == FOUND
    page = page_of_id(text) if text else None
    if page and not typing:
        return redirect(page)
    reveals = reveals_codes(request.user)
    found = search_everything(text, reveals=reveals) if text else None
    if found and not typing and (exact := page_of_exact_hit(found, text)):
        return redirect(exact)
    context = {"title": "Search", "text": text, "page": page, "found": found, "shown": SHOWN, "reveals": reveals}
    response = render(request, "dashboard/search.html", context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response
