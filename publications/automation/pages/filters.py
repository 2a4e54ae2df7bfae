"""The filters of the lists of automatic distributions and of firings, as they stand in the address bar."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from customers.models import Customer
from customers.queries.search import search
from publications.automation.models import Firing
from publications.distributions.models import Delivery
from publications.distributions.pages.filters import DistributionFilter, search_box, status_of
from publications.distributions.states import Kind

LEFT_OUT = "left_out"


class AutomationFilter(DistributionFilter):
    status = status_of(Kind.AUTOMATIC)


class FiringFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="find", label="Customer", max_length=320, widget=search_box("Search customer"))
    state = django_filters.ChoiceFilter(
        choices=[
            (LEFT_OUT if state == Delivery.State.SKIPPED else state, label) for state, label in Delivery.State.choices
        ],
        method="in_state",
        empty_label="Any state",
        label="State",
    )

    class Meta:
        model = Firing
        fields: list[str] = []

    def find(self, firings: QuerySet, name: str, text: str) -> QuerySet:
        return firings.filter(customer__in=search(Customer.objects.all(), text).values("pk"))

    def in_state(self, firings: QuerySet, name: str, state: str) -> QuerySet:
        """Left out by the rule, or when its turn came."""
        skipped = Delivery.State.SKIPPED
        if state == LEFT_OUT:
            return firings.filter(outcome=Firing.Outcome.SKIPPED) | firings.filter(delivery__state=skipped)
        return firings.filter(delivery__state=state)
