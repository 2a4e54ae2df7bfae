"""The page After a restore, for Managers: what is lost, what may have been given out, and how to end it."""

from __future__ import annotations

import io

from django.contrib import messages
from django.forms import BaseForm
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.models import Campaign
from config.actor import Actor
from config.imports.csv.uploads import NotCsv
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.models import Quarantine
from config.staff.pages.dialogs import confirm, leave
from config.staff.quarantine import current, reason
from config.staff.roles import MANAGE, requires
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import DeliveryReason, StatusReason
from publications.quarantine.end_quarantine import NotOpen, NotPrepared, end_quarantine
from publications.quarantine.list_pools import list_pools
from publications.quarantine.pages.forms import ListedForm, NextForm, SentForm
from publications.quarantine.pages.tables import HeldPoolTable
from publications.quarantine.read_codes import read_codes
from publications.quarantine.settle_sent import settle_sent
from publications.quarantine.withdraw_listed import Outcome, withdraw_listed
from publications.quarantine.withdraw_next import withdraw_next

form_page = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(MANAGE)
def after_restore(request: HtmxHttpRequest) -> HttpResponse:
    quarantine = current()
    if not quarantine:
        last = Quarantine.objects.first()
        return render(request, "quarantine/over.html", {"title": "After a restore", "last": last})
    pools = HeldPoolTable(list_pools(lost_since=quarantine.lost_since, opened_at=quarantine.opened_at))
    return list_page(
        request,
        "quarantine/after_restore.html",
        pools,
        lambda: {
            "title": "After a restore",
            "quarantine": quarantine,
            "reason": reason(quarantine),
            "paused": Distribution.objects.filter(status="held", status_reason=StatusReason.LOST).count(),
            "unknown": Delivery.objects.filter(state="unknown", reason=DeliveryReason.LOST).count(),
        },
    )


@form_page
@requires(MANAGE)
def withdraw_next_codes(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    if not current():
        return redirect(_page())  # which says that nothing is held
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    form = NextForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        count = withdraw_next(campaign, count=form.cleaned_data["count"], by=Actor.user(request.user))
        messages.success(
            request, f"{count:,} codes of {campaign} were withdrawn. Customers who hold them can still redeem them."
        )
        return leave(request, _page())
    return _form(request, form, f"Withdraw codes of {campaign}", "Withdraw")


@form_page
@requires(MANAGE)
def withdraw_listed_codes(request: HtmxHttpRequest) -> HttpResponse:
    if not current():
        return redirect(_page())  # which says that nothing is held
    form = ListedForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file, campaign = form.cleaned_data["file"], form.cleaned_data["campaign"]
        try:
            done = withdraw_listed(read_codes(file), campaign=campaign, by=Actor.user(request.user))
        except NotCsv as problem:
            form.add_error("file", str(problem))
        else:
            _tell(request, done)
            return leave(request, _page())
    return _form(request, form, "Withdraw codes from a file", "Withdraw")


@form_page
@requires(MANAGE)
def settle_sent_messages(request: HtmxHttpRequest) -> HttpResponse:
    if not current():
        return redirect(_page())  # which says that nothing is held
    form = SentForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        log = io.TextIOWrapper(form.cleaned_data["file"], encoding="utf-8", errors="replace")
        count = settle_sent(log, by=Actor.user(request.user))
        messages.success(request, f"{count:,} messages were marked as sent. Their recipients will not get another.")
        return leave(request, _page())
    return _form(request, form, "Mark messages as sent", "Mark as sent")


@form_page
@requires(MANAGE)
def open_again(request: HtmxHttpRequest) -> HttpResponse:
    if not (quarantine := current()):
        return redirect(_page())
    if request.method == "POST":
        try:
            end_quarantine(quarantine, by=Actor.user(request.user))
        except (NotOpen, NotPrepared) as problem:
            messages.error(request, str(problem))
        else:
            messages.success(request, "Publishing has resumed. Distributions stay paused until someone resumes them.")
        return leave(request, _page())
    return confirm(
        request,
        "Resume publishing",
        "Codes will be published again. A code that someone got after the backup and that was not withdrawn "
        "here can then go to a second person.",
        submit="Resume publishing",
        back=_page(),
    )


def _page() -> str:
    return reverse("quarantine:after-restore")


def _form(request: HtmxHttpRequest, form: BaseForm, title: str, submit: str) -> HttpResponse:
    return render(request, "quarantine/form.html", {"form": form, "title": title, "submit": submit, "back": _page()})


def _tell(request: HtmxHttpRequest, done: Outcome) -> None:
    messages.success(
        request,
        f"{done.withdrawn:,} codes were withdrawn, {done.added:,} unknown ones were added as withdrawn, and {done.given:,} were "
        "not in a pool.",
    )
    if done.refused:
        rest = f" … and {done.refused - len(done.problems):,} more." if done.refused > len(done.problems) else ""
        messages.warning(request, f"Not withdrawn, please check: {' '.join(done.problems)}{rest}")
