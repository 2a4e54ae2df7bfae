"""The pages of a referral program, below its campaign."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.models import Campaign
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.paging import COUNT_UP_TO
from config.staff.lists.tables import list_page
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, READ, requires
from publications.distributions.actions.change_status import NotPossible
from publications.distributions.actions.schedule import NotReady
from publications.distributions.models import Delivery, Distribution
from publications.models import Publication
from publications.redemptions.models import Referral
from publications.referrals.actions.set_up_program import NoProgram, set_up_program
from publications.referrals.models import ReferralProgram
from publications.referrals.pages.forms import ProgramForm
from publications.referrals.pages.tables import ReferralTable, ReferrerTable


@require_safe
@requires(READ)
def referrals(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    return _page(request, campaign_id, "referees")


@require_safe
@requires(READ)
def referrers(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    return _page(request, campaign_id, "referrers")


def _page(request: HtmxHttpRequest, campaign_id: int, shown: str) -> HttpResponse:
    campaign = _campaign(campaign_id)
    program = _program(campaign)
    found = Referral.objects.filter(campaign=campaign)
    table = ReferralTable(found) if shown == "referees" else ReferrerTable(found, program=program)
    return list_page(
        request,
        "referrals/program.html",
        table,
        lambda: {
            "title": campaign.name,
            "campaign": campaign,
            "program": program,
            "shown": shown,
            "holders": _count(Publication.objects.filter(campaign=campaign, result="SUCCESS", voided_at=None)),
            "referees": _count(found),
            "for_referrers": _rewards(program.reward_referrer if program else None),
            "for_referees": _rewards(program.reward_referee if program else None),
            "count_up_to": COUNT_UP_TO,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def program(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = _campaign(campaign_id)
    form = ProgramForm(request.POST or None, program=_program(campaign))
    if request.method == "POST" and form.is_valid():
        try:
            set_up_program(campaign, **form.cleaned_data, by=Actor.user(request.user))
        except NotReady as refused:
            for problem in refused.problems:
                form.add_error(None, problem)
        except (NoProgram, NotPossible) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "The program has been set up.")
            return leave(request, reverse("referrals:referrals", kwargs={"campaign_id": campaign.pk}))
    return render(request, "referrals/edit.html", {"form": form, "campaign": campaign, "title": "Set up program"})


def _campaign(campaign_id: int) -> Campaign:
    return get_object_or_404(Campaign, pk=campaign_id, kind=Campaign.Kind.REFERRAL_PROGRAM)


def _program(campaign: Campaign) -> ReferralProgram | None:
    parts = ("invite", "reward_referrer", "reward_referee")
    return (
        ReferralProgram.objects.filter(campaign=campaign)
        .select_related(*(f"{part}__{of}" for part in parts for of in ("rule__segment", "campaign")))
        .first()
    )


def _rewards(part: Distribution | None) -> int:
    return _count(Delivery.objects.filter(distribution=part, publication__isnull=False)) if part else 0


def _count(rows: QuerySet) -> int:
    """No further than lists count."""
    return rows.order_by()[: COUNT_UP_TO + 1].count()
