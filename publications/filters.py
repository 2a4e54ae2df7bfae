"""The filters of the publication history, as they stand in the address bar."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import django_filters
from django import forms
from django.utils import timezone

from publications.models import Publication

ORDERS = {
    "-date": ("-created_at", "-id"),
    "date": ("created_at", "id"),
    "channel": ("channel", "-created_at", "-id"),
    "-channel": ("-channel", "created_at", "id"),
}


def start_of(day) -> datetime:
    """The first moment of a day in the time zone of the project."""
    return timezone.make_aware(datetime.combine(day, time.min))


class HistoryFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(method="search", label="Search")
    channel = django_filters.CharFilter(label="Channel")
    result = django_filters.ChoiceFilter(choices=Publication.Result.choices, empty_label="Any result", label="Result")
    since = django_filters.DateFilter(method="from_day", label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = django_filters.DateFilter(method="to_day", label="To", widget=forms.DateInput(attrs={"type": "date"}))

    class Meta:
        model = Publication
        fields: list[str] = []

    def __init__(self, data, queryset, *, campaign=None, customer=None, whole=False):
        super().__init__(data, queryset)
        self.campaign, self.customer, self.whole = campaign, customer, whole

    @property
    def sort(self) -> str:
        asked = self.data.get("sort", "")
        return asked if asked in ORDERS else "-date"

    @property
    def qs(self):
        return super().qs.order_by(*ORDERS[self.sort])

    def search(self, publications, name, text):
        return publications

    def from_day(self, publications, name, day):
        return publications.filter(created_at__gte=start_of(day))

    def to_day(self, publications, name, day):
        return publications.filter(created_at__lt=start_of(day + timedelta(days=1)))
