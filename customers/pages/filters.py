"""The filter of the customer list, as it appears in the address bar."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

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

    def __init__(self, data: Mapping[str, Any], queryset: QuerySet, *, bounded: bool = False) -> None:
        """`bounded`: see `search`."""
        super().__init__(data, queryset)
        self.bounded = bounded

    def matching(self, customers: QuerySet, name: str, text: str) -> QuerySet:
        return search(customers, text, bounded=self.bounded)
