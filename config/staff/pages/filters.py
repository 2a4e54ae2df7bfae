"""The filters of the audit log and of an API key's calls, as they appear in the address bar."""

from __future__ import annotations

from datetime import date
from typing import Any

import django_filters
from django import forms
from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from config.staff.audit_sentences import actions
from config.staff.models import AuditEntry
from config.staff.pages.widgets import DateInput
from config.staff.time_zone import end_of, start_of

# One look into the index `audit_of_actor` for each actor, however many entries each has. The latest label wins.
ACTORS = """
WITH RECURSIVE actor AS (
    (SELECT actor_kind, actor_id, actor_label FROM staff_auditentry WHERE actor_id IS NOT NULL
      ORDER BY actor_kind, actor_id, created_at DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT next.* FROM actor, LATERAL (
        SELECT e.actor_kind, e.actor_id, e.actor_label FROM staff_auditentry e
         WHERE (e.actor_kind, e.actor_id) > (actor.actor_kind, actor.actor_id) AND e.actor_id IS NOT NULL
         ORDER BY e.actor_kind, e.actor_id, e.created_at DESC, e.id DESC LIMIT 1) AS next)
)
SELECT actor_kind, actor_id, actor_label FROM actor LIMIT 500
"""
KINDS = {"user": "Staff", "api_key": "API keys", "run": "Distributions"}


def actor_choices() -> list:
    """Everybody in the log, grouped by kind: [("Staff", [("user-3", "Mara Lind")]), …]."""
    with connection.cursor() as cursor:
        cursor.execute(ACTORS)
        groups: dict[str, list] = {}
        for kind, key, label in cursor.fetchall():
            groups.setdefault(KINDS.get(kind, kind), []).append((f"{kind}-{key}", label))
    return [(kind, sorted(choices, key=lambda choice: choice[1].lower())) for kind, choices in groups.items()] + [
        ("system", "Handout itself")
    ]


class PeriodForm(forms.Form):
    """For a list that is filtered by days, `since` and `until`."""

    def clean(self) -> dict[str, Any]:
        super().clean()
        given = self.cleaned_data
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            del given["since"], given["until"]
            raise forms.ValidationError("“From” is after “To”. Swap the dates; for now they are ignored.")
        return given


class AuditFilter(django_filters.FilterSet):
    q = django_filters.CharFilter(
        method="about",
        label="Search",
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": "Search object ID or name"}),
    )
    action = django_filters.ChoiceFilter(choices=actions, empty_label="Any action", label="Action")
    actor = django_filters.ChoiceFilter(
        choices=actor_choices, method="done_by", empty_label="Anyone", label="Who did it"
    )
    since = django_filters.DateFilter(method="from_day", label="From", widget=DateInput)
    until = django_filters.DateFilter(method="to_day", label="To", widget=DateInput)

    class Meta:
        model = AuditEntry
        form = PeriodForm
        fields: list[str] = []

    def about(self, entries: QuerySet, name: str, text: str) -> QuerySet:
        """By the object's id, exactly, or by the beginning of its label."""
        text = text.strip()
        return entries.alias(_label=Lower("object_label")).filter(
            Q(object_id=text) | Q(_label__startswith=text.lower())
        )

    def done_by(self, entries: QuerySet, name: str, actor: str) -> QuerySet:
        kind, _, key = actor.partition("-")
        return entries.filter(actor_kind=kind, actor_id=int(key) if key else None)

    def from_day(self, entries: QuerySet, name: str, day: date) -> QuerySet:
        return entries.filter(created_at__gte=start_of(day))

    def to_day(self, entries: QuerySet, name: str, day: date) -> QuerySet:
        return entries.filter(created_at__lt=end_of(day))
