"""The history across all campaigns, and the page of one publication."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from campaigns.codes.models import Voucher
from config.actor import Actor
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import list_page
from config.staff.pages.dialogs import leave
from config.staff.roles import MANAGE, READ, requires, reveals_codes
from publications.actions.release import (
    MOST_AT_ONCE,
    NotPublished,
    ReasonMissing,
    TooManyCodes,
    release_publication,
)
from publications.models import Publication
from publications.notes.queries import notes_on
from publications.pages.filters import history
from publications.pages.forms import ReleaseForm
from publications.pages.tables import HistoryTable, PublishedCodeTable
from publications.queries.find_remedy import find_remedy
from publications.queries.history import some_released
from publications.queries.standing import standing_of
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
            "may_release": publication.result == Publication.Result.SUCCESS
            and not publication.voided_at
            and publication.voucher_count <= MOST_AT_ONCE,
            "notes": notes_on(publication),
            "standing": None if publication.customer_id or publication.voucher_count == 0 else standing_of(publication),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(MANAGE)
def release(request: HtmxHttpRequest, publication_id: int) -> HttpResponse:
    """Every code of the publication that it still holds."""
    publication = get_object_or_404(Publication.objects.select_related("campaign", "customer"), pk=publication_id)
    back = publication.get_absolute_url()
    form = ReleaseForm(request.POST or None, may_return=True)
    if request.method == "POST" and form.is_valid():
        try:
            released, returned = release_publication(
                publication,
                by=Actor.user(request.user),
                reason=form.cleaned_data["reason"],
                back_to_pool=form.cleaned_data["then"] == ReleaseForm.POOL,
            )
        except (NotPublished, ReasonMissing, TooManyCodes) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(
                request,
                f"Released {released:,} {'code' if released == 1 else 'codes'}: {released - returned:,} retired, "
                f"{returned:,} back in the pool.",
            )
            return leave(request, back)
    held = publication.ledger.filter(released_at=None).count()
    context = {
        "title": "Release this publication",
        "publication": publication,
        "held": held,
        "form": form,
        "back": back,
    }
    return render(request, "publications/release_publication.html", context)
