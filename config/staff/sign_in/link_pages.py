"""Forgot the password, or got an invitation: asking for a link, and choosing a password by it."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import INTERNAL_RESET_SESSION_TOKEN, PasswordResetConfirmView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_http_methods
from procrastinate.contrib.django import app

from config.staff.sign_in.client_address import client_address
from config.staff.sign_in.links import FORGOTTEN, INVITATION, LinkEnded, Purpose, choose_password, users_of
from config.staff.sign_in.log_sign_ins import log_refused
from config.staff.sign_in.sign_in_limit import asks_too_often, note_asked


class EmailForm(forms.Form):
    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True})
    )


@require_http_methods(["GET", "HEAD", "POST"])
def forgot_password(request: HttpRequest) -> HttpResponse:
    """The same answer, and the same work, whether there is such a user or not: a worker does the rest."""
    if not settings.EMAIL_IS_SENT:
        return render(request, "registration/forgot_password.html", {"no_email": True})
    form = EmailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        address = client_address(request)
        if asks_too_often(address):
            log_refused(request, form.cleaned_data["email"], "too many failures from this address")
            response = render(request, "registration/locked.html", status=429)
            response["Retry-After"] = 900
            return response
        note_asked(address)
        found: list = users_of(form.cleaned_data["email"])
        app.configure_task("staff.send_password_links").defer(user_ids=found, site=site_of(request))
        return render(request, "registration/forgot_password.html", {"sent_to": form.cleaned_data["email"]})
    return render(request, "registration/forgot_password.html", {"form": form})


def site_of(request: HttpRequest) -> str:
    return settings.SITE_URL or request.build_absolute_uri("/")


class ChoosePassword(PasswordResetConfirmView):
    """Django's: it checks the token, and takes it out of the address before the page is shown."""

    template_name = "registration/choose_password.html"
    purpose: Purpose = FORGOTTEN

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user and user.is_active else None

    def form_valid(self, form: SetPasswordForm) -> HttpResponse:
        token = self.request.session.get(INTERNAL_RESET_SESSION_TOKEN, "")
        user = cast(User, self.user)  # else there was no form
        logout(self.request)  # of whoever was signed in here; the session also held the token
        try:
            choose_password(user, form.cleaned_data["new_password1"], purpose=self.purpose, token=token)
        except LinkEnded:
            self.validlink = False
            return self.render_to_response(self.get_context_data())
        return render(self.request, "registration/password_chosen.html", {"username": user.get_username()})

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        invited = self.purpose is INVITATION
        return super().get_context_data(**kwargs) | {"invited": invited, "username": getattr(self.user, "username", "")}


def _choose(purpose: Purpose) -> Any:
    return ChoosePassword.as_view(purpose=purpose, token_generator=purpose)


urlpatterns = [
    path("login/forgot/", forgot_password, name="ask-for-link"),
    path("login/new-password/<uidb64>/<token>/", _choose(FORGOTTEN), name="forgot-password"),
    path("login/invitation/<uidb64>/<token>/", _choose(INVITATION), name="invitation"),
]
