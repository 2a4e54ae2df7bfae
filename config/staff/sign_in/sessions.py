"""Somebody's sessions: on which device, where and when each was last used, and how to end them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in
from django.db import DatabaseError
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from config.staff.models import StaffSession
from config.staff.sign_in.client_address import client_address

NOTED_EVERY = timedelta(minutes=1)

BROWSERS = [
    (("Edg",), "Edge"),
    (("OPR/",), "Opera"),
    (("SamsungBrowser",), "Samsung Internet"),
    (("Firefox/", "FxiOS"), "Firefox"),
    (("Chrome/", "CriOS"), "Chrome"),
    (("Safari/",), "Safari"),
]
SYSTEMS = [
    (("iPhone",), "iPhone"),
    (("iPad",), "iPad"),
    (("Android",), "Android"),
    (("Windows",), "Windows"),
    (("Mac OS X", "Macintosh"), "Mac"),
    (("CrOS",), "ChromeOS"),
    (("Linux", "X11"), "Linux"),
]


def sessions_of(user: User) -> QuerySet[StaffSession]:
    return StaffSession.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-last_used_at", "-pk")


def end_sessions(user: User, *, but: str | None = None) -> int:
    """Signs the user out everywhere, or everywhere else: `but` is the session_key that stays. How many were ended."""
    return StaffSession.objects.filter(user=user).exclude(session_key=but).delete()[0]


def device_of(agent: str) -> str:
    """ "Firefox on Windows": what a browser says of itself, as far as a person wants to know."""
    browser = next((name for marks, name in BROWSERS if any(mark in agent for mark in marks)), "")
    system = next((name for marks, name in SYSTEMS if any(mark in agent for mark in marks)), "")
    return " on ".join(filter(None, [browser, system])) or "Unknown device"


def note_use(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: notes once a minute that a session is used, and from where."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        row = getattr(request.session, "row", None)
        if row and row.user_id and timezone.now() - row.last_used_at > NOTED_EVERY:
            with suppress(DatabaseError):  # pages can be read while nothing can be written
                _note(request)
        return response

    return answer


def _note(request: HttpRequest) -> None:
    """In a statement of its own: saving the whole session would undo what another request has put into it meanwhile."""
    StaffSession.objects.filter(session_key=request.session.session_key).update(
        last_used_at=Now(),
        address=client_address(request),
        agent=request.headers.get("User-Agent", "").replace("\x00", "")[:200],
    )


def _note_sign_in(sender: Any, *, request: HttpRequest | None, **_: Any) -> None:
    if request and client_address(request):
        request.session.save()  # the row of a session that has just begun
        _note(request)


def note_sign_ins() -> None:
    user_logged_in.connect(_note_sign_in, dispatch_uid="handout.note_sign_ins")
