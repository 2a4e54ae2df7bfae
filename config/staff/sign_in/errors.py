"""Error pages that Django does not pick by itself."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from config.staff.sign_in.kept_forms import comes_from_here, go_on, kept_from
from config.staff.sign_in.pages import ask_to_sign_in


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form of a session that has ended since: who sent it from a page of ours signs in, or goes on with the new session."""
    user = getattr(request, "user", None)
    if user is None or getattr(request, "htmx", None) or not comes_from_here(request):
        return render(request, "403_csrf.html", status=403)
    if user.is_authenticated:
        return go_on(request, kept_from(request))
    if request.path == reverse("login"):  # only the cookie was missing: nothing but a password could be kept
        return render(request, "403_csrf.html", status=403)
    return ask_to_sign_in(request)


def server_error(request: HttpRequest) -> HttpResponse:
    """A database that is away, or takes no writes just now, is no fault of ours, and worth another try."""
    if not isinstance(sys.exception(), OperationalError | InterfaceError):
        return render(request, "500.html", status=500)
    response = render(request, "503.html", status=503)
    response["Retry-After"] = "5"
    return response
