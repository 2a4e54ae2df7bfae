"""The filters of the lists of distributions, of a run's recipients and of the outbox, as they stand in the address bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.forms import BaseForm

from customers.models import Customer
from customers.queries.search import search
from publications.distributions.models import Delivery, Distribution, KeptMessage
from publications.distributions.reasons import DeliveryReason
from publications.distributions.states import Kind, states_of


def search_box(placeholder: str) -> forms.TextInput:
    return forms.TextInput(attrs={"type": "search", "placeholder": placeholder, "autocomplete": "off"})


def status_of(kind: Kind) -> django_filters.ChoiceFilter:
    choices = [(status.value, status.label) for status in states_of(kind)]
    return django_filters.ChoiceFilter(choices=choices, empty_label="Any status", label="Status")


class DistributionFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        label="Name", field_name="name", lookup_expr="icontains", max_length=200, widget=search_box("Search name")
    )
    status = status_of(Kind.MANUAL)

    class Meta:
        model = Distribution
        fields: list[str] = []


class RecipientFilter(django_filters.FilterSet):
    """Of one run. `reasons` are offered, each with how many it is of."""

    q = django_filters.CharFilter(
        method="find", label="Customer", max_length=320, widget=search_box("Search customer or e-mail")
    )
    state = django_filters.ChoiceFilter(choices=Delivery.State.choices, empty_label="Any state", label="State")
    reason = django_filters.ChoiceFilter(label="Reason", choices=DeliveryReason.choices, empty_label="Any reason")

    class Meta:
        model = Delivery
        fields: list[str] = []

    def __init__(self, data: Mapping[str, Any], queryset: QuerySet, *, reasons: Any = lambda: ()) -> None:
        super().__init__(data, queryset)
        self.reasons = reasons

    @property
    def form(self) -> BaseForm:
        form = super().form
        choices: Any = self._choices  # asked when it is drawn; the stubs know no function here
        form.fields["reason"].widget = forms.Select(choices=choices)  # after the field took its own: to be checked
        return form

    def find(self, recipients: QuerySet, name: str, text: str) -> QuerySet:
        """Through the customers: each of them is at most a few rows of the run, found by its unique index."""
        return recipients.filter(customer__in=search(Customer.objects.all(), text).values("pk"))

    def _choices(self) -> list[tuple[str, str]]:
        """Asked when the form is drawn: the table alone never does."""
        offered = {reason.value: f"{reason.label or 'Other'} ({count:,})" for reason, count in self.reasons()}
        asked = self.data.get("reason", "")
        if asked in DeliveryReason and asked not in offered:
            offered[asked] = DeliveryReason(asked).label or "Other"
        return [("", "Any reason"), *offered.items()]


class OutboxFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="begins", label="To", max_length=320, widget=search_box("Address starts with"))

    class Meta:
        model = KeptMessage
        fields: list[str] = []

    def begins(self, messages: QuerySet, name: str, text: str) -> QuerySet:
        return messages.alias(_to=Lower("to")).filter(_to__startswith=text.strip().lower())
