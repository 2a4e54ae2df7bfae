"""A form that is opened in the page's <dialog>, or, without scripts, as a page of its own."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django_htmx.http import HttpResponseClientRedirect

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.navigation import in_dialog


def leave(request: HtmxHttpRequest, url: str) -> HttpResponse:
    """After a successful POST: go to `url`. A dialog closes by it, since the browser loads the page anew."""
    return HttpResponseClientRedirect(url) if in_dialog(request) else HttpResponseRedirect(url)
