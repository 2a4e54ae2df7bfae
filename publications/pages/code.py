"""The pages on which a Manager takes a code back, holds it back, or returns it to the pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from campaigns.codes.balance import was_ever_used
from campaigns.codes.models import Voucher
from campaigns.codes.state import balance
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, requires
from publications.actions.hold_back import CannotReturn, NotInPool
from publications.actions.hold_back import hold_back as hold_code_back
from publications.actions.hold_back import put_back as put_code_back
from publications.actions.release import CodeWasUsed, NotPublished, ReasonMissing
from publications.actions.release import release as release_code
from publications.pages.forms import ReasonForm, ReleaseForm


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def release(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    voucher = get_object_or_404(Voucher.objects.select_related("campaign"), pk=voucher_id)
    back = voucher.get_absolute_url()
    used = was_ever_used(voucher)
    form = ReleaseForm(request.POST or None, may_return=not used)
    if request.method == "POST" and form.is_valid():
        back_to_pool = form.cleaned_data.get("then") == ReleaseForm.POOL
        try:
            release_code(
                voucher, by=Actor.user(request.user), reason=form.cleaned_data["reason"], back_to_pool=back_to_pool
            )
        except (NotPublished, ReasonMissing, CodeWasUsed) as refused:
            form.add_error(None, str(refused))
        else:
            where = "is back in the pool" if back_to_pool else "is retired: it is never published again"
            messages.success(request, f"The code has been released and {where}.")
            return leave(request, back)
    holder = voucher.ledger.filter(released_at=None).select_related("publication__customer", "settled_to").first()
    context = {"title": "Release this code", "voucher": voucher, "holder": holder, "form": form, "back": back}
    return render(request, "publications/release.html", context | {"used": used, "balance": balance(voucher)})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def hold_back(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    words = {
        "title": "Hold back this code",
        "explained": "It leaves the pool and is not published until a Manager returns it to the pool. Anyone who knows "
        "the code can still redeem it; to prevent that, disable it.",
        "submit": "Hold back",
    }
    return _with_reason(request, voucher_id, hold_code_back, "The code has been held back.", words)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def put_back(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    words = {
        "title": "Return this code to the pool",
        "explained": "The next customer may get it. Anyone who had it before may still know it.",
        "submit": "Return to pool",
    }
    return _with_reason(request, voucher_id, put_code_back, "The code is back in the pool.", words)


def _with_reason(
    request: HtmxHttpRequest, voucher_id: int, verb: Callable[..., Any], done: str, words: dict
) -> HttpResponse:
    voucher = get_object_or_404(Voucher.objects.select_related("campaign"), pk=voucher_id)
    back = voucher.get_absolute_url()
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verb(voucher, by=Actor.user(request.user), reason=form.cleaned_data["reason"])
        except (NotInPool, CannotReturn, ReasonMissing) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return leave(request, back)
    return render(request, "publications/code_reason.html", {**words, "voucher": voucher, "form": form, "back": back})
