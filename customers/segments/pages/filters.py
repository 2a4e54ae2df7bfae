"""The filter of the list of segments."""

from __future__ import annotations

import django_filters
from django import forms

from customers.segments.models import Segment


class SegmentFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        field_name="name",
        lookup_expr="icontains",
        label="Search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search by name"}),
    )

    class Meta:
        model = Segment
        fields: list[str] = []
