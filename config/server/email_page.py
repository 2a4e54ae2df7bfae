"""The page E-mail: how it is sent, a test, and what makes mailboxes trust it."""

from __future__ import annotations

from email.utils import parseaddr
from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from config.actor import Actor
from config.server.send_test_email import NotSent, send_test_email
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.roles import MANAGE, requires


class TestForm(forms.Form):
    address = forms.EmailField(label="Send a test to", max_length=320)
    single_column = True


class Record(NamedTuple):
    """An entry in the domain's DNS that tells mailboxes whose mail it is."""

    title: str
    name: str
    value: str
    text: str


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(MANAGE)
def email(request: HtmxHttpRequest) -> HttpResponse:
    form = TestForm(request.POST or None, initial={"address": request.user.email})
    if request.method == "POST" and form.is_valid():
        try:
            send_test_email(form.cleaned_data["address"], by=Actor.user(request.user))
        except NotSent as problem:
            form.add_error("address", str(problem))
        else:
            messages.success(request, "The mail server has accepted the test. See whether it arrives, also among spam.")
            return redirect("server:email")
    return render(request, "server/email.html", {"title": "E-mail", "form": form, **_status()})


def _status() -> dict[str, Any]:
    domain = sender_domain()
    return {
        "sends": settings.EMAIL_IS_SENT,
        "server": f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
        "encryption": "TLS" if settings.EMAIL_USE_SSL else "STARTTLS" if settings.EMAIL_USE_TLS else "",
        "user": settings.EMAIL_HOST_USER,
        "sender": settings.DEFAULT_FROM_EMAIL,
        "domain": domain,
        "site": settings.SITE_URL,
        "records": _records(domain) if domain else [],
    }


def sender_domain() -> str:
    """Of the address that messages come from; "" where no mailbox would take mail from it."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2].lower()
    return domain if "." in domain.strip(".") and not domain.endswith((".localhost", ".local", ".invalid")) else ""


def _records(domain: str) -> list[Record]:
    return [
        Record(
            "SPF",
            domain,
            "v=spf1 include:YOUR-PROVIDER ~all",
            "Which servers may send for the domain. Your mail provider says what to include. A domain has one such record: add to it "
            "if there is one.",
        ),
        Record(
            "DKIM",
            f"SELECTOR._domainkey.{domain}",
            "v=DKIM1; k=rsa; p=PUBLIC-KEY",
            "The key by which mailboxes check that a message was not changed. Your mail provider makes it and gives you name and value.",
        ),
        Record(
            "DMARC",
            f"_dmarc.{domain}",
            f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}",
            "What mailboxes do with mail that fails both, and where they report it. Begin with p=none; choose p=quarantine once the "
            "reports show only your own mail.",
        ),
    ]
