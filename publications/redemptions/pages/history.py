"""The list of all redemptions, failed attempts and rollbacks; and what others than the holders tried."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from campaigns.models import Campaign
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.looking_back import newest
from config.staff.lists.tables import list_page
from config.staff.roles import READ, requires, reveals_codes
from publications.redemptions.models import Redemption
from publications.redemptions.pages.filters import LOOKED_THROUGH, RedemptionFilter
from publications.redemptions.pages.tables import AllRedemptionsTable
from publications.redemptions.queries.tried_by_others import SHOWN, find_leaks


@require_safe
@requires(READ)
def redemptions(request: HtmxHttpRequest) -> HttpResponse:
    filterset = RedemptionFilter(request.GET, reveals=reveals_codes(request.user))
    table = AllRedemptionsTable(filterset.qs, user=request.user)
    table.looked = filterset.looked
    return list_page(request, "redemptions/all.html", table, {"title": "Redemptions"}, filterset=filterset)


@require_safe
@requires(READ)
def tried_by_others(request: HtmxHttpRequest) -> HttpResponse:
    look = newest(Redemption.objects.all(), LOOKED_THROUGH)
    context = {
        "title": "Tried by others",
        "leaks": find_leaks(look.rows),
        "watched": Campaign.objects.live().exclude(only_holder=Campaign.OnlyHolder.OFF).exists(),
        "looked_back_to": look.edge and look.edge.at,
        "looked_at": LOOKED_THROUGH,
        "shown": SHOWN,
        "reveals": reveals_codes(request.user),
    }
    return render(request, "redemptions/tried_by_others.html", context)
