"""The tabs of a campaign that tell what became of it: publication history, codes, activity."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from campaigns.codes.models import Voucher
from campaigns.codes.queries.reserved import Reserved, reserved_in
from campaigns.models import Campaign
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.models import AuditEntry
from config.staff.pages.tables import AuditTable
from config.staff.roles import READ, requires, reveals_codes
from publications.dashboard.queries.campaign_overview import overview_of
from publications.dashboard.queries.running_work import RUNNING, SHOWN
from publications.pages.filters import CampaignCodeFilter, HistoryFilter, history
from publications.pages.tables import HeldCodeTable, HistoryTable
from publications.queries.day_use import day_use
from publications.queries.foresee_refusal import foresee_refusal
from publications.queries.list_channels import MOST
from publications.redemptions.queries.history import last_attempt
from publications.tallies.tally import tally_days
from publications.watch.queries.forecast_of import forecast_of


@require_safe
@requires(READ)
def campaign(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    """A deleted campaign is found here still, by links from the history: what was published can always be read back."""
    campaign = get_object_or_404(Campaign.objects.select_related("kept_count"), pk=campaign_id)
    reveals = reveals_codes(request.user)
    publications = history(campaign=campaign, filters=request.GET, whole_codes=not reveals)
    table = HistoryTable(publications, user=request.user, hidden=("campaign",))
    return list_page(
        request,
        "dashboard/campaign.html",
        table,
        lambda: _overview(campaign, publications),
        filterset=publications,
    )


def _overview(campaign: Campaign, publications: HistoryFilter) -> dict:
    """What stands above the history: for the whole page only, not when HTMX asks for the table."""
    days, overview = tally_days(campaign), overview_of(campaign)
    reserved = Reserved([]) if campaign.reserved_from is None else reserved_in(campaign)
    publications.channels = sorted(days.channels)[:MOST]
    return {
        "title": campaign.name,
        "campaign": campaign,
        "obstacles": [] if campaign.deleted_at else foresee_refusal(campaign, codes=overview.codes),
        "codes": overview.codes,
        "figures": overview.figures,
        "failed": days.failed_in_all,
        "last_failed_at": overview.last_failed_at,
        "last_attempt": last_attempt(campaign.redemptions.all()),
        "reached": overview.reached,
        "week": days.codes(last=7),
        "week_before": days.codes(last=7, before=7),
        "week_publications": days.publications(last=7),
        "chart": days.chart(),
        "day_use": day_use(campaign),
        "forecast": forecast_of(campaign),
        "reserved": reserved,
        "free": max(0, overview.codes.left - reserved.codes),
    }


@require_safe
@requires(READ)
def campaign_codes(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.select_related("kept_count"), pk=campaign_id)
    reveals = reveals_codes(request.user)
    codes = CampaignCodeFilter(request.GET, _codes_of(campaign), reveals=reveals)
    table = HeldCodeTable(codes.qs, user=request.user, campaign=campaign)
    table.looked = codes.looked
    return list_page(
        request,
        "dashboard/campaign_codes.html",
        table,
        lambda: {
            "title": f"Codes of {campaign}",
            "campaign": campaign,
            "orders": campaign.code_orders.filter(status__in=RUNNING)[:SHOWN],
        },
        filterset=codes,
    )


def _codes_of(campaign: Campaign) -> QuerySet[Voucher]:
    return Voucher.objects.filter(campaign=campaign, deleted_at=None).select_related("campaign")


@require_safe
@requires(READ)
def campaign_activity(request: HtmxHttpRequest, campaign_id: int) -> HttpResponse:
    campaign = get_object_or_404(Campaign.objects.select_related("kept_count"), pk=campaign_id)
    entries = AuditEntry.objects.filter(campaign_id=campaign.pk).order_by("-created_at", "-id")
    return list_page(
        request,
        "dashboard/campaign_activity.html",
        AuditTable(entries),
        {"title": f"Activity of {campaign}", "campaign": campaign},
    )
