"""The lists of API keys and of their calls."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.utils.safestring import SafeString

from config.api.models import ApiCall, ApiKey
from config.staff.lists.tables import NumberColumn, Table, WhenColumn


class ApiKeyTable(Table):
    name = tables.Column(linkify=("api:api-key-log", {"key_id": tables.A("pk")}), attrs={"td": {"class": "main"}})
    status = tables.TemplateColumn(
        template_name="api/_api_key_state.html", empty_values=(), attrs={"td": {"class": "aside"}}
    )
    app_id = tables.TemplateColumn("{% code value %}", verbose_name="ID", attrs={"td": {"class": "full"}})
    scope = tables.TemplateColumn(template_name="api/_api_key_scope.html", verbose_name="Permissions")
    created_at = tables.TemplateColumn(
        template_name="api/_api_key_made.html", verbose_name="Created", attrs={"td": {"class": "full"}}
    )
    last_used_at = tables.TemplateColumn('{% when value "Never" %}', verbose_name="Last used", empty_values=())
    actions = tables.TemplateColumn(
        template_name="api/_api_key_actions.html",
        verbose_name=SafeString('<span class="sr">Actions</span>'),
        attrs={"td": {"class": "actions"}},
    )

    empty_icon = "key-round"
    empty_title = "No API keys yet"
    empty_text = "Shops and other programs need a key to publish codes through the API."

    class Meta(Table.Meta):
        model = ApiKey
        fields = ("name", "status", "app_id", "scope", "created_at", "last_used_at", "actions")


class CallTable(Table):
    at = WhenColumn(verbose_name="When")
    path = tables.TemplateColumn(
        "<code>{{ record.method }} {{ value }}</code>", verbose_name="Call", attrs={"td": {"class": "main wrap"}}
    )
    status = tables.TemplateColumn(
        '{% if value < 400 %}{% pill value "good" %}{% elif value < 500 %}{% pill value "warn" %}'
        '{% else %}{% pill value "bad" %}{% endif %}',
        attrs={"td": {"class": "aside"}},
    )
    duration_ms = NumberColumn(verbose_name="Took")
    request_id = tables.TemplateColumn("{% code value %}", verbose_name="Request id")

    moment = "at"
    empty_icon = "activity"
    empty_title = "No calls yet"
    empty_text = "Calls with this key appear here within seconds and are kept for 30 days."

    class Meta(Table.Meta):
        model = ApiCall
        fields = ("at", "path", "status", "duration_ms", "request_id")

    def render_duration_ms(self, value: Any) -> str:
        return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"
