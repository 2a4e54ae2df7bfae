"""The till: is this code good? It is redeemed there, and its uses are rolled back."""

from __future__ import annotations

import math
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.actor import Actor
from config.staff.guess_limit import MOST_BY_USER, guesses
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.pages.dialogs import leave
from config.staff.roles import READ, REDEEM, may, requires, reveals_codes
from customers.models import Customer
from publications.code_visibility import is_masked, shown
from publications.models import PublishedVoucher
from publications.redemptions.actions.redeem import redeem as redeem_code
from publications.redemptions.actions.roll_back import roll_back as roll_redemption_back
from publications.redemptions.models import Redemption
from publications.redemptions.pages.forms import RedeemForm, RollBackForm
from publications.redemptions.pages.tables import for_table
from publications.redemptions.pages.words import in_words
from publications.redemptions.queries.find_typed import LONGEST, find_typed
from publications.redemptions.refusals import GiftAmountExceeded, RedemptionRefused
from publications.redemptions.verdict import verdict

LATEST = 5  # uses that the page offers to roll back


@require_safe
@requires(any_of=(READ, REDEEM))
def check(request: HtmxHttpRequest) -> HttpResponse:
    """The box. A code that is found is shown on a page of its own, whose address does not hold it."""
    typed = " ".join(request.GET.get("code", "").replace("\x00", " ").split())[:LONGEST]
    who = ("user", request.user.pk)
    if not typed:
        return render(request, "redemptions/check.html", {"title": "Check a code"})
    if wait := guesses.wait(who, most=MOST_BY_USER):
        context = {"title": "Check a code", "typed": typed, "minutes": math.ceil(wait / 60)}
        return render(request, "redemptions/check.html", context, status=429)
    if found := find_typed(typed, sees_unpublished=reveals_codes(request.user)):
        return redirect("redemptions:check-code", voucher_id=found.pk)
    guesses.miss(who)
    return _page(request, None, typed=typed)


@require_safe
@requires(any_of=(READ, REDEEM))
def check_code(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    return _page(request, _voucher(request, voucher_id))


@require_POST
@requires(REDEEM)
def redeem(request: HtmxHttpRequest, voucher_id: int) -> HttpResponse:
    voucher = _voucher(request, voucher_id)
    holder = _may_be_customer(voucher, _holder(voucher))
    form = RedeemForm(request.POST, voucher=voucher, holder=holder)
    if not form.is_valid():
        return _page(request, voucher, form=form)
    sent = form.cleaned_data
    refusal: RedemptionRefused | None = None
    with transaction.atomic():  # a failed attempt is written in it, and stays
        now = Voucher.objects.select_for_update(no_key=True).get(pk=voucher.pk)
        if now.redeemed_quantity != sent["seen"]:
            messages.warning(request, "The code was used since this page was opened. Look again, then redeem it.")
            return redirect("redemptions:check-code", voucher_id=voucher.pk)
        try:
            redeem_code(
                voucher,
                amount=sent.get("amount"),
                customer=holder if sent.get("by_holder") else None,
                order={"source_id": sent["order"]} if sent["order"] else None,
                metadata={"note": sent["note"]} if sent["note"] else None,
                by=Actor.user(request.user),
            )
        except RedemptionRefused as refused:
            refusal = refused
    if refusal is not None and verdict(voucher := _voucher(request, voucher_id)).redeemable:
        # By another amount, or for the holder, it would be redeemed: what was typed stays, to be put right.
        form.add_error("amount" if isinstance(refusal, GiftAmountExceeded) else None, f"Not redeemed. {refusal.hint}")
        return _page(request, voucher, form=form)
    if refusal is None:
        messages.success(request, "Redeemed.")
    else:
        messages.error(request, f"Not redeemed. {refusal.hint}")
    return redirect("redemptions:check-code", voucher_id=voucher.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(REDEEM)
def roll_back(request: HtmxHttpRequest, redemption_id: int) -> HttpResponse:
    """Of a code that was used together with others, all of them are rolled back."""
    redemption = get_object_or_404(
        Redemption.objects.select_related("voucher", "stack").filter(kind="redemption", result="SUCCESS"),
        pk=redemption_id,
        voucher__isnull=False,
    )
    voucher = redemption.voucher
    if voucher is None or not _is_shown(request, voucher):
        raise Http404
    form, back = RollBackForm(request.POST or None), reverse("redemptions:check-code", args=[voucher.pk])
    if request.method == "POST" and form.is_valid():
        try:
            roll_redemption_back(redemption.head, reason=form.cleaned_data["reason"], by=Actor.user(request.user))
        except RedemptionRefused as refused:
            messages.error(request, refused.hint)
        else:
            messages.success(request, "The redemption has been rolled back: the code can be used again.")
        return leave(request, back)
    context = {
        "title": "Roll back this redemption",
        "redemption": redemption,
        "form": form,
        "back": back,
    }
    return render(request, "redemptions/roll_back.html", context)


def _voucher(request: HtmxHttpRequest, voucher_id: int) -> Voucher:
    voucher = get_object_or_404(Voucher.objects.select_related("campaign"), pk=voucher_id)
    if not _is_shown(request, voucher):
        raise Http404
    return voucher


def _is_shown(request: HtmxHttpRequest, voucher: Voucher) -> bool:
    return voucher.published_at is not None or reveals_codes(request.user)


def _holder(voucher: Voucher) -> PublishedVoucher | None:
    live = PublishedVoucher.objects.filter(voucher=voucher, released_at=None)
    return live.select_related("publication__customer", "settled_to").first()


def _may_be_customer(voucher: Voucher, held: PublishedVoucher | None) -> Customer | None:
    """Whom the form offers as the customer: the holder, but for a referral code, which its holder may not redeem."""
    referral = voucher.campaign is not None and voucher.campaign.kind == Campaign.Kind.REFERRAL_PROGRAM
    return held.holder if held and held.holder and not held.holder.erased_at and not referral else None


def _page(
    request: HtmxHttpRequest, voucher: Voucher | None, *, typed: str = "", form: RedeemForm | None = None
) -> HttpResponse:
    found = verdict(voucher, code=typed)
    context: dict[str, Any] = {"title": "Check a code", "typed": typed, "verdict": found, "words": in_words(found)}
    if voucher is not None:
        held = _holder(voucher)
        redeems = may(request.user, REDEEM)
        customer = _may_be_customer(voucher, held)
        if redeems and found.redeemable:
            context["form"] = form or RedeemForm(voucher=voucher, holder=customer)
        # Who redeems codes handles them: they are in clear at the till once somebody was given them.
        shows = redeems or reveals_codes(request.user)
        context |= {
            "shows_code": shows,
            "masked": is_masked(voucher, reveals=shows),
            "shown_code": shown(voucher, reveals=shows),
        }
        context |= {
            "voucher": voucher,
            "held": held,
            "uses": for_table(voucher.redemptions.order_by("-created_at", "-pk"))[:LATEST],
        }
    return render(request, "redemptions/check.html", context)
