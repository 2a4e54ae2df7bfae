"""Signing in and out, and one's own password. The admin's sign-in page leads here, so that there is one."""

from __future__ import annotations

from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeDoneView, PasswordChangeView
from django.shortcuts import render
from django.urls import path
from django_htmx.http import HttpResponseClientRefresh

from config.client_address import client_address
from config.log_sign_ins import log_refused
from config.password_hasher import TooManyPasswords
from config.runtime.buffered_wsgi import TOO_MANY_ASIDE
from config.sign_in_limit import fails_too_often


class SignIn(LoginView):
    def get(self, request, *args, **kwargs):
        # The session ended while a page was open: a part of it was asked for, and the whole page must be left.
        if request.htmx:
            return HttpResponseClientRefresh()
        return super().get(request, *args, **kwargs)

    def post(self, request, *args, **kwargs):
        """Refused without a look at the password where that would cost others too much."""
        if TOO_MANY_ASIDE in request.META:
            return too_many_passwords(request)
        if fails_too_often(client_address(request)):
            log_refused(request, request.POST.get("username"), "too many failures from this address")
            return later(request, "registration/locked.html", 429, seconds=900)
        return super().post(request, *args, **kwargs)


def later(request, template: str, status: int, *, seconds: int):
    response = render(request, template, status=status)
    response["Retry-After"] = seconds
    return response


def too_many_passwords(request):
    return later(request, "registration/busy.html", 503, seconds=5)


def password_turns(get_response):
    """Middleware: wherever a password was to be checked or set and its turn did not come, the page says so."""

    def answer(request):
        return get_response(request)

    def process_exception(request, exception):
        return too_many_passwords(request) if isinstance(exception, TooManyPasswords) else None

    answer.process_exception = process_exception  # type: ignore[attr-defined]  # Django asks middleware for it
    return answer


class PasswordForm(PasswordChangeForm):
    single_column = True


urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", PasswordChangeView.as_view(form_class=PasswordForm), name="password_change"),
    path("password/changed/", PasswordChangeDoneView.as_view(), name="password_change_done"),
]
