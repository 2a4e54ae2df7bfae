"""The list of redemptions and rollbacks."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from config.staff.lists.tables import Table, WhenColumn
from config.staff.roles import reveals_codes
from publications.pages.tables import ASIDE, CUT, LESSER, MAIN, NOTHING, PERSON, HistoryTable, PublishedCodeTable
from publications.redemptions.models import Redemption


class RedemptionTable(Table):
    """Each use of a code, also of several together; `redemptions` in the order to be shown."""

    created_at = WhenColumn(verbose_name="Date")
    code = tables.Column("Code", accessor="voucher", attrs=MAIN)
    campaign = tables.Column(default="Standalone", attrs=CUT)
    order = tables.TemplateColumn(
        "{% include 'publications/_order.html' with redemption=record %}", empty_values=(), attrs=CUT
    )
    paid = tables.TemplateColumn(
        "{% if value %}{% money value %}{% else %}{{ column.default }}{% endif %}",
        verbose_name="From balance",
        accessor="amount",
        default=NOTHING,
    )
    actor_label = tables.Column("By", empty_values=(), attrs=LESSER)
    result = tables.Column(empty_values=(), attrs=ASIDE)

    empty_icon = "shopping-bag"
    empty_title = "No redemptions yet"
    empty_text = "Every use of a code appears here: when, for which order, and whether it was rolled back."

    class Meta(Table.Meta):
        pass

    def __init__(self, redemptions: QuerySet[Redemption], *, user: User, **kwargs: Any) -> None:
        self.reveals = reveals_codes(user)
        super().__init__(for_table(redemptions), **kwargs)

    render_code = PublishedCodeTable.render_code
    render_campaign = HistoryTable.render_campaign
    render_actor_label = HistoryTable.render_actor_label

    def render_result(self, record: Redemption) -> SafeString:
        return render_to_string("redemptions/_result.html", {"redemption": record})


class AllRedemptionsTable(RedemptionTable):
    """With the customer; what the campaign was worth is told on the page of the code."""

    customer = tables.Column(default=NOTHING, attrs=PERSON)
    footer_template = "partials/links/_report.html"
    report_kind = "all-redemptions"  # its filter by campaign is by a name

    class Meta(Table.Meta):
        sequence = ("created_at", "code", "campaign", "customer", "...")
        exclude = ("paid",)

    render_customer = HistoryTable.render_customer


def for_table(redemptions: QuerySet[Redemption]) -> QuerySet[Redemption]:
    """A row for each code: of several that were used together each has its own."""
    rollbacks = Redemption.objects.filter(kind=Redemption.Kind.ROLLBACK, result=Redemption.Result.SUCCESS)
    return (
        redemptions.filter(voucher__isnull=False)
        .select_related("voucher", "campaign", "customer", "stack", "undoes__stack")
        .prefetch_related(Prefetch("rollbacks", rollbacks, to_attr="undone_by"))
    )
