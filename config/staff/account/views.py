"""The page of the user's own account: name, password, second factor, sessions."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from config.actor import Actor
from config.staff.account.forms import NameForm
from config.staff.audit import record
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.require_second_factor import is_required_of
from config.staff.roles import EXPLAINED, requires
from config.staff.sign_in.second_factor import has_second_factor, recovery_codes_left
from config.staff.sign_in.sessions import device_of, end_sessions, sessions_of

MOST_SESSIONS = 50


@require_safe
@requires()
def account(request: HtmxHttpRequest) -> HttpResponse:
    return _page(request, NameForm(instance=request.user))


def _page(request: HtmxHttpRequest, form: NameForm) -> HttpResponse:
    user = request.user
    sessions = list(sessions_of(user)[: MOST_SESSIONS + 1])
    for session in sessions:
        session.device = device_of(session.agent)  # type: ignore[attr-defined]
        session.is_this = session.session_key == request.session.session_key  # type: ignore[attr-defined]
    names = set(user.groups.values_list("name", flat=True))
    by_factor = has_second_factor(user)
    context = {
        "title": "Your account",
        "form": form,
        "roles": [(name, words) for name, words in EXPLAINED.items() if name in names],
        "has_second_factor": by_factor,
        "is_required": is_required_of(user, request.project),
        "codes_left": recovery_codes_left(user) if by_factor else 0,
        "sessions": sessions[:MOST_SESSIONS],
        "has_more": len(sessions) > MOST_SESSIONS,
        "hours": settings.SESSION_COOKIE_AGE // 3600,
    }
    return render(request, "staff/account/account.html", context)


@require_POST
@requires()
def change_name(request: HtmxHttpRequest) -> HttpResponse:
    form = NameForm(request.POST, instance=request.user)
    if not form.is_valid():
        return _page(request, form)
    if form.has_changed():
        form.instance.save(update_fields=form.changed_data)
        _record(request, "edited", fields=form.changed_data)
        messages.success(request, "Your name has been saved.")
    return redirect("account:account")


@require_POST
@requires()
def end_session(request: HtmxHttpRequest, session_id: int) -> HttpResponse:
    session = get_object_or_404(sessions_of(request.user), pk=session_id)
    if session.session_key == request.session.session_key:
        messages.info(request, "This is the browser you are using. To end its session, sign out.")
    elif session.delete()[0]:
        _record(request, "sessions_ended", count=1)
        messages.success(request, f"{device_of(session.agent)} has been signed out.")
    return redirect("account:account")


@require_POST
@requires()
def end_other_sessions(request: HtmxHttpRequest) -> HttpResponse:
    if ended := end_sessions(request.user, but=request.session.session_key):
        _record(request, "sessions_ended", count=ended)
        messages.success(request, "You have been signed out everywhere else.")
    else:
        messages.info(request, "You were not signed in anywhere else.")
    return redirect("account:account")


def _record(request: HtmxHttpRequest, what: str, **details: Any) -> None:
    user = request.user
    record(
        f"user.{what}", by=Actor.user(user), object_id=f"user_{user.pk}", object_label=user.get_username(), **details
    )
