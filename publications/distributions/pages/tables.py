"""The lists of distributions, of a run's recipients, of a customer's messages, and of the outbox."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.paging import COUNT_UP_TO
from config.staff.lists.tables import Table, WhenColumn
from config.staff.roles import PUBLISH, may, reveals_codes
from config.staff.templatetags.handout import pill, when
from publications.distributions.models import Delivery, Distribution, KeptMessage
from publications.distributions.sending.stored_email_backend import subject_shown, with_codes
from publications.pages.tables import customer_link
from publications.queries.history import attach_ledger

MAIN, ASIDE, FULL = ({"td": {"class": name}} for name in ("main", "aside", "full"))
NUMBER = {"th": {"class": "num"}, "td": {"class": "num"}}
NOTHING = SafeString('<span class="muted">–</span>')

TONES = {"stopped": "warn", "cancelled": "calm"}
TONES_OF_STATES = {
    Delivery.State.PENDING: "calm",
    Delivery.State.PUBLISHED: "info",
    Delivery.State.SENDING: "info",
    Delivery.State.SENT: "good",
    Delivery.State.KEPT: "warn",
    Delivery.State.FAILED: "bad",
    Delivery.State.SKIPPED: "calm",
    Delivery.State.UNKNOWN: "warn",
}

# No further than lists count, for each of the page's rows.
COUNT_RECIPIENTS = """
SELECT d.id, (SELECT count(*) FROM (
         SELECT 1 FROM distributions_delivery r
          WHERE r.distribution_id = d.id AND (r.state <> 'skipped' OR r.publication_id IS NOT NULL) LIMIT %s) AS counted)
  FROM unnest(%s::bigint[]) AS d (id)
