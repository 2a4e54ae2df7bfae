"""The page of one code; releasing it, holding it back, and putting it back into the pool."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.actions.keep_offer import OFFER
from campaigns.codes.balance import was_ever_used
from campaigns.codes.models import Voucher
from campaigns.codes.state import balance, gift_amount
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.models import AuditEntry
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, READ, requires, reveals_codes
from publications.actions.hold_back import CannotReturn, NotInPool
from publications.actions.hold_back import hold_back as hold_code_back
from publications.actions.hold_back import put_back as put_code_back
from publications.actions.release import CodeWasUsed, NotPublished, ReasonMissing
from publications.actions.release import release as release_code
from publications.code_visibility import is_masked, shown
from publications.models import Publication, PublishedVoucher
from publications.pages.forms import ReasonForm, ReleaseForm
from publications.queries.foresee_refusal import foresee_refusal_of_code
from publications.redemptions.models import Redemption

SHOWN = 50  # events of one code: it is published a few times at most, each time after a release, but used any number of times


@require_safe
@requires(READ)
def code(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    voucher = get_object_or_404(Voucher.objects.select_related("campaign"), pk=voucher_id)
    reveals = reveals_codes(request.user)
    ledger = list(
        voucher.ledger.select_related("publication__customer", "publication__export").order_by("-publication")[:SHOWN]
    )
    failed = Publication.objects.filter(attempted_code=voucher.code).select_related("customer")
    redemptions = voucher.redemptions.select_related("customer", "stack").order_by("-created_at", "-pk")
    changes = AuditEntry.objects.filter(object_id=voucher.public_id).exclude(
        action__in=["code.released", "code.retired"]
    )
    offers = AuditEntry.objects.filter(
        object_id=voucher.campaign.public_id if voucher.campaign else "",
        action="campaign.changed",
        created_at__gte=voucher.created_at,
        details__changes__has_any_keys=sorted(OFFER),
    )
    events = _timeline(
        ledger,
        failed.order_by("-created_at")[:SHOWN],
        redemptions[: SHOWN + 1],
        changes.order_by("-created_at")[:SHOWN],
        offers.order_by("-created_at")[:SHOWN] if voucher.campaign else [],
    )
    context = {
        "title": shown(voucher, reveals=reveals),
        "masked": is_masked(voucher, reveals=reveals),
        "voucher": voucher,
        "withdrawn": voucher.withdrawn_why if not voucher.published_at else None,
        "obstacles": [] if voucher.published_at or voucher.deleted_at else foresee_refusal_of_code(voucher),
        **_terms(voucher),
        "gift_amount": gift_amount(voucher),
        "balance": balance(voucher),
        "live": next((row.publication for row in ledger if row.released_at is None), None),
        "events": events[:SHOWN],
        "more": len(events) > SHOWN,
    }
    return render(request, "dashboard/code.html", context)


def _terms(voucher: Voucher) -> dict:
    """What holds for the code: its own, or where that is null, the campaign's."""
    campaign = voucher.campaign
    fields = {"starts": "start_date", "ends": "expiration_date", "limit": "redemption_limit", "category": "category"}
    own = {name: getattr(voucher, field) for name, field in fields.items()}
    return {
        name: getattr(campaign, fields[name]) if value is None and campaign else value for name, value in own.items()
    }


def _timeline(
    ledger: Iterable[PublishedVoucher],
    failed: Iterable[Publication],
    redemptions: Iterable[Redemption],
    changes: Iterable[AuditEntry],
    offers: Iterable[AuditEntry],
) -> list[dict]:
    """What happened to the code, newest first."""
    events = []
    for row in ledger:
        if row.released_at:
            events.append({"what": "released", "at": row.released_at, "row": row})
        events.append({"what": "published", "at": row.publication.created_at, "publication": row.publication})
    events += ({"what": "failed", "at": publication.created_at, "publication": publication} for publication in failed)
    events += ({"what": "used", "at": redemption.created_at, "redemption": redemption} for redemption in redemptions)
    events += ({"what": "changed", "at": entry.created_at, "entry": entry} for entry in changes)
    events += ({"what": "offer", "at": entry.created_at, "entry": entry} for entry in offers)
    return sorted(events, key=lambda event: event["at"], reverse=True)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def release(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    voucher = get_object_or_404(Voucher.objects.select_related("campaign"), pk=voucher_id)
    back = reverse("dashboard:code", kwargs={"voucher_id": voucher.pk})
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
    holder = (
        Publication.objects.filter(ledger__voucher=voucher, ledger__released_at=None).select_related("customer").first()
    )
    context = {"title": "Release this code", "voucher": voucher, "holder": holder, "form": form, "back": back}
    return render(request, "dashboard/release.html", context | {"used": used, "balance": balance(voucher)})


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
    back = reverse("dashboard:code", kwargs={"voucher_id": voucher.pk})
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            verb(voucher, by=Actor.user(request.user), reason=form.cleaned_data["reason"])
        except (NotInPool, CannotReturn, ReasonMissing) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return leave(request, back)
    return render(request, "dashboard/code_reason.html", {**words, "voucher": voucher, "form": form, "back": back})
