"""The lists of automatic distributions, and of what one of them did."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.safestring import SafeString

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import Table, WhenColumn
from config.staff.roles import PUBLISH, may, reveals_codes
from config.staff.templatetags.handout import pill
from publications.automation.models import Firing
from publications.distributions.models import Distribution
from publications.distributions.pages.tables import codes_of, state_pill, status_pill
from publications.pages.tables import NOTHING, customer_link
from publications.queries.history import attach_ledger

MAIN, ASIDE, FULL = ({"td": {"class": name}} for name in ("main", "aside", "full"))


class AutomationTable(Table):
    name = tables.TemplateColumn(template_name="automation/_name.html", attrs=MAIN)
    status = tables.Column(attrs=ASIDE)
    latest = WhenColumn(verbose_name="Last triggered")
    created_at = tables.TemplateColumn(template_name="distributions/_made.html", verbose_name="Created")

    empty_icon = "zap"
    empty_title = "No automatic distributions yet"
    empty_text = "An automatic distribution waits for a trigger, such as a new customer or an order, then sends a code."
    empty_action = "New automatic distribution"

    class Meta(Table.Meta):
        model = Distribution
        fields = ("name", "status", "latest", "created_at")

    def __init__(self, distributions: QuerySet, *, user: User, **kwargs: Any) -> None:
        if may(user, PUBLISH):
            self.empty_url = reverse("automation:create")
        fired = Firing.objects.filter(distribution=OuterRef("pk")).order_by("-pk")
        super().__init__(
            distributions.select_related("campaign", "rule__segment", "rule__campaign", "rule__only_segment").annotate(
                latest=Subquery(fired.values("created_at")[:1])
            ),
            **kwargs,
        )

    def render_status(self, record: Distribution) -> SafeString:
        return status_pill(record)


class FiringTable(Table):
    """The log of one: for whom it fired and what became of it, and for whom it did not and why."""

    created_at = WhenColumn(verbose_name="When")
    customer = tables.Column(default=NOTHING, attrs=MAIN)
    code = tables.Column(empty_values=(), attrs=FULL)
    reason = tables.TemplateColumn(
        template_name="automation/_reason.html", empty_values=(), attrs={"td": {"class": "wrap full"}}
    )
    outcome = tables.Column("State", attrs=ASIDE)

    empty_icon = "zap"
    empty_title = "Not triggered yet"
    empty_text = "Every time the trigger applies to a customer, it appears here with the result."
    footer_template = "partials/links/_report_of_run.html"
    report_kind = "firings"

    class Meta(Table.Meta):
        model = Firing
        fields = ("created_at", "customer", "code", "reason", "outcome")

    def __init__(self, firings: QuerySet, *, run: Distribution, user: User, **kwargs: Any) -> None:
        self.run = run
        self.reveals, self.may_resolve = reveals_codes(user), may(user, PUBLISH)
        hidden = () if run.campaign_id else ("code",)
        related = ("customer", "delivery__publication", "delivery__reminds__voucher")
        super().__init__(firings.select_related(*related), exclude=hidden, **kwargs)

    def before_render(self, request: HtmxHttpRequest) -> None:
        deliveries = [row.record.delivery for row in self.paginated_rows if row.record.delivery]
        for delivery in deliveries:
            delivery.distribution = self.run
        attach_ledger([delivery.publication for delivery in deliveries if delivery.publication])

    def render_customer(self, value: Any) -> SafeString:
        return customer_link(value)

    def render_code(self, record: Firing) -> SafeString:
        return codes_of(record.delivery, reveals=self.reveals) if record.delivery else NOTHING

    def render_outcome(self, record: Firing) -> SafeString:
        return state_pill(record.delivery) if record.delivery else pill(record.get_outcome_display(), "calm")
