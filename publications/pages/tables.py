"""The lists of publications and of a campaign's codes."""

from __future__ import annotations

from typing import Any

import django_tables2 as tables
from django.contrib.auth.models import User
from django.db.models import Prefetch, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from campaigns.codes.models import Voucher
from campaigns.codes.state import state_of_code
from campaigns.models import Campaign
from config.public_ids import PUBLICATION, public_id
from config.staff.htmx_request import HtmxHttpRequest
from config.staff.lists.tables import ChoiceColumn, Looked, Table
from config.staff.roles import reveals_codes
from config.staff.templatetags.handout import channel, pill, when
from customers.models import Customer
from publications.models import Publication, PublishedVoucher
from publications.pages.filters import HistoryFilter
from publications.queries.history import attach_ledger, with_holders

MAIN, ASIDE, CUT = ({"td": {"class": name}} for name in ("main", "aside", "cut"))
PERSON = {"td": {"class": "cut full"}}  # on a phone a name and its e-mail need the whole line
LESSER = {"th": {"class": "lesser"}, "td": {"class": "cut lesser"}}
OPENER = {"th": {"class": "opener"}, "td": {"class": "opener"}}
NOTHING = SafeString('<span class="muted nothing">–</span>')


class HistoryTable(Table):
    """The publications that `history()` found, each on one line; `hidden` names the columns that say nothing on this page."""

    chosen = ChoiceColumn()
    created_at = tables.Column("Date", orderable=True, order_by=("created_at", "id"))
    codes = tables.Column("Code", empty_values=(), attrs=MAIN)
    campaign = tables.Column(default=NOTHING, attrs=CUT)
    customer = tables.Column(empty_values=(), attrs=PERSON)
    channel = tables.Column(order_by=("channel", "-created_at", "-id"), attrs={"td": {"class": "cut by-channel"}})
    actor_label = tables.Column("By", empty_values=(), attrs=LESSER)
    result = tables.Column(empty_values=(), attrs=ASIDE)
    more = tables.Column(SafeString('<span class="sr">Details</span>'), empty_values=(), attrs=OPENER)

    one_line = True
    empty_icon = "send"
    empty_title = "No publications yet"
    empty_text = "Every published code appears here: who got it, when, through which channel and who published it."
    footer_template = "partials/links/_report.html"
    row_template = "publications/_history_details.html"
    selection_template = "partials/links/_choose.html"
    chosen_of = "publications"

    class Meta(Table.Meta):
        pass

    def __init__(self, history: HistoryFilter, *, user: User, hidden: tuple[str, ...] = (), **kwargs: Any) -> None:
        self.history = history
        self.reveals = reveals_codes(user)
        # A report is of a campaign or of everything, and has no filter that would be "this customer and a text".
        self.report_kind = "" if "customer" in hidden else "publications"
        self.report_campaign = history.campaign.public_id if history.campaign else None
        self.of_customer = history.customer.public_id if history.customer else None
        hidden = hidden if self.reveals else (*hidden, "chosen")
        super().__init__(history.qs, exclude=hidden, order_by=history.sort, **kwargs)
        self.columns["channel"].column.orderable = history.sorts_by_channel

    def before_render(self, request: HtmxHttpRequest) -> None:
        attach_ledger([row.record for row in self.paginated_rows])

    @property
    def looked(self) -> Looked | None:
        edge = self.history.edge
        if edge is None and self.history.beyond is None:
            return None
        further = edge and public_id(PUBLICATION, edge.key)
        return Looked(
            "publications", self.history.looked_at, edge and edge.at, further, self.history.beyond is not None
        )

    def render_created_at(self, record: Publication, value: Any) -> SafeString:
        return format_html(
            '<a class="calm" href="{}">{}</a>', _address("publications:publication", record.pk), when(value)
        )

    def render_codes(self, record: Publication) -> SafeString:
        return render_to_string("publications/_history_codes.html", {"publication": record, "reveals": self.reveals})

    def render_campaign(self, value: Any) -> SafeString:
        return format_html('<a class="calm" href="{}" title="{}">{}</a>', value.get_absolute_url(), value, value)

    def render_customer(self, value: Customer | None, record: Publication) -> SafeString:
        """A hand-out has no customer; its file is for somebody all the same."""
        if value:
            return customer_link(value)
        for_whom = getattr(getattr(record, "export", None), "for_whom", "")
        return format_html('<span class="muted">{}</span>', for_whom) if for_whom else NOTHING

    def render_channel(self, record: Publication, value: str) -> SafeString:
        return render_to_string("publications/_channel.html", {"publication": record, "channel_name": value})

    def render_actor_label(self, record: Publication) -> SafeString:
        if record.actor_kind == "run" and record.actor_id:
            return SafeString('<span class="muted">Distribution</span>')  # which one stands beside the channel
        return render_to_string("partials/records/_actor.html", {"done": record})

    def render_result(self, record: Publication) -> SafeString:
        return render_to_string("publications/_result.html", {"publication": record})

    def render_more(self, record: Publication) -> SafeString:
        return render_to_string("publications/_history_more.html", {"publication": record})


