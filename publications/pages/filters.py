"""The filters of the publication history and of a campaign's codes, as they stand in the address bar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import BaseForm
from django.utils.functional import cached_property

from campaigns.models import Campaign
from campaigns.pages.filters import CodeFilter
from config.public_ids import DISTRIBUTION, PUBLICATION, key_of, public_id
from config.staff.lists.looking_back import Edge, newest, older_than
from config.staff.pages.filters import PeriodForm
from config.staff.pages.widgets import DateInput
from config.staff.time_zone import end_of, start_of
from customers.models import Customer
from publications.models import Publication, PublishedVoucher
from publications.queries import find_publications
from publications.queries.list_channels import list_channels
from publications.queries.senders import name_of_sender, newest_senders
from publications.refusals import FailureReason

# By the address's `sort`, which names the table's column. Each order is an index's, read forwards or backwards.
ORDERS = {
    "-created_at": ("-created_at", "-id"),
    "created_at": ("created_at", "id"),
    "channel": ("channel", "-created_at", "-id"),
    "-channel": ("-channel", "created_at", "id"),
}


HAND, RUN = SENDERS = ("hand", "run")
LOOKED_THROUGH = 100_000  # publications, by their own columns, in some 50 ms


class HistoryFilter(django_filters.FilterSet):
    """Made by `history()`. After `.qs` was read, `edge` tells how far back was looked; None: through all.

    `?beyond=pub_…` looks on from there.
    """

    q = django_filters.CharFilter(label="Code, customer or ID", method="find")
    channel = django_filters.CharFilter(label="Channel", method="of_channel")
    by = django_filters.CharFilter(label="Sent by", method="done_by")
    result = django_filters.ChoiceFilter(
        label="Result",
        empty_label="Any result",
        choices=[
            *(("SUCCESS", "Success"), ("RELEASED", "Released"), ("FAILURE", "Failed")),
            ("Failed, because", FailureReason.choices),
        ],
        method="with_result",
    )
    since = django_filters.DateFilter(label="From", method="from_day", widget=DateInput)
    until = django_filters.DateFilter(label="To", method="to_day", widget=DateInput)

    class Meta:
        model = Publication
        form = PeriodForm
        fields: list[str] = []

    def __init__(
        self,
        data: Mapping[str, Any],
        queryset: QuerySet,
        *,
        campaign: Campaign | None = None,
        customer: Customer | None = None,
        whole: bool = False,
        whole_codes: bool = False,
    ) -> None:
        super().__init__(data, queryset)
        self.campaign, self.customer, self.whole, self.whole_codes = campaign, customer, whole, whole_codes
        self.edge: Edge | None = None
        self.looked_at = 0  # publications, where there is an edge

    @cached_property
    def form(self) -> BaseForm:
        form = super().form
        form.fields["q"].widget = forms.TextInput(
            {"type": "search", "placeholder": "Code or customer", "maxlength": 255, "autocomplete": "off"}
        )

        def senders() -> list:
            return self.senders

        form.fields["channel"].widget = forms.Select(choices=self._channels)  # type: ignore[arg-type]  # drawn late
        form.fields["by"].widget = forms.Select(choices=senders)  # type: ignore[arg-type]
        for name in ("since", "until"):
            form.fields[name].widget.attrs["title"] = form.fields[name].label
        return form

    @cached_property
    def channels(self) -> list[str]:
        return list_channels(self.campaign)

    def _channels(self) -> list[tuple[str, str]]:
        """Asked when the form is drawn: a report or the API never does."""
        names = list(self.channels)
        asked = self.data.get("channel", "")
        if asked and asked not in names:
            names.append(asked)
        return [("", "Any channel"), *((name, name) for name in names)]

    @cached_property
    def senders(self) -> list:
        """The newest distributions that have published, of the campaign if there is one."""
        found = newest_senders(campaign=self.campaign.pk if self.campaign else None)
        names = {public_id(DISTRIBUTION, key): name for key, name in found}
        asked = self.data.get("by", "")
        if asked and asked not in names and asked not in SENDERS:
            names[asked] = name_of_sender(key_of(DISTRIBUTION, asked) or 0) or asked
        first = [("", "Any sender"), (HAND, "By hand"), (RUN, "Distributions")]
        return [*first, *([("One distribution", list(names.items()))] if names else [])]

    @property
    def sort(self) -> str:
        asked = self.data.get("sort", "")
        if asked not in ORDERS or (asked.endswith("channel") and not self.sorts_by_channel):
            return "-created_at"
        return asked

    @property
    def sorts_by_channel(self) -> bool:
        """There is an index by channel over everything, and one over each campaign; not over each customer."""
        return self.customer is None

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Period first: where the rest can only be looked through from the newest on, a period leads further back."""
        given = self.form.cleaned_data
        queryset = self._by(("since", "until"), queryset)
        if self.beyond is not None:
            queryset = older_than(queryset, self.beyond)
        # Each has its index; together they have none, nor have all that were sent by hand.
        if sum(bool(given.get(name)) for name in ("channel", "by", "result")) > 1 or given.get("by") in SENDERS:
            queryset = self._bounded(queryset)
        return self._by(("channel", "by", "result", "q"), queryset).order_by(*ORDERS[self.sort])

    def _by(self, names: tuple[str, ...], queryset: QuerySet) -> QuerySet:
        for name in names:
            if given := self.form.cleaned_data.get(name):
                queryset = self.filters[name].filter(queryset, given)
        return queryset

    def from_day(self, publications: QuerySet, name: str, day: date) -> QuerySet:
        return publications.filter(created_at__gte=start_of(day))

    def to_day(self, publications: QuerySet, name: str, day: date) -> QuerySet:
        return publications.filter(created_at__lt=end_of(day))

    def of_channel(self, publications: QuerySet, name: str, channel: str) -> QuerySet:
        return publications.filter(channel=channel)

    def done_by(self, publications: QuerySet, name: str, sender: str) -> QuerySet:
        """`hand`, `run` (any distribution), or the id of a distribution."""
        if sender == HAND:
            return publications.filter(actor_kind="user", origin=Publication.Origin.DASHBOARD)
        if sender == RUN:
            return publications.filter(actor_kind="run")
        key = key_of(DISTRIBUTION, sender)
        return publications.none() if key is None else publications.filter(actor_kind="run", actor_id=key)

    def with_result(self, publications: QuerySet, name: str, result: str) -> QuerySet:
        """In the words of the list: one whose codes have all been released is no success any more. One of which some
        have been is both."""
        if result == "RELEASED":
            released = PublishedVoucher.objects.filter(publication=OuterRef("pk"), released_at__isnull=False)
            return self._bounded(publications).filter(Exists(released))
        if result in FailureReason:
            # An index has all of them by reason; of one campaign or customer they are looked for among its own.
            of_some = self.campaign is not None or self.customer is not None
            return (self._bounded(publications) if of_some else publications).filter(failure_reason=result)
        return publications.filter(result=result, voided_at=None)

    def find(self, publications: QuerySet, name: str, text: str) -> QuerySet:
        found = find_publications.find_publications(publications, text, whole=self.whole, whole_codes=self.whole_codes)
        if found.edge:
            self.edge, self.looked_at = found.edge, find_publications.NEWEST
        return found.publications

    def _bounded(self, publications: QuerySet) -> QuerySet:
        if self.whole or self.edge:
            return publications
        look = newest(publications, LOOKED_THROUGH)
        self.edge, self.looked_at = look.edge, LOOKED_THROUGH
        return look.rows

    @property
    def beyond(self) -> int | None:
        return None if self.whole else key_of(PUBLICATION, self.data.get("beyond") or "")


