"""The pools that are held, and how many codes of each may have been given out."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.staff.lists.tables import NumberColumn, Table
from publications.quarantine.list_pools import COUNT_UP_TO

MAIN, ASIDE = ({"td": {"class": name}} for name in ("main", "aside"))


class HeldPoolTable(Table):
    name = tables.Column("Campaign", attrs=MAIN)
    codes_left = NumberColumn(verbose_name="Codes left")
    given_before = NumberColumn(verbose_name="Published in the hour before")
    withdrawn = NumberColumn(verbose_name="Withdrawn")
    act = tables.Column("", empty_values=(), attrs=ASIDE)

    empty_icon = "ticket-percent"
    empty_title = "No campaigns"
    empty_text = "Without a pool, no code can be published twice."

    class Meta(Table.Meta):
        fields = ("name", "codes_left", "given_before", "withdrawn", "act")

    def render_name(self, record: Any) -> SafeString:
        url = reverse("dashboard:campaign", kwargs={"campaign_id": record.pk})
        return format_html('<a href="{}">{}</a>', url, record.name)

    def render_codes_left(self, value: Any) -> str:
        return f"{COUNT_UP_TO:,}+" if value > COUNT_UP_TO else f"{value:,}"

    def render_act(self, record: Any) -> str:
        if not record.codes_left:
            return ""
        url = reverse("quarantine:withdraw-next", kwargs={"campaign_id": record.pk})
        return format_html(
            '<a class="btn small" href="{}" data-dialog>Withdraw<span class="sr"> codes of {}</span></a>',
            url,
            record.name,
        )
