"""Signing in and out, and one's own password. The admin's sign-in page leads here, so that there is one."""

from __future__ import annotations

from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeDoneView, PasswordChangeView
from django.urls import path
from django_htmx.http import HttpResponseClientRefresh


class SignIn(LoginView):
    def get(self, request, *args, **kwargs):
        # The session ended while a page was open: a part of it was asked for, and the whole page must be left.
        if request.htmx:
            return HttpResponseClientRefresh()
        return super().get(request, *args, **kwargs)


class PasswordForm(PasswordChangeForm):
    single_column = True


urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("password/", PasswordChangeView.as_view(form_class=PasswordForm), name="password_change"),
    path("password/changed/", PasswordChangeDoneView.as_view(), name="password_change_done"),
]
