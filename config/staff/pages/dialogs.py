"""A form that is opened in the page's <dialog>, or, without scripts, as a page of its own."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django_htmx.http import HttpResponseClientRedirect

from config.staff.htmx_request import HtmxHttpRequest

DIALOG = "dialog"  # the id of the <dialog> in base.html, and so the HX-Target of everything that is opened in it


def in_dialog(request: HtmxHttpRequest) -> bool:
    """Whether the answer will be put into the page's <dialog> rather than be a page of its own."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and htmx.target == DIALOG


def leave(request: HtmxHttpRequest, url: str) -> HttpResponse:
    """After a successful POST: go to `url`. A dialog closes by it, since the browser loads the page anew."""
    return HttpResponseClientRedirect(url) if in_dialog(request) else HttpResponseRedirect(url)