"""


def status_pill(distribution: Distribution) -> SafeString:
    return pill(distribution.get_status_display(), TONES.get(distribution.status))


def state_pill(delivery: Delivery) -> SafeString:
    """A published code is the end where there is no message, and only half the way where there is one."""
    if delivery.state == Delivery.State.PUBLISHED and delivery.reminds_id:
        return pill("Ready to send", "info")
    tone = TONES_OF_STATES[Delivery.State(delivery.state)]
    if delivery.state == Delivery.State.PUBLISHED and delivery.distribution.message == Distribution.Message.NONE:
        tone = "good"
    return pill(delivery.get_state_display(), tone)


def codes_of(delivery: Delivery, *, reveals: bool) -> SafeString:
    """Those that were published, whose ledger is attached; of a reminder the one that it sends."""
    if delivery.reminds:
        context = {"voucher": delivery.reminds.voucher, "reveals": reveals}
        return render_to_string("partials/records/_code_cell.html", context)
    if delivery.publication is None:
        return NOTHING
    context = {"publication": delivery.publication, "reveals": reveals}
    return render_to_string("publications/_history_codes.html", context)


class DistributionTable(Table):
    name = tables.TemplateColumn(template_name="distributions/_name.html", attrs=MAIN)
    status = tables.Column(attrs=ASIDE)
    recipients = tables.Column(empty_values=(), attrs=NUMBER)
    starts_at = tables.Column("Start", empty_values=())
    created_at = tables.TemplateColumn(template_name="distributions/_made.html", verbose_name="Created")

    empty_icon = "megaphone"
    empty_title = "No distributions yet"
    empty_text = "A distribution sends a code, a message or both to many customers at once, and remembers who got what."
    empty_action = "New distribution"
    footer_template = "partials/links/_report.html"
    report_kind = "distributions"

    class Meta(Table.Meta):
        model = Distribution
        fields = ("name", "status", "recipients", "starts_at", "created_at")

    def __init__(self, distributions: QuerySet, *, user: User, **kwargs: Any) -> None:
        if may(user, PUBLISH):
            self.empty_url = reverse("distributions:create")
        self.counts: dict[int, int] = {}
        super().__init__(distributions.select_related("campaign", "segment"), **kwargs)

    def before_render(self, request: HtmxHttpRequest) -> None:
        keys = [row.record.pk for row in self.paginated_rows]
        with connection.cursor() as cursor:
            cursor.execute(COUNT_RECIPIENTS, [COUNT_UP_TO + 1, keys])
            self.counts = dict(cursor.fetchall())

    def render_status(self, record: Distribution) -> SafeString:
        return status_pill(record)

    def render_recipients(self, record: Distribution) -> str:
        count = self.counts.get(record.pk, 0)
        return f"{COUNT_UP_TO:,}+" if count > COUNT_UP_TO else f"{count:,}" if count else NOTHING

    def render_starts_at(self, record: Distribution) -> SafeString:
        return when(record.started_at or record.starts_at)


class RecipientTable(Table):
    """The recipients of one run, in the order that they are served."""

    customer = tables.Column(attrs=MAIN)
    email = tables.Column("E-mail", empty_values=(), attrs=FULL)
    code = tables.Column(empty_values=())
    reason = tables.TemplateColumn(
        template_name="distributions/_reason.html", empty_values=(), attrs={"td": {"class": "wrap full"}}
    )
    state = tables.Column(attrs=ASIDE)
    state_at = WhenColumn(verbose_name="Since")

    moment = ""  # all of them are written down at the start
    empty_icon = "users"
    empty_title = "No recipients yet"
    empty_text = "Recipients appear here with their results when the distribution starts."
    footer_template = "distributions/_settle_or_report.html"
    report_kind = "recipients"

    class Meta(Table.Meta):
        model = Delivery
        fields = ("customer", "email", "code", "reason", "state", "state_at")

    def __init__(self, recipients: QuerySet, *, run: Distribution, user: User, **kwargs: Any) -> None:
        self.run = run
        self.reveals = reveals_codes(user)
        self.may_resolve = may(user, PUBLISH)
        if run.status == Distribution.Status.CANCELLED:
            self.empty_title, self.empty_text = "No recipients", "The distribution was cancelled before it started."
        hidden = () if run.campaign_id else ("code",)
        super().__init__(
            recipients.select_related("customer", "publication", "reminds__voucher"), exclude=hidden, **kwargs
        )

    def before_render(self, request: HtmxHttpRequest) -> None:
        recipients = [row.record for row in self.paginated_rows]
        for recipient in recipients:
            recipient.distribution = self.run
        attach_ledger([recipient.publication for recipient in recipients if recipient.publication])

    def render_customer(self, value: Any) -> SafeString:
        return customer_link(value, with_email=False)  # it has a column

    def render_email(self, record: Delivery) -> str:
        return record.email or record.customer.email or NOTHING

    def render_code(self, record: Delivery) -> SafeString:
        return codes_of(record, reveals=self.reveals)

    def render_state(self, record: Delivery) -> SafeString:
        return state_pill(record)


class CustomerMessageTable(Table):
    """What the runs did for one customer."""

    created_at = WhenColumn(verbose_name="Date", accessor="state_at")
    distribution = tables.Column(attrs=MAIN)
    email = tables.Column("Sent to", default=NOTHING, attrs=FULL)
    publication = tables.Column("Code", empty_values=())
    reason = tables.Column(empty_values=(), attrs={"td": {"class": "wrap full"}})
    state = tables.Column(attrs=ASIDE)

    empty_icon = "mail"
    empty_title = "No messages yet"
    empty_text = "Messages that distributions send to this customer, or skip them for, appear here."

    class Meta(Table.Meta):
        model = Delivery
        fields = ("created_at", "distribution", "email", "publication", "reason", "state")

    def __init__(self, deliveries: QuerySet, *, user: User, **kwargs: Any) -> None:
        self.reveals = reveals_codes(user)
        super().__init__(deliveries.select_related("distribution", "publication", "reminds__voucher"), **kwargs)

    def before_render(self, request: HtmxHttpRequest) -> None:
        attach_ledger([row.record.publication for row in self.paginated_rows if row.record.publication])

    def render_distribution(self, value: Distribution) -> SafeString:
        return format_html('<a href="{}">{}</a>', distribution_url(value), value)

    def render_publication(self, record: Delivery) -> SafeString:
        return codes_of(record, reveals=self.reveals)

    def render_reason(self, record: Delivery) -> str:
        return record.why or NOTHING

    def render_state(self, record: Delivery) -> SafeString:
        return state_pill(record)


class OutboxTable(Table):
    subject = tables.Column(empty_values=(), attrs={"td": {"class": "main cut"}})
    to = tables.Column("To", attrs={"td": {"class": "cut full"}})
    delivery = tables.TemplateColumn(
        template_name="distributions/_of_run.html",
        verbose_name="Distribution",
        empty_values=(),
        attrs={"td": {"class": "cut"}},
    )
    created_at = WhenColumn(verbose_name="Stored")

    empty_icon = "inbox"
    empty_title = "The outbox is empty"
    empty_text = (
        "Without a mail server, e-mails are stored here instead of being sent, so you can see what would go out."
    )

    class Meta(Table.Meta):
        model = KeptMessage
        fields = ("subject", "to", "delivery", "created_at")

    def __init__(self, messages: QuerySet, *, user: User, **kwargs: Any) -> None:
        self.reveals = reveals_codes(user)
        super().__init__(with_codes(messages.defer("text", "html", "headers")), **kwargs)

    def render_subject(self, record: KeptMessage) -> SafeString:
        words = subject_shown(record, reveals=self.reveals)
        url = reverse("distributions:outbox-message", kwargs={"message_id": record.pk})
        return format_html('<a href="{}">{}</a>', url, words or "(no subject)")


def distribution_url(distribution: Distribution) -> str:
    return reverse("distributions:distribution", kwargs={"distribution_id": distribution.pk})
