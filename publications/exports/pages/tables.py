"""The list of exports."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import QuerySet

from config.staff.lists.tables import NumberColumn, Table
from config.staff.roles import EXPORT, MANAGE, PUBLISH, may
from publications.exports.models import Export


class ExportTable(Table):
    file_name = tables.TemplateColumn(
        template_name="exports/_name.html",
        verbose_name="File",
        extra_context=lambda table: {"campaign_shown": table.campaign_shown},
        attrs={"td": {"class": "main"}},
    )
    rows = tables.TemplateColumn(
        template_name="exports/_rows.html",
        verbose_name="Rows",
        empty_values=(),
        attrs={"th": {"class": "num"}, "td": {"class": "num"}},
    )
    sha256 = tables.TemplateColumn(
        template_name="exports/_sha256.html", verbose_name="SHA-256", attrs={"td": {"class": "wide-only"}}
    )
    created_at = tables.TemplateColumn(template_name="exports/_ordered.html", verbose_name="Requested")
    downloads = NumberColumn()
    status = tables.TemplateColumn(template_name="exports/_status.html", attrs={"td": {"class": "aside"}})
    download = tables.TemplateColumn(
        template_name="exports/_download.html",
        verbose_name="Download",
        empty_values=(),
        extra_context=lambda record, table: {"may_download": table.may_download(record)},
        attrs={"th": {"class": "num"}, "td": {"class": "actions"}},
    )

    empty_icon = "file-down"
    empty_title = "No exports yet"
    empty_text = (
        "A hand-out publishes a campaign’s codes to a file. A report exports a list without publishing anything."
    )

    class Meta(Table.Meta):
        model = Export
        fields = ("file_name", "rows", "sha256", "created_at", "downloads", "status", "download")

    def __init__(self, exports: QuerySet, *, user: User, campaign_shown: bool = True, **kwargs: Any) -> None:
        self.user = user
        self.campaign_shown = campaign_shown
        super().__init__(exports.select_related("campaign", "publication"), **kwargs)

    def may_download(self, export: Export) -> bool:
        return may(self.user, *needed_to_take(export))


def needed_to_take(export: Export) -> tuple[str, ...]:
    """The abilities that it takes to carry the file away: a hand-out's holds codes that were published into it, one of
    the API perhaps codes that nobody has yet."""
    if export.reveals_codes:
        return (MANAGE,)
    if export.kind == Export.Kind.AUDIT:  # its page is for Managers
        return (EXPORT, MANAGE)
    return (PUBLISH, EXPORT) if export.kind == Export.Kind.HAND_OUT else (EXPORT,)
