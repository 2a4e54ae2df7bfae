"""The list of one person's alerts."""

from __future__ import annotations

import django_tables2 as tables
from django.utils.safestring import SafeString

from config.alerts.models import Notice
from config.staff.lists.tables import Table, WhenColumn


class NoticeTable(Table):
    title = tables.TemplateColumn(
        template_name="alerts/_title.html", verbose_name="Alert", empty_values=(), attrs={"td": {"class": "main wrap"}}
    )
    state = tables.TemplateColumn(
        template_name="alerts/_state.html", verbose_name="Status", empty_values=(), attrs={"td": {"class": "aside"}}
    )
    email = tables.TemplateColumn(
        template_name="alerts/_email.html", verbose_name="E-mail", attrs={"td": {"class": "cut"}}
    )
    created_at = WhenColumn(verbose_name="Since")
    actions = tables.TemplateColumn(
        template_name="alerts/_actions.html",
        verbose_name=SafeString('<span class="sr">Actions</span>'),
        empty_values=(),
        attrs={"td": {"class": "actions"}},
    )

    empty_icon = "bell"
    empty_title = "No alerts"
    empty_text = "When a pool runs low, a distribution stops or something fails, you are told here."

    class Meta(Table.Meta):
        model = Notice
        fields = ("title", "state", "email", "created_at", "actions")
