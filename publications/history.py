"""The one query behind the history page, its CSV report and the API's list of publications."""

from __future__ import annotations

from collections.abc import Mapping

from campaigns.models import Campaign
from customers.models import Customer
from publications.filters import HistoryFilter
from publications.models import Publication


def history(
    *,
    campaign: Campaign | None = None,
    customer: Customer | None = None,
    filters: Mapping[str, str] | None = None,
    whole: bool = False,
) -> HistoryFilter:
    """The publications of a campaign, of a customer or of everything, as a query string filters and sorts them.

    `.qs` are the publications with `campaign` and `customer` joined, newest first unless `sort` says otherwise; `.form`
    is the page's filter form; `.is_valid()` tells whether every filter was understood (one that was not is left out).
    `filters` is the page's query string (a QueryDict): `q`, `channel`, `result`, `since`, `until`, `sort`; others are ignored.

    What no index serves (a text that very many begin with; without a campaign also channel and result) is looked for
    in the newest publications of the period only, so that a page stays fast; `.searched_newest` tells so after `.qs` was
    read. `whole=True` looks through all of them, for a report made in the background. Days are those of the active
    time zone: a worker activates the project's first, as the pages' middleware does.
    """
    scope: dict = {}
    if campaign is not None:
        scope["campaign"] = campaign
    if customer is not None:
        scope["customer"] = customer
    publications = Publication.objects.filter(**scope).select_related("campaign", "customer")
    return HistoryFilter(filters or {}, publications, campaign=campaign, customer=customer, whole=whole)
