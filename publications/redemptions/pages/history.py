"""The list of all redemptions, failed attempts and rollbacks."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.roles import READ, requires, reveals_codes
from publications.redemptions.pages.filters import RedemptionFilter
from publications.redemptions.pages.tables import AllRedemptionsTable


@require_safe
@requires(READ)
def redemptions(request: HtmxHttpRequest) -> HttpResponse:
    filterset = RedemptionFilter(request.GET, reveals=reveals_codes(request.user))
    table = AllRedemptionsTable(filterset.qs, user=request.user)
    table.looked = filterset.looked
    return list_page(request, "redemptions/all.html", table, {"title": "Redemptions"}, filterset=filterset)
