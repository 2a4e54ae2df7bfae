"""Signing in and out, and one's own password. The admin's sign-in page leads here, so that there is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    PasswordChangeDoneView,
    PasswordChangeView,
    redirect_to_login,
)
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from config.actor import Actor
from config.processes.buffered_wsgi import TOO_MANY_ASIDE
from config.staff.audit import record
from config.staff.sign_in import second_step
from config.staff.sign_in.client_address import client_address
from config.staff.sign_in.kept_forms import go_on, kept_from, kept_in
from config.staff.sign_in.log_sign_ins import log_refused
from config.staff.sign_in.password_hasher import TooManyPasswords
from config.staff.sign_in.second_factor import has_second_factor
from config.staff.sign_in.sessions import end_sessions
from config.staff.sign_in.sign_in_limit import fails_too_often


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page for whoever is signed out, on the way to `request`; with its form, if it was one.

    A part of a page that HTMX asked for gets 401 instead, and requests.js says what to do: the page itself, with all that
    was typed into it, stays as it is.
    """
    if getattr(request, "htmx", None):
        return HttpResponse("Your session has ended. Sign in again.", status=401, content_type="text/plain")
    if request.method != "POST":
        return redirect_to_login(request.get_full_path())
    view = SignIn(kept=kept_from(request))
    view.setup(request)
    return view.render_to_response(view.get_context_data(form=SignIn.form_class(request)), status=401)


class SignIn(LoginView):
    kept: dict[str, Any] | None = None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        # The session ended while a page was open, and only a part of it was asked for.
        return ask_to_sign_in(request) if getattr(request, "htmx", None) else super().get(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        user = form.get_user()
        if has_second_factor(user):
            second_step.begin(self.request, user)
            if self.kept:  # which has no room in an address
                return second_step.ask_for_code(self.request, second_step.CodeForm(), kept=self.kept)
            return redirect(reverse("sign-in-code", query={"next": self.get_redirect_url()}))
        if not self.kept:
            return super().form_valid(form)
        login(self.request, user)
        return go_on(self.request, self.kept)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, kept=self.kept)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refused without a look at the password where that would cost others too much."""
        if TOO_MANY_ASIDE in request.META:
            return too_many_passwords(request)
        if fails_too_often(client_address(request)):
            log_refused(request, request.POST.get("username"), "too many failures from this address")
            return later(request, "registration/locked.html", 429, seconds=900)
        self.kept = kept_in(request)
        return super().post(request, *args, **kwargs)


def later(request: HttpRequest, template: str, status: int, *, seconds: int) -> HttpResponse:
    response = render(request, template, status=status)
    response["Retry-After"] = seconds
    return response


def too_many_passwords(request: HttpRequest) -> HttpResponse:
    return later(request, "registration/busy.html", 503, seconds=5)


def password_turns(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: wherever a password was to be checked or set and its turn did not come, the page says so."""

    def answer(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return too_many_passwords(request) if isinstance(exception, TooManyPasswords) else None

    answer.process_exception = process_exception  # type: ignore[attr-defined]  # Django asks middleware for it
    return answer


class PasswordForm(PasswordChangeForm):
    single_column = True


class ChangePassword(PasswordChangeView):
    form_class = PasswordForm

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            user = cast(User, self.request.user)
            end_sessions(user, but=self.request.session.session_key)
            record(
                "user.password_changed",
                by=Actor.user(user),
                object_id=f"user_{user.pk}",
                object_label=user.get_username(),
            )
        return response


urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("login/code/", second_step.sign_in_code, name="sign-in-code"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", ChangePassword.as_view(), name="password_change"),
    path("password/changed/", PasswordChangeDoneView.as_view(), name="password_change_done"),
]
