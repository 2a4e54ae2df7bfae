"""The history across all campaigns, and the page of one publication."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from campaigns.codes.models import Voucher
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.roles import READ, requires, reveals_codes
from publications.models import Publication
from publications.pages.filters import history
from publications.pages.tables import HistoryTable, PublishedCodeTable
from publications.queries.find_remedy import find_remedy
from publications.queries.history import some_released
from publications.refusals import FailureReason


@require_safe
@requires(READ)
def publications(request: HtmxHttpRequest) -> HttpResponse:
    filterset = history(filters=request.GET, whole_codes=not reveals_codes(request.user))
    table = HistoryTable(filterset, user=request.user)
    return list_page(request, "publications/all.html", table, {"title": "Publications"}, filterset=filterset)


@require_safe
@requires(READ)
def publication(request: HtmxHttpRequest, publication_id: int) -> HttpResponse:
    """A hand-out may hold a million codes, so they are a list with pages."""
    publication = get_object_or_404(
        Publication.objects.select_related("campaign", "customer", "export"), pk=publication_id
    )
    released = some_released(publication)
    table = PublishedCodeTable(publication, user=request.user, some_released=released)
    attempted, remedy = None, None
    if publication.attempted_code:
        attempted = Voucher.objects.filter(code=publication.attempted_code).first()
    if publication.result == Publication.Result.FAILURE:
        remedy = find_remedy(FailureReason(publication.failure_reason), publication.campaign)
    return list_page(
        request,
        "publications/publication.html",
        table,
        {
            "title": "Publication",
            "publication": publication,
            "state": publication.state_in_words(some_released=released),
            "attempted": attempted,
            "remedy": remedy,
            "reveals": table.reveals,
        },
    )