class CampaignCodeFilter(CodeFilter):
    """The codes of one campaign: the list of all codes, without what one campaign leaves open."""

    campaign = belongs = type = None


def history(
    *,
    campaign: Campaign | None = None,
    customer: Customer | None = None,
    filters: Mapping[str, str] | None = None,
    whole: bool = False,
    whole_codes: bool = False,
) -> HistoryFilter:
    """The publications of a campaign, of a customer or of everything, as a query string filters and sorts them.

    `.qs` are the publications with `campaign`, `customer` and `export` joined, newest first unless `sort` says otherwise; `.form`
    is the page's filter form; `.is_valid()` tells whether every filter was understood (one that was not is left out).
    `filters` is the page's query string (a QueryDict): `q`, `channel`, `result`, `since`, `until`, `sort`; others are ignored.

    What no index serves (a text that very many begin with; channel and result together) is looked for in the newest
    publications of the period only, so that a page stays fast; `.edge` tells how far back after `.qs` was read, and
    `beyond` in the query string looks on from there. `whole=True` looks through all of them, for a report. Days are those of the active
    time zone: a worker activates the project's first, as the pages' middleware does. `whole_codes` is for readers who
    see no code in clear: `q` then finds a code only by all of it.
    """
    scope: dict = {}
    if campaign is not None:
        scope["campaign"] = campaign
    if customer is not None:
        scope["customer"] = customer
    publications = Publication.objects.filter(**scope).select_related("campaign", "customer", "export")
    return HistoryFilter(
        filters or {}, publications, campaign=campaign, customer=customer, whole=whole, whole_codes=whole_codes
    )
