"""Where the project requires a second factor, whoever may manage or export sets one up before anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from config.staff.models import ProjectSettings
from config.staff.roles import EXPORT, MANAGE, may
from config.staff.sign_in.second_step import has_shown_second_factor

# What one needs to set it up, or to leave.
OPEN = {
    "set-up-second-factor",
    "recovery-codes",
    "logout",
    "login",
    "sign-in-code",
    "password_change",
    "ask-for-link",
    "forgot-password",
    "invitation",
}


def is_required_of(user: User | AnonymousUser, project: ProjectSettings) -> bool:
    return project.require_second_factor and (may(user, MANAGE) or may(user, EXPORT))


def require_second_factor(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware, for the dashboard and the administration alike."""

    def answer(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        match = request.resolver_match
        project = getattr(request, "project", None)
        if (
            project is None
            or not project.require_second_factor
            or (match and match.url_name in OPEN)
            or has_shown_second_factor(request)
            or not is_required_of(request.user, project)
        ):
            return None
        address = reverse("account:set-up-second-factor")
        return HttpResponseClientRedirect(address) if getattr(request, "htmx", None) else redirect(address)

    answer.process_view = process_view  # type: ignore[attr-defined]  # Django asks middleware for it
    return answer
