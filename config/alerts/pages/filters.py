"""The filters of the list of alerts."""

from __future__ import annotations

import django_filters as filters
from django.db.models import QuerySet

from config.alerts.models import Kind, Notice

STATES = [("unread", "Unread"), ("open", "Ongoing")]


class NoticeFilter(filters.FilterSet):
    state = filters.ChoiceFilter(label="Status", choices=STATES, empty_label="All", method="in_state")
    kind = filters.ChoiceFilter(label="About", choices=Kind.choices, empty_label="Everything", field_name="alert__kind")

    class Meta:
        model = Notice
        fields: list[str] = []

    def in_state(self, notices: QuerySet, name: str, state: str) -> QuerySet:
        return notices.filter(read_at=None) if state == "unread" else notices.filter(alert__ended_at=None)