class HeldCodeTable(Table):
    """The codes of a campaign with their holders."""

    chosen = ChoiceColumn()
    code = tables.Column(attrs=MAIN)
    holder = tables.Column(empty_values=(), attrs=PERSON)
    channel = tables.Column(empty_values=())
    published_at = tables.Column("Published", default=NOTHING)
    uses = tables.TemplateColumn("{% load campaign_status %}{% code_uses record %}", empty_values=(), attrs=LESSER)
    status = tables.Column(empty_values=(), attrs=ASIDE)

    empty_icon = "scan-barcode"
    empty_title = "No codes yet"
    empty_text = "Generate codes, or import your own from a file."
    footer_template = "partials/links/_report.html"
    selection_template = "partials/links/_choose.html"
    chosen_of = "codes"
    report_kind = "codes"

    class Meta(Table.Meta):
        pass

    def __init__(self, vouchers: QuerySet, *, user: User, campaign: Campaign, **kwargs: Any) -> None:
        self.reveals = reveals_codes(user)
        self.report_campaign = campaign.public_id
        if vouchers.query.order_by[:1] == ("-published_at",):
            self.moment = "published_at"
        super().__init__(with_holders(vouchers), exclude=() if self.reveals else ("chosen",), **kwargs)

    def render_code(self, record: Voucher) -> SafeString:
        return render_to_string("partials/records/_code_cell.html", {"voucher": record, "reveals": self.reveals})

    def render_holder(self, record: Any) -> SafeString:
        if not record.live:
            return NOTHING
        (held,) = record.live
        if held.holder:
            return customer_link(held.holder)
        return format_html(
            '<a class="calm" href="{}">Hand-out</a>', _address("publications:publication", held.publication_id)
        )

    def render_channel(self, record: Voucher) -> SafeString:
        publication = _live_publication(record)
        return channel(publication.channel) if publication else NOTHING

    def render_published_at(self, value: Any) -> SafeString:
        return when(value)

    def render_status(self, record: Voucher) -> SafeString:
        return render_to_string("partials/records/_code_status.html", {"voucher": record})


