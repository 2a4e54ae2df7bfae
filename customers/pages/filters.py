"""The filter of the customers' list, as it stands in the address bar."""

from __future__ import annotations

import django_filters
from django import forms

from customers.models import Customer
from customers.queries.search import search


class CustomerFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="matching",
        label="Search",
        max_length=320,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search name, e-mail, source ID or ID"}),
    )

    class Meta:
        model = Customer
        fields: list[str] = []

    def __init__(self, data, queryset, *, bounded=False):
        """`bounded`: see `search`."""
        super().__init__(data, queryset)
        self.bounded = bounded

    def matching(self, customers, name, text):
        return search(customers, text, bounded=self.bounded)
