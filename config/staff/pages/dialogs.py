"""Forms that open in the page's <dialog> or, without scripts, as a page of their own."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django_htmx.http import HttpResponseClientRedirect

from config.staff.htmx_request import HtmxHttpRequest

DIALOG = "dialog"  # the id of the <dialog> in base.html, and so the HX-Target of everything that is opened in it


def in_dialog(request: HtmxHttpRequest) -> bool:
    """Whether the response goes into the page's <dialog> rather than being a page of its own."""
    htmx = getattr(request, "htmx", None)
    return htmx is not None and htmx.target == DIALOG


def confirm(request: HtmxHttpRequest, title: str, text: str, *, submit: str, back: str) -> HttpResponse:
    """Asks before something that cannot be undone. `submit` names the act, `back` is where "Cancel" leads."""
    context = {"title": title, "text": text, "submit": submit, "back": back}
    return render(request, "partials/_confirm.html", context)


def leave(request: HtmxHttpRequest, url: str) -> HttpResponse:
    """After a successful POST: goes to `url`. This closes the dialog, since the browser loads a new page."""
    return HttpResponseClientRedirect(url) if in_dialog(request) else HttpResponseRedirect(url)
