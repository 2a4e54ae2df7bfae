"""The filters of an API key's calls, as they stand in the address bar."""

from __future__ import annotations

from datetime import timedelta

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from config.api.models import ApiCall
from config.staff.lists.looking_back import Edge, newest, older_than

STATUSES = [
    ("2xx", "2xx: success"),
    ("4xx", "4xx: refused"),
    ("5xx", "5xx: server error"),
    ("One status", [(str(status), str(status)) for status in (400, 403, 404, 409, 413, 415, 429, 500, 503)]),
]


LOOK_THROUGH = 100_000  # calls, which took 80 ms: no index serves these filters, and a busy key has millions


PERIODS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}


class CallFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="below",
        label="Path",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Path starts with, such as /v1/vouchers"}),
    )
    status = django_filters.ChoiceFilter(choices=STATUSES, method="answered", empty_label="Any status", label="Status")
    method = django_filters.ChoiceFilter(
        choices=[(method, method) for method in ("GET", "POST", "PUT", "DELETE")],
        empty_label="Any method",
        label="Method",
    )
    since = django_filters.ChoiceFilter(
        choices=[("hour", "The last hour"), ("day", "The last 24 hours"), ("week", "The last 7 days")],
        empty_label="The last 30 days",
        label="Period",
    )

    class Meta:
        model = ApiCall
        fields: list[str] = []

    edge: Edge | None = None
    looked_at = 0

    def filter_queryset(self, calls: QuerySet) -> QuerySet:
        asked = self.form.cleaned_data
        if period := asked.pop("since", None):  # first, and no field of a call
            calls = calls.filter(at__gte=timezone.now() - PERIODS[period])
        if any(asked.values()):
            if (key := self.beyond) is not None:
                calls = older_than(calls, key, moment="at")
            calls, self.edge = newest(calls, LOOK_THROUGH, moment="at")
            self.looked_at = LOOK_THROUGH
        return super().filter_queryset(calls)

    @property
    def beyond(self) -> int | None:
        text = self.data.get("beyond", "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None

    def below(self, calls: QuerySet, name: str, path: str) -> QuerySet:
        path = path.strip()
        return calls.filter(path__startswith=path if path.startswith("/") else f"/v1/{path}")

    def answered(self, calls: QuerySet, name: str, status: str) -> QuerySet:
        if not status.endswith("xx"):
            return calls.filter(status=status)
        hundreds = int(status[0]) * 100
        return calls.filter(status__gte=hundreds, status__lt=hundreds + 100)
