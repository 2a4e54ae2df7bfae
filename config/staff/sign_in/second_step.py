"""The second step of signing in: the code of whoever has a second factor. Until then nobody is signed in."""

from __future__ import annotations

import math
import time
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from axes.helpers import get_lockout_response
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.staff.sign_in.client_address import client_address
from config.staff.sign_in.kept_forms import go_on, kept_in
from config.staff.sign_in.log_sign_ins import log_refused
from config.staff.sign_in.second_factor import Checked, Verdict, check_code
from config.staff.sign_in.sign_in_limit import fails_too_often

PENDING, SHOWN = "sign_in", "second_factor"  # in the session
SECONDS = 600  # between the password and the code


class CodeForm(forms.Form):
    second_factor_code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
        help_text="The six digits in your authenticator app, or one of your recovery codes.",
    )


def has_shown_second_factor(request: HttpRequest) -> bool:
    """Whether whoever is signed in here did so by a second factor, or set it up here."""
    return SHOWN in request.session


def note_shown(request: HttpRequest) -> None:
    request.session[SHOWN] = True


def begin(request: HttpRequest, user: User) -> None:
    """After the password. The session gets another key: it is not the one that somebody may have planted."""
    request.session.cycle_key()
    request.session[PENDING] = {
        "user": user.pk,
        "backend": user.backend,  # type: ignore[attr-defined]  # `authenticate` puts it there; the session must name it
        "hash": user.get_session_auth_hash(),
        "at": time.time(),
    }


def ask_for_code(
    request: HttpRequest, form: CodeForm, *, next_url: str = "", kept: dict[str, Any] | None = None
) -> HttpResponse:
    return render(request, "registration/code.html", {"form": form, "next": next_url, "kept": kept})


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    user = _pending(request)
    if not user:
        return redirect(settings.LOGIN_URL)
    next_url = request.POST.get("next") or request.GET.get("next", "")
    form = CodeForm(request.POST or None)
    if request.method != "POST":
        return ask_for_code(request, form, next_url=next_url)
    kept = kept_in(request)
    if refused := _refused(request, user):
        return refused
    if form.is_valid():
        checked = check_code(user, form.cleaned_data["second_factor_code"])
        if checked.verdict is Verdict.RIGHT:
            return _sign_in(request, user, checked, next_url, kept)
        _tell(form, checked)
        user_login_failed.send(
            sender=__name__, credentials={"username": user.get_username(), "step": "code"}, request=request
        )
    return ask_for_code(request, form, next_url=next_url, kept=kept)


def _pending(request: HttpRequest) -> User | None:
    """Who has given the right password here a moment ago, if nothing has changed since."""
    pending = request.session.get(PENDING)
    if not pending or not 0 <= time.time() - pending["at"] <= SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    return user if user and constant_time_compare(user.get_session_auth_hash(), pending["hash"]) else None


def _refused(request: HttpRequest, user: User) -> HttpResponse | None:
    """The limits of the password hold for the code, and the failures of both count together."""
    if fails_too_often(client_address(request)):
        log_refused(request, user.get_username(), "too many failures from this address")
        response = render(request, "registration/locked.html", status=429)
        response["Retry-After"] = 900
        return response
    if not AxesProxyHandler.is_allowed(request, {"username": user.get_username()}):
        return get_lockout_response(request, credentials={"username": user.get_username()})
    return None


def _tell(form: CodeForm, checked: Checked) -> None:
    if checked.until:
        seconds = max(1, math.ceil((checked.until - timezone.now()).total_seconds()))
        if seconds < 120:
            wait = f"{seconds} second{'' if seconds == 1 else 's'}"
        else:
            wait = f"{math.ceil(seconds / 60)} minutes"
        form.add_error("second_factor_code", f"Wait {wait}, then try again. Each wrong code makes the wait longer.")
    else:
        form.add_error(
            "second_factor_code",
            "This code is wrong, or was used before. Wait for the next one and check your phone’s clock.",
        )


def _sign_in(
    request: HttpRequest, user: User, checked: Checked, next_url: str, kept: dict[str, Any] | None
) -> HttpResponse:
    backend = request.session.pop(PENDING)["backend"]
    login(request, user, backend=backend)
    note_shown(request)
    if checked.recovery_codes_left is not None:
        left = checked.recovery_codes_left
        messages.warning(
            request,
            f"You signed in with a recovery code. {left or 'None'} {'is' if left == 1 else 'are'} left; "
            "you can get new ones under Your account.",
        )
    if kept:
        return go_on(request, kept)
    allowed = url_has_allowed_host_and_scheme(next_url, {request.get_host()}, require_https=request.is_secure())
    return redirect(next_url if allowed else settings.LOGIN_REDIRECT_URL)
