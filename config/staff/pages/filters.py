"""The filters of the audit log and of an API key's calls, as they stand in the address bar."""

from __future__ import annotations

from datetime import timedelta

import django_filters
from django import forms
from django.db import connection
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from config.staff.audit_sentences import actions
from config.staff.lists.looking_back import Edge, newest, older_than
from config.staff.models import ApiCall, AuditEntry
from config.staff.pages.widgets import DateInput
from config.staff.time_zone import end_of, start_of

# One look into the index `audit_of_actor` for each actor, however many entries each has. The latest label wins.
ACTORS = """
WITH RECURSIVE actor AS (
    (SELECT actor_kind, actor_id, actor_label FROM config_auditentry WHERE actor_id IS NOT NULL
      ORDER BY actor_kind, actor_id, created_at DESC, id DESC LIMIT 1)
    UNION ALL
    (SELECT next.* FROM actor, LATERAL (
        SELECT e.actor_kind, e.actor_id, e.actor_label FROM config_auditentry e
         WHERE (e.actor_kind, e.actor_id) > (actor.actor_kind, actor.actor_id) AND e.actor_id IS NOT NULL
         ORDER BY e.actor_kind, e.actor_id, e.created_at DESC, e.id DESC LIMIT 1) AS next)
)
SELECT actor_kind, actor_id, actor_label FROM actor LIMIT 500
"""
KINDS = {"user": "Staff", "api_key": "API keys", "run": "Distributions"}


def actor_choices() -> list:
    """Everybody who is in the log, grouped by kind: [("Staff", [("user-3", "Mara Lind")]), …]."""
    with connection.cursor() as cursor:
        cursor.execute(ACTORS)
        groups: dict[str, list] = {}
        for kind, key, label in cursor.fetchall():
            groups.setdefault(KINDS.get(kind, kind), []).append((f"{kind}-{key}", label))
    return [(kind, sorted(choices, key=lambda choice: choice[1].lower())) for kind, choices in groups.items()] + [
        ("system", "Handout itself")
    ]


class PeriodForm(forms.Form):
    """Of a list that is filtered by days, `since` and `until`."""

    def clean(self):
        given = super().clean()
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

    def about(self, entries, name, text):
        """By the object's id, exactly, or by the beginning of its label."""
        text = text.strip()
        return entries.alias(_label=Lower("object_label")).filter(
            Q(object_id=text) | Q(_label__startswith=text.lower())
        )

    def done_by(self, entries, name, actor):
        kind, _, key = actor.partition("-")
        return entries.filter(actor_kind=kind, actor_id=int(key) if key else None)

    def from_day(self, entries, name, day):
        return entries.filter(created_at__gte=start_of(day))

    def to_day(self, entries, name, day):
        return entries.filter(created_at__lt=end_of(day))


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

    def filter_queryset(self, calls):
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

    def below(self, calls, name, path):
        path = path.strip()
        return calls.filter(path__startswith=path if path.startswith("/") else f"/v1/{path}")

    def answered(self, calls, name, status):
        if not status.endswith("xx"):
            return calls.filter(status=status)
        hundreds = int(status[0]) * 100
        return calls.filter(status__gte=hundreds, status__lt=hundreds + 100)
