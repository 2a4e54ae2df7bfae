"""The lists of campaigns and codes."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.db.models import QuerySet
from django.urls import reverse

from campaigns.codes.models import Voucher
from campaigns.codes.queries.count_codes import count_codes, is_pool_empty
from campaigns.codes.state import state_of_code
from campaigns.models import Campaign
from campaigns.pages.filters import state_of_campaign
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import ChoiceColumn, Table, WhenColumn

LOW_PERCENT = 10  # of its codes left: from here down a fixed pool is low


class CampaignTable(Table):
    name = tables.TemplateColumn(
        template_name="campaigns/_name.html", verbose_name="Campaign", orderable=True, attrs={"td": {"class": "main"}}
    )
    worth = tables.TemplateColumn(template_name="campaigns/_offer.html", verbose_name="Offer")
    pool = tables.TemplateColumn(
        template_name="campaigns/_gauge.html",
        verbose_name="Codes",
        extra_context=lambda record, table: table.gauge(record),
        attrs={"td": {"class": "bare"}},
    )
    empty_on = tables.TemplateColumn(
        template_name="campaigns/_empty_on.html", verbose_name="Empty on", orderable=True, order_by=("empty_on", "id")
    )
    expiration_date = WhenColumn(verbose_name="Ends", orderable=True, order_by=("expiration_date", "id"))
    created_at = WhenColumn(verbose_name="Created", orderable=True, order_by=("created_at", "id"))
    status = tables.TemplateColumn(
        "{% pill state %}",
        extra_context=lambda record: {"state": state_of_campaign(record)},
        attrs={"td": {"class": "aside"}},
    )

    empty_icon = "ticket-percent"
    empty_title = "No campaigns yet"
    empty_text = "A campaign is an offer with a pool of codes, generated or imported."
    empty_action = "New campaign"
    footer_template = "partials/links/_report.html"
    report_kind = "campaigns"

    class Meta(Table.Meta):
        model = Campaign
        fields = ("name", "worth", "pool", "empty_on", "expiration_date", "created_at", "status")

    def __init__(self, campaigns: QuerySet, *, may_manage: bool, **kwargs: Any) -> None:
        self.may_manage = may_manage
        super().__init__(campaigns, **kwargs)

    @property
    def empty_url(self) -> str:
        return reverse("campaigns:create") if self.may_manage else ""

    def before_render(self, request: HtmxHttpRequest) -> None:
        """Counts the codes of this page's campaigns alone, in one query."""
        self.counts = count_codes([row.record for row in self.paginated_rows])

    def gauge(self, campaign: Campaign) -> dict:
        count = self.counts[campaign.pk]
        if is_pool_empty(campaign, count):
            return {"count": count, "level": "empty"}
        fixed_pool = not (campaign.auto_update or campaign.standalone)
        low = fixed_pool and count.left and count.left * 100 <= count.total * LOW_PERCENT
        return {"count": count, "level": "low" if low and state_of_campaign(campaign) != "Expired" else ""}


class CodeTable(Table):
    chosen = ChoiceColumn()
    code = tables.TemplateColumn(template_name="campaigns/_code.html", attrs={"td": {"class": "main"}})
    campaign = tables.TemplateColumn(template_name="campaigns/_campaign.html", attrs={"td": {"class": "cut"}})
    worth = tables.TemplateColumn(template_name="campaigns/_offer.html", verbose_name="Offer")
    published_at = WhenColumn(verbose_name="Published")
    uses = tables.TemplateColumn(
        "{% load campaign_status %}{% code_uses record %}",
        empty_values=(),
        attrs={"th": {"class": "lesser"}, "td": {"class": "lesser"}},
    )
    created_at = WhenColumn(verbose_name="Created")
    status = tables.TemplateColumn(
        "{% pill state %}",
        extra_context=lambda record: {"state": state_of_code(record).label},
        attrs={"td": {"class": "aside"}},
    )

    footer_template = "partials/links/_report.html"
    selection_template = "partials/links/_choose.html"
    chosen_of = "codes"
    report_kind = "all-codes"
    empty_icon = "scan-barcode"
    empty_title = "No codes yet"
    empty_text = "Create a campaign with its codes, or single standalone codes."
    empty_action = "New codes"

    class Meta(Table.Meta):
        model = Voucher
        fields = ("code", "campaign", "worth", "published_at", "uses", "created_at", "status")
        sequence = ("chosen", "...")

    def __init__(self, codes: QuerySet, *, reveals: bool, may_manage: bool, **kwargs: Any) -> None:
        self.reveals, self.may_manage = reveals, may_manage
        super().__init__(codes, exclude=() if reveals else ("chosen",), **kwargs)

    @property
    def empty_url(self) -> str:
        return reverse("campaigns:create-codes") if self.may_manage else ""
