"""What somebody typed into a form survives the end of their session: they sign in again and send it once more.

The page that asks to sign in carries the form's fields and gives them back behind the sign-in, on a page with one button.
Nothing is stored on the server. Whoever gets here has passed the CSRF check, or came from a page of this very server.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

MOST_CHARACTERS = 2_000_000  # of a form, as JSON; a longer one is lost, and the page says so
NEVER_KEPT = (
    "csrfmiddlewaretoken",
    "password",
    "second_factor",
)  # by the beginning of the field's name, or a part of it


def kept_from(request: HttpRequest) -> dict[str, Any]:
    """{"address", "fields" as JSON ("" where they are too long), "files": whether files were lost}."""
    pairs = [
        (name, value)
        for name, values in request.POST.lists()
        if not any(part in name.lower() for part in NEVER_KEPT)
        for value in values
    ]
    fields = json.dumps(pairs)
    return {
        "address": request.get_full_path(),
        "fields": fields if len(fields) <= MOST_CHARACTERS else "",
        "files": bool(request.FILES) or getattr(request, "files_were_dropped", False),
    }


def kept_in(request: HttpRequest) -> dict[str, Any] | None:
    """What the sign-in form carries along, or None. Raises BadRequest for what our page has not made."""
    address = request.POST.get("kept_address", "")
    if not address:
        return None
    if not address.startswith("/") or not url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        raise BadRequest("The form leads to another server.")
    fields = request.POST.get("kept_fields", "")
    return {"address": address, "fields": fields, "files": request.POST.get("kept_files") == "1"}


def go_on(request: HttpRequest, kept: dict[str, Any]) -> HttpResponse:
    """The page whose one button sends the kept form to where it was meant for."""
    try:
        pairs = [(str(name), str(value)) for name, value in json.loads(kept["fields"] or "[]")]
    except (ValueError, TypeError) as error:
        raise BadRequest("The kept form cannot be read.") from error
    return render(request, "registration/go_on.html", {"kept": kept, "pairs": pairs})


def comes_from_here(request: HttpRequest) -> bool:
    """Whether a page of this server sent the form: browsers say so with every POST, and no other page can."""
    return urlsplit(request.headers.get("Origin", "")).netloc == request.get_host()
