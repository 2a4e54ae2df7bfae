"""The list of campaigns, and what a Manager can do to a campaign. Its history and codes are in publications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from campaigns.actions.change_campaign import CampaignGone, Held, change_campaign
from campaigns.actions.change_offer import CampaignBusy, ChangeUnderWay, change_for_new_ones, change_patiently
from campaigns.actions.create_campaign import NameTaken, create_campaign
from campaigns.actions.delete_campaign import delete_campaign
from campaigns.actions.keep_offer import OFFER, count_inheriting
from campaigns.check_value import InvalidFields
from campaigns.codes.code_space import CodeSpaceTooSmall, InvalidCodeConfiguration, code_space
from campaigns.codes.queries.count_codes import count_codes
from campaigns.codes.queries.preview_codes import preview_codes
from campaigns.models import Campaign
from campaigns.pages.filters import CampaignFilter
from campaigns.pages.forms import CONFIGURATION, CampaignForm, CodeFields, DeleteForm, DisableForm
from campaigns.pages.tables import CampaignTable
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, READ, may, requires

SUGGESTIONS = 8
SHOWN_ORDERS = 5
HEAVY = ("metadata", "description")  # what a list does not show


@require_safe
@requires(READ)
def campaigns(request: HtmxHttpRequest) -> HttpResponse:
    listed = Campaign.objects.live().defer(*HEAVY).select_related("kept_count")
    filterset = CampaignFilter(request.GET, listed.annotate(empty_on=F("kept_count__empty_on")))
    table = CampaignTable(filterset.qs, may_manage=may(request.user, MANAGE))
    return list_page(request, "campaigns/list.html", table, {"title": "Campaigns"}, filterset=filterset)


@require_safe
@requires(READ)
def suggest(request: HtmxHttpRequest) -> HttpResponse:
    """What a type-ahead for campaigns gets: names, since each name means one campaign."""
    text = " ".join(request.GET.get("q", "").replace("\x00", " ").split())
    found = Campaign.objects.live().filter(Q(name__icontains=text)).order_by("name")[:SUGGESTIONS] if text else []
    options = [{"value": found.name, "label": found.name, "sub": found.get_kind_display()} for found in found]
    return render(request, "partials/_options.html", {"options": options})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def create(request: HtmxHttpRequest) -> HttpResponse:
    form = CampaignForm(request.POST if request.method == "POST" else None)
    # Without scripts the preview is a button of the form.
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST:
        try:
            count = form.cleaned_data["count"]
            campaign = create_campaign(form.columns(), count=count, by=Actor.user(request.user))
        except InvalidFields as refused:
            form.refuse(refused.errors)
        except NameTaken as taken:
            form.add_error("name", str(taken))
        except CodeSpaceTooSmall as refused:
            form.add_error("count", str(refused))
        else:
            messages.success(request, f"{campaign} has been created.")
            if form.cleaned_data["how"] == "import":
                return redirect("campaigns:import", campaign_id=campaign.pk)
            if order := campaign.code_orders.first():
                return redirect("campaigns:order", campaign_id=campaign.pk, order_id=order.pk)
            return redirect("campaigns:settings", campaign_id=campaign.pk)
    context = {"title": "New campaign", "form": form, **preview_of(form.values)}
    return render(request, "campaigns/create.html", context)


@require_safe
@requires(MANAGE)
def preview(request: HtmxHttpRequest) -> HttpResponse:
    return render(request, "campaigns/_preview.html", preview_of(request.GET))


def preview_of(data: Mapping[str, Any]) -> dict:
    """Sample codes for the configuration typed so far, or why there are none."""
    form = CodeFields(data)
    try:
        if not form.is_valid():
            return {"preview_error": "Please fix the highlighted fields to see sample codes."}
        given: dict[str, Any] = {name.removeprefix("code_"): form.cleaned_data[name] or "" for name in CONFIGURATION}
        space = code_space(**given)
    except InvalidCodeConfiguration as refused:
        return {"preview_error": refused.message}
    count = str(data.get("count") or "0")
    return {"preview": preview_codes(space, count=int(count) if count.isdecimal() and len(count) <= 12 else 0)}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def settings(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    form = CampaignForm(request.POST if request.method == "POST" else None, campaign=campaign)
    if request.method == "POST" and form.is_valid() and "preview" not in request.POST and not _asks_about_held(form):
        by = Actor.user(request.user)
        try:
            if form.held == Held.NEW:
                order = change_for_new_ones(campaign, form.changes(), by=by)
            else:
                change_patiently(campaign, form.changes(), held=form.held, by=by)
                order = None
        except InvalidFields as refused:
            form.refuse(refused.errors)
        except NameTaken as taken:
            form.add_error("name", str(taken))
        except (ChangeUnderWay, CampaignBusy) as refused:
            form.add_error(None, str(refused))
        except CampaignGone as gone:
            messages.error(request, str(gone))
            return redirect("campaigns:list")
        else:
            messages.success(request, "The change is in progress." if order else "Saved.")
            return redirect("campaigns:settings", campaign_id=campaign.pk)
    context = {
        "title": f"Settings of {campaign}",
        "campaign": campaign,
        "form": form,
        "orders": campaign.code_orders.all()[:SHOWN_ORDERS],
        "offer_change": campaign.offer_changes.first(),
        **preview_of(form.values),
    }
    return render(request, "campaigns/settings.html", context)


def _asks_about_held(form: CampaignForm) -> bool:
    """Whether the form still has to ask what its changed offer means for codes already given out."""
    offer = form.changes().keys() & OFFER
    if not offer or form.held or not form.campaign or not (count := count_inheriting(form.campaign, offer)):
        return False
    form.ask_about_held(count)
    form.add_error("held", form.fields["held"].error_messages["required"])
    return True


@require_POST
@requires(MANAGE)
def enable(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    return _switch(request, campaign_id, active=True, word="enabled")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def disable(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    if request.method == "POST":
        return _switch(request, campaign_id, active=False, word="disabled")
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    context = {
        "title": f"Disable {campaign}?",
        "campaign": campaign,
        "form": DisableForm(),
        "count": count_codes([campaign])[campaign.pk],
    }
    return render(request, "campaigns/disable.html", context)


def _switch(request: HtmxHttpRequest, campaign_id: int, *, active: bool, word: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    change_campaign(campaign, {"active": active}, by=Actor.user(request.user))
    messages.success(request, f"{campaign} is {word}.")
    return leave(request, reverse("campaigns:settings", kwargs={"campaign_id": campaign.pk}))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def delete(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.live(), pk=campaign_id)
    form = DeleteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        delete_campaign(campaign, force=form.cleaned_data["force"], by=Actor.user(request.user))
        messages.success(request, f"{campaign} has been deleted.")
        return leave(request, "/campaigns/")
    context = {
        "title": f"Delete {campaign}?",
        "campaign": campaign,
        "form": form,
        "count": count_codes([campaign])[campaign.pk],
    }
    return render(request, "campaigns/delete.html", context)
