"""The filters of the list of redemptions, as they stand in the address bar."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import Campaign
from config.public_ids import REDEMPTION, key_of, public_id
from config.staff.lists.looking_back import Edge, newest, older_than
from config.staff.lists.tables import Looked
from config.staff.pages.filters import PeriodForm
from config.staff.pages.widgets import Combobox, DateInput
from config.staff.time_zone import end_of, start_of
from customers.models import Customer
from publications.redemptions.models import Redemption
from publications.redemptions.queries.find_typed import find_typed
from publications.redemptions.queries.history import PREFIXES
from publications.redemptions.queries.tried_by_others import by_others
from publications.redemptions.refusals import FAILURES_IN_WORDS

LOOKED_THROUGH = 100_000  # redemptions, for what no index finds
MOST_CUSTOMERS = 100  # of one e-mail address
REDEEMED, ROLLED_BACK, ROLLBACK, FAILED, BY_OTHERS = "redeemed", "rolled-back", "rollback", "failed", "by-others"


class RedemptionFilter(django_filters.FilterSet):
    """`reveals`: whether the reader is shown published codes in clear, and so finds unpublished ones. `whole`: all are looked through, for a report. After `.qs` was read, `looked` tells
    how far back was looked; `?beyond=r_…` looks on from there."""

    q = django_filters.CharFilter(label="Code, customer, order or ID", method="find", max_length=255)
    campaign = django_filters.CharFilter(
        method="of_campaign",
        label="Campaign",
        max_length=200,
        widget=Combobox(url_name="campaigns:suggest", attrs={"placeholder": "Any campaign"}),
    )
    result = django_filters.ChoiceFilter(
        label="Result",
        empty_label="Any result",
        choices=[
            *((REDEEMED, "Redeemed"), (ROLLED_BACK, "Rolled back"), (ROLLBACK, "Rollbacks"), (FAILED, "Failed")),
            (BY_OTHERS, "Tried by someone other than the holder"),
            ("Failed, because", list(FAILURES_IN_WORDS.items())),
        ],
        method="with_result",
    )
    since = django_filters.DateFilter(label="From", method="from_day", widget=DateInput)
    until = django_filters.DateFilter(label="To", method="to_day", widget=DateInput)

    class Meta:
        model = Redemption
        form = PeriodForm
        fields: list[str] = []

    def __init__(self, data: Mapping[str, Any], *, reveals: bool, whole: bool = False) -> None:
        super().__init__(data, Redemption.objects.all())
        self.reveals, self.whole = reveals, whole
        self.edge: Edge | None = None
        self.looked_at = 0

    @property
    def form(self) -> forms.BaseForm:
        form = super().form
        form.fields["q"].widget = forms.TextInput(
            {"type": "search", "placeholder": "Code, e-mail or order", "maxlength": 255, "autocomplete": "off"}
        )
        return form

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Period first: what can only be looked through is looked through from its end on."""
        given = self.form.cleaned_data
        if (beyond := self.beyond) is not None:
            queryset = older_than(queryset, beyond)
        for name in ("since", "until", "campaign", "result", "q"):
            if value := given.get(name):
                queryset = self.filters[name].filter(queryset, value)
        return queryset.order_by("-created_at", "-pk")

    @property
    def beyond(self) -> int | None:
        return None if self.whole else key_of(REDEMPTION, self.data.get("beyond") or "")

    @property
    def looked(self) -> Looked | None:
        if self.edge is None and (self.beyond is None or not self.looked_at):
            return None
        further = self.edge and public_id(REDEMPTION, self.edge.key)
        return Looked("redemptions", self.looked_at, self.edge and self.edge.at, further, self.beyond is not None)

    def find(self, redemptions: QuerySet, name: str, text: str) -> QuerySet:
        """By an id, a whole code, a customer's e-mail or source ID; else by the order's."""
        text = text.strip()
        if (key := key_of(text.partition("_")[0], text)) is not None and text.partition("_")[0] in PREFIXES:
            return redemptions.filter(pk=key)
        if voucher := find_typed(text, sees_unpublished=self.reveals):
            return redemptions.filter(voucher=voucher)
        named = Q(source_id=text) | Q(email__in={text, text.lower()})
        if customers := list(Customer.objects.live().filter(named).values_list("pk", flat=True)[:MOST_CUSTOMERS]):
            return redemptions.filter(customer__in=customers)
        orders = Q(order__source_id=text) | Q(order__id=text)
        return self._bounded(redemptions).filter(orders | Q(stack__in=self._stacks(orders)))

    def of_campaign(self, redemptions: QuerySet, name: str, text: str) -> QuerySet:
        found = Campaign.objects.live().filter(name=text) or Campaign.objects.live().filter(name__icontains=text)
        return redemptions.filter(campaign__in=[campaign.pk for campaign in found[:MOST_CUSTOMERS]])

    def with_result(self, redemptions: QuerySet, name: str, result: str) -> QuerySet:
        if result == FAILED:
            return redemptions.filter(result=Redemption.Result.FAILURE)
        if result in FAILURES_IN_WORDS:
            return redemptions.filter(failure_code=result)
        redemptions = self._bounded(redemptions)
        if result == BY_OTHERS:
            return by_others(redemptions)
        good = redemptions.filter(result=Redemption.Result.SUCCESS)
        if result == ROLLBACK:
            return good.filter(kind=Redemption.Kind.ROLLBACK)
        undone = Exists(Redemption.objects.filter(undoes=OuterRef("pk"), result="SUCCESS"))
        return good.filter(undone if result == ROLLED_BACK else ~undone, kind=Redemption.Kind.REDEMPTION)

    def from_day(self, redemptions: QuerySet, name: str, day: date) -> QuerySet:
        return redemptions.filter(created_at__gte=start_of(day))

    def to_day(self, redemptions: QuerySet, name: str, day: date) -> QuerySet:
        return redemptions.filter(created_at__lt=end_of(day))

    def _bounded(self, redemptions: QuerySet) -> QuerySet:
        if self.whole or self.edge:
            return redemptions
        look = newest(redemptions, LOOKED_THROUGH)
        self.edge, self.looked_at = look.edge, LOOKED_THROUGH
        return look.rows

    def _stacks(self, orders: Q) -> list[int]:
        return list(
            newest(Redemption.objects.all(), LOOKED_THROUGH)
            .rows.filter(orders)
            .values_list("pk", flat=True)[:MOST_CUSTOMERS]
        )