class PublishedCodeTable(Table):
    """The codes of one publication, with what became of each."""

    code = tables.Column("Code", accessor="voucher", attrs=MAIN)
    settled_to = tables.Column("Settled to", default=NOTHING, attrs=PERSON)
    released_at = tables.Column("Released", default=NOTHING)
    reason = tables.Column("Reason", default=NOTHING, attrs={"td": {"class": "wrap"}})
    status = tables.Column(empty_values=(), attrs=ASIDE)

    empty_icon = "scan-barcode"
    moment = ""
    empty_title = "No codes"
    empty_text = "This attempt failed, so no code was published."

    class Meta(Table.Meta):
        pass

    def __init__(self, publication: Publication, *, user: User, some_released: bool, **kwargs: Any) -> None:
        self.reveals = reveals_codes(user)
        # In the order of the ledger's own index, and each page's vouchers by a query of their own: joined, they were
        # sought by walking all vouchers from the first on (0.9 s instead of 1 ms for 200,000 codes).
        vouchers = Prefetch("voucher", Voucher.objects.select_related("campaign"))
        rows = publication.ledger.prefetch_related(vouchers).order_by("publication_id", "voucher_id")
        hidden: tuple[str, ...] = () if some_released else ("released_at", "reason")
        if publication.customer_id or not publication.voucher_count:
            hidden += ("settled_to",)
        else:
            rows = rows.prefetch_related("settled_to")
        super().__init__(rows, exclude=hidden, **kwargs)

    def render_code(self, value: Voucher) -> SafeString:
        return render_to_string("partials/records/_code_cell.html", {"voucher": value, "reveals": self.reveals})

    def render_settled_to(self, value: Customer) -> SafeString:
        return customer_link(value)

    def render_released_at(self, record: PublishedVoucher, value: Any) -> SafeString:
        return format_html('{} <small class="muted">by {}</small>', when(value), record.released_by)

    def render_status(self, record: PublishedVoucher) -> SafeString:
        """Of one that was taken back, that; whoever may have it now is not told here."""
        return pill("Released" if record.released_at else state_of_code(record.voucher).label)


class WalletTable(Table):
    """The codes that a customer holds."""

    code = tables.Column("Code", accessor="voucher", attrs=MAIN)
    campaign = tables.Column(accessor="voucher__campaign", default="Standalone", attrs=CUT)
    worth = tables.TemplateColumn(
        "{% if record.voucher.campaign %}{% worth record.voucher.campaign %}{% else %}{% worth record.voucher %}{% endif %}"
    )
    channel = tables.Column(accessor="publication__channel", attrs={name: {"class": "lesser"} for name in ("th", "td")})
    published_at = tables.Column("Published", accessor="publication__created_at")
    uses = tables.TemplateColumn("{% load campaign_status %}{% code_uses record.voucher %}", empty_values=())
    status = tables.Column("Status", accessor="voucher", attrs=ASIDE)
    actions = tables.TemplateColumn(
        template_name="partials/links/_wallet_actions.html",
        verbose_name=SafeString('<span class="sr">Actions</span>'),
        empty_values=(),
        attrs={"td": {"class": "actions"}},
    )

    moment = "publication__created_at"
    empty_icon = "wallet"
    empty_title = "No codes yet"
    empty_text = "Codes published to this customer appear here."

    class Meta(Table.Meta):
        pass

    def __init__(self, rows: QuerySet, *, user: User, **kwargs: Any) -> None:
        self.reveals = reveals_codes(user)
        super().__init__(rows, **kwargs)

    render_code = PublishedCodeTable.render_code
    render_campaign = HistoryTable.render_campaign

    def render_channel(self, value: str) -> SafeString:
        return channel(value)

    def render_published_at(self, record: PublishedVoucher, value: Any) -> SafeString:
        return format_html(
            '<a class="calm" href="{}">{}</a>', _address("publications:publication", record.publication_id), when(value)
        )

    def render_status(self, value: Voucher) -> SafeString:
        return pill(state_of_code(value).label)


def customer_link(customer: Customer, *, with_email: bool = True) -> SafeString:
    """The name, and beside it what tells namesakes apart: the e-mail, or without one the source ID."""
    if customer.erased_at:
        return SafeString('<span class="muted">Erased customer</span>')
    apart = customer.email or customer.source_id or ""
    if not with_email or not customer.name or apart == str(customer):
        apart = ""
    return format_html(
        '<span class="person" title="{} {}"><a class="calm" href="{}">{}</a>{}</span>',
        customer, apart, customer.get_absolute_url(), customer,
        format_html(' <small class="muted">{}</small>', apart) if apart else "",
    )  # fmt: skip


def _live_publication(voucher: Any) -> Publication | None:
    return voucher.live[0].publication if voucher.live else None


def _address(page: str, key: int) -> str:
    return reverse(page, args=[key])
