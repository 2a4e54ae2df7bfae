"""The lists of the settings pages: API keys, their calls, and the audit log."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.safestring import SafeString

from config.staff.lists.tables import Table, WhenColumn
from config.staff.models import AuditEntry


class AuditTable(Table):
    created_at = WhenColumn(verbose_name="When")
    actor_label = tables.TemplateColumn(template_name="staff/_actor.html", verbose_name="Who")
    action = tables.TemplateColumn(
        template_name="staff/_audit_entry.html", verbose_name="What", attrs={"td": {"class": "main wrap"}}
    )
    more = tables.TemplateColumn(
        template_name="staff/_audit_more.html",
        verbose_name=SafeString('<span class="sr">Details</span>'),
        attrs={"th": {"class": "opener"}, "td": {"class": "opener"}},
    )

    row_template = "staff/_audit_details.html"
    footer_template = "partials/links/_report.html"
    report_kind = "audit"
    empty_icon = "scroll-text"
    empty_title = "No activity yet"
    empty_text = "Everything that staff and programs create, change, release, export or download appears here."

    class Meta(Table.Meta):
        model = AuditEntry
        fields = ("created_at", "actor_label", "action", "more")
