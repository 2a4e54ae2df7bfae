"""Setting up a second factor, its recovery codes, and turning it off again."""

from __future__ import annotations

from base64 import b32encode
from binascii import unhexlify

import segno
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.actor import Actor
from config.staff.account.forms import PasswordConfirmed, SetUpForm
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import leave
from config.staff.require_second_factor import is_required_of
from config.staff.roles import requires
from config.staff.sign_in.second_factor import (
    WrongCode,
    has_second_factor,
    new_recovery_codes,
    remove_second_factor,
)
from config.staff.sign_in.second_factor import set_up as set_up_second_factor
from config.staff.sign_in.second_step import has_shown_second_factor, note_shown
from config.staff.sign_in.sessions import end_sessions

CODES = "recovery_codes"  # in the session, for one look

form_page = require_http_methods(["GET", "HEAD", "POST"])


@sensitive_post_parameters()
@never_cache
@form_page
@requires()
def set_up(request: HtmxHttpRequest) -> HttpResponse:
    """Also for changing phones: the new app replaces the old one."""
    user = request.user
    replaces = has_second_factor(user)
    if replaces and not has_shown_second_factor(request):
        # It was set up elsewhere since: here, it has never been shown.
        logout(request)
        return redirect("login")
    form = SetUpForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        try:
            codes = set_up_second_factor(user, key=form.key, code=form.cleaned_data["second_factor_code"])
        except WrongCode:
            form.add_error(
                "second_factor_code", "This is not what the app shows now. Wait for the next code and try again."
            )
        else:
            if codes:
                request.session[CODES] = codes
                end_sessions(user, but=request.session.session_key)
            note_shown(request)
            request.session.save()  # a second click must find the codes there
            return redirect("account:recovery-codes")
    device = TOTPDevice(user=user, key=form.key)
    context = {
        "title": "Set up a second factor",
        "form": form,
        "qr": mark_safe(_drawn(device.config_url)),  # noqa: S308 - segno's own SVG
        "secret": _grouped(b32encode(unhexlify(form.key)).decode()),
        "replaces": replaces,
        "is_required": is_required_of(user, request.project),
    }
    return render(request, "staff/account/set_up_second_factor.html", context)


def _drawn(text: str) -> str:
    """The QR code as SVG in the page, without any request, as the Content-Security-Policy demands."""
    return segno.make(text, error="m").svg_inline(scale=4, border=3, dark="#000", light="#fff")


def _grouped(secret: str) -> str:
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


@never_cache
@require_safe
@requires()
def recovery_codes(request: HtmxHttpRequest) -> HttpResponse:
    """The only page that shows them, once."""
    codes = request.session.pop(CODES, None)
    if not codes:
        return redirect("account:account")
    return render(request, "staff/account/recovery_codes.html", {"codes": codes, "title": "Recovery codes"})


@sensitive_post_parameters()
@form_page
@requires()
def new_codes(request: HtmxHttpRequest) -> HttpResponse:
    if not has_second_factor(request.user):
        return redirect("account:account")
    form = PasswordConfirmed(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        request.session[CODES] = new_recovery_codes(request.user)
        return leave(request, reverse("account:recovery-codes"))
    return render(request, "staff/account/new_recovery_codes.html", {"form": form, "title": "New recovery codes"})


@sensitive_post_parameters()
@form_page
@requires()
def remove(request: HtmxHttpRequest) -> HttpResponse:
    user = request.user
    if is_required_of(user, request.project):
        raise PermissionDenied("Your role requires a second factor. You can set up another app instead.")
    if not has_second_factor(user):
        return redirect("account:account")
    form = PasswordConfirmed(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        if remove_second_factor(user, by=Actor.user(user)):
            messages.success(request, "You now sign in with your password alone.")
        return leave(request, reverse("account:account"))
    return render(
        request, "staff/account/remove_second_factor.html", {"form": form, "title": "Remove the second factor"}
    )
