"""The filters of the lists of automatic distributions and of firings, as they stand in the address bar."""

from __future__ import annotations

import django_filters
from django import forms

from customers.models import Customer
from customers.queries.search import search
from publications.automation.models import Firing
from publications.distributions.models import Delivery, Distribution
from publications.distributions.states import Kind, states_of

LEFT_OUT = "left_out"


def _search_box(placeholder: str) -> forms.TextInput:
    return forms.TextInput(attrs={"type": "search", "placeholder": placeholder, "autocomplete": "off"})


class AutomationFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        label="Name", field_name="name", lookup_expr="icontains", max_length=200, widget=_search_box("Search name")
    )
    status = django_filters.ChoiceFilter(
        choices=[(status.value, status.label) for status in states_of(Kind.AUTOMATIC)],
        empty_label="Any status",
        label="Status",
    )

    class Meta:
        model = Distribution
        fields: list[str] = []


class FiringFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="find", label="Customer", max_length=320, widget=_search_box("Search customer")
    )
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

    def find(self, firings, name, text):
        return firings.filter(customer__in=search(Customer.objects.all(), text).values("pk"))

    def in_state(self, firings, name, state):
        """Left out by the rule, or when its turn came."""
        skipped = Delivery.State.SKIPPED
        if state == LEFT_OUT:
            return firings.filter(outcome=Firing.Outcome.SKIPPED) | firings.filter(delivery__state=skipped)
        return firings.filter(delivery__state=state)
