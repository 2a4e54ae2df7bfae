"""The lists of recalls, and of the codes that one has dealt with."""

from __future__ import annotations

from typing import Any

import django_filters
import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import QuerySet

from config.staff.lists.tables import NumberColumn, Table, WhenColumn
from config.staff.roles import reveals_codes
from publications.recalls.models import Outcome, Recall, RecalledCode


class RecallTable(Table):
    name = tables.TemplateColumn(
        '<a href="{{ record.get_absolute_url }}">{{ record }}</a>',
        verbose_name="Recall",
        empty_values=(),
        attrs={"td": {"class": "main"}},
    )
    reason = tables.Column(attrs={"td": {"class": "cut"}})
    changed = NumberColumn()
    left_out = NumberColumn()
    actor_label = tables.Column("By")
    created_at = WhenColumn(verbose_name="Created")
    status = tables.TemplateColumn("{% pill record.get_status_display %}", attrs={"td": {"class": "aside"}})

    empty_icon = "undo-2"
    empty_title = "No recalls yet"
    empty_text = "Choose codes in a list, or paste them, to disable, extend, retire or replace many at once."

    class Meta(Table.Meta):
        model = Recall
        fields = ("name", "reason", "changed", "left_out", "actor_label", "created_at", "status")

    def render_reason(self, value: str) -> str:
        return value or "–"


class RecalledCodeTable(Table):
    code = tables.TemplateColumn(
        '{% if record.voucher %}{% include "partials/records/_code_cell.html" with voucher=record.voucher reveals=table.reveals %}'
        '{% else %}<span class="muted">Erased code</span>{% endif %}',
        empty_values=(),
        attrs={"td": {"class": "main"}},
    )
    campaign = tables.TemplateColumn(
        "{{ record.voucher.campaign|default:'Standalone' }}", empty_values=(), attrs={"td": {"class": "cut"}}
    )
    replaced_by = tables.TemplateColumn(
        '{% if record.publication_id %}<a href="{% url "publications:publication" publication_id=record.publication_id %}">New code</a>'
        '{% else %}<span class="muted nothing">–</span>{% endif %}',
        empty_values=(),
    )
    at = WhenColumn(verbose_name="When")
    outcome = tables.TemplateColumn("{% pill record.get_outcome_display %}", attrs={"td": {"class": "aside"}})

    moment = ""
    empty_icon = "scan-barcode"
    empty_title = "No codes yet"
    empty_text = "What becomes of each code appears here."

    class Meta(Table.Meta):
        model = RecalledCode
        fields = ("code", "campaign", "replaced_by", "at", "outcome")

    def __init__(self, codes: QuerySet, *, user: User, replaces: bool, **kwargs: Any) -> None:
        self.reveals = reveals_codes(user)
        super().__init__(
            codes.select_related("voucher__campaign"), exclude=() if replaces else ("replaced_by",), **kwargs
        )


class OutcomeFilter(django_filters.FilterSet):
    outcome = django_filters.ChoiceFilter(choices=Outcome.choices, empty_label="All codes", label="Outcome")

    class Meta:
        model = RecalledCode
        fields: list[str] = []
