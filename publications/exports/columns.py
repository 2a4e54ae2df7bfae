"""The columns of each kind of file, declared once. An import recognises the headings."""

from __future__ import annotations

from django.db.models import (
    Case,
    CharField,
    DecimalField,
    F,
    Func,
    JSONField,
    OuterRef,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
    Window,
)
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, NullIf

from campaigns.codes.mask import masked
from campaigns.codes.state import CODE_STATE_IN_WORDS
from campaigns.models import Campaign
from config.imports.kinds import Code, Column, Day, Flag, Money, Number, Time
from publications.distributions.models import Distribution
from publications.distributions.reasons import DeliveryReason, FiringReason, in_words_by_sql
from publications.exports.models import Export
from publications.funnel.durations import IN_WORDS_SQL
from publications.funnel.models import FunnelTime, Step
from publications.queries.holder import of_holder
from publications.refusals import FailureReason


def metadata_cell(field: str | Combinable) -> Cast:
    """A JSON object; empty if there is none."""
    return Cast(NullIf(field, Value({}, JSONField())), TextField())


def of_code_or_campaign(voucher: str, field: str) -> Case:
    """A discount is the code's own, or wholly the campaign's: never the one's amount in the other's unit."""
    return Case(
        When(**{f"{voucher}discount_type": None}, then=F(f"{voucher}campaign__{field}")), default=F(f"{voucher}{field}")
    )


def inherited(voucher: str, field: str) -> Coalesce:
    """The voucher's own, otherwise its campaign's."""
    return Coalesce(f"{voucher}{field}", f"{voucher}campaign__{field}")


def _of_code(voucher: str, code: str | Case) -> list[Column]:
    """`voucher` is the way from the row to the voucher: "" or "voucher__"."""
    return [
        Column("Code", code, Code),
        Column("Campaign", f"{voucher}campaign__name"),
        Column("Voucher type", f"{voucher}type"),
        Column("Discount type", of_code_or_campaign(voucher, "discount_type")),
        Column("Value", of_code_or_campaign(voucher, "discount_value"), Number),
        Column("Unit", of_code_or_campaign(voucher, "unit_type")),
        Column("Gift amount", inherited(voucher, "gift_amount"), Money),
        Column("Start date", inherited(voucher, "start_date"), Time),
        Column("Expiration date", inherited(voucher, "expiration_date"), Time),
        Column("Category", inherited(voucher, "category")),
        Column("Published at", f"{voucher}published_at", Time),
        Column("Metadata", metadata_cell(f"{voucher}metadata")),
    ]


def shown_code(code: str, published_at: str) -> Case:
    """A published code in clear. A code that could still (or again) be given to somebody is masked."""
    return Case(When(**{published_at: None}, then=masked(code)), default=F(code), output_field=CharField())


def _code_sent(delivery: str) -> Case:
    """The code that a delivery published, or of which it reminds; `delivery` is the way to it."""
    published, reminded = (f"{delivery}{way}voucher__" for way in ("publication__ledger__", "reminds__"))
    return Case(
        When(**{f"{delivery}reminds__isnull": False}, then=shown_code(f"{reminded}code", f"{reminded}published_at")),
        default=shown_code(f"{published}code", f"{published}published_at"),
        output_field=CharField(),
    )


def _of_customer(customer: str) -> list[Column]:
    return [
        Column("Customer", f"{customer}name"),
        Column("E-mail", f"{customer}email"),
        Column("Customer source ID", f"{customer}source_id"),
    ]


def _of_ledger(ledger: str) -> list[Column]:
    """The same of who holds a code; `ledger` is the way to its row of the ledger."""
    return [
        Column("Customer", of_holder("name", ledger=ledger)),
        Column("E-mail", of_holder("email", ledger=ledger)),
        Column("Customer source ID", of_holder("source_id", ledger=ledger)),
    ]


def of_run(publication: str) -> Case:
    """The name of the distribution that it came by."""
    is_of_one = When(**{f"{publication}actor_kind": "run"}, then=F(f"{publication}actor_label"))
    return Case(is_of_one, default=None, output_field=CharField())


HAND_OUT = _of_code("voucher__", "voucher__code")

CODES = [
    *_of_code("", shown_code("code", "published_at")),
    Column("Active", "active", Flag),
    Column("Status", CODE_STATE_IN_WORDS),
    *_of_ledger("live__"),
    Column("Channel", "live__publication__channel"),
    Column("Distribution", of_run("live__publication__")),
    Column("For whom", "live__publication__export__for_whom"),
    Column("Created at", "created_at", Time),
]

WHY_FAILED = Case(
    *(When(failure_reason=reason.value, then=Value(reason.label)) for reason in FailureReason),
    default=None,
    output_field=CharField(),
)
PUBLICATIONS = [
    Column("Date", "created_at", Time),
    Column("Result", "result"),
    Column("Campaign", "campaign__name"),
    Column("Code", shown_code("ledger__voucher__code", "ledger__voucher__published_at"), Code),
    *_of_customer("customer__"),
    Column("Channel", "channel"),
    Column("Distribution", of_run("")),
    Column("For whom", "export__for_whom"),
    Column("By", "actor_label"),
    Column("Source ID", "source_id"),
    Column("Failure", "failure_message"),
    Column("Failure reason", WHY_FAILED),
    Column("Attempts", "attempts", Number),
    Column("Code requested", masked("attempted_code"), Code),
    Column("Released at", "ledger__released_at", Time),
    Column("Release reason", "ledger__reason"),
    Column("Metadata", metadata_cell("metadata")),
]

CUSTOMERS = [
    Column("Source ID", "source_id"),
    Column("Name", "name"),
    Column("E-mail", "email"),
    Column("Phone", "phone"),
    Column("Birthdate", "birthdate", Day),
    *(
        Column(heading, KeyTextTransform(key, "address"))
        for heading, key in [
            ("Address line 1", "line_1"),
            ("Address line 2", "line_2"),
            ("Postal code", "postal_code"),
            ("City", "city"),
            ("State", "state"),
            ("Country", "country"),
        ]
    ),
    Column("Description", "description"),
    Column("Created at", "created_at", Time),
    Column("Metadata", metadata_cell("metadata")),
]

RECIPIENTS = [
    *_of_customer("customer__"),
    Column("Sent to", "email"),
    Column("Code", _code_sent(""), Code),
    Column("State", "state"),
    Column("Reason", in_words_by_sql(DeliveryReason, "reason", "detail")),
    Column("Attempts", "attempts", Number),
    Column("Since", "state_at", Time),
]

FIRINGS = [
    Column("Date", "created_at", Time),
    *_of_customer("customer__"),
    Column("Sent to", "delivery__email"),
    Column("Code", _code_sent("delivery__"), Code),
    Column("State", Coalesce("delivery__state", "outcome")),
    Column(
        "Reason",
        Case(
            When(reason="", then=in_words_by_sql(DeliveryReason, "delivery__reason", "delivery__detail")),
            default=in_words_by_sql(FiringReason, "reason", "detail"),
        ),
    ),
    Column("Attempts", "delivery__attempts", Number),
    Column("Since", Coalesce("delivery__state_at", "created_at"), Time),
]

HOLDERS = [
    *_of_ledger(""),
    Column("Code", shown_code("voucher__code", "voucher__published_at"), Code),
    Column("Campaign", "voucher__campaign__name"),
    Column("Published at", "publication__created_at", Time),
    Column("Channel", "publication__channel"),
    Column("Distribution", of_run("publication__")),
]

_ORDER = Coalesce("stack__order", "order")
_AMOUNT = Cast(KeyTextTransform("amount", _ORDER), DecimalField(max_digits=20, decimal_places=2))
REDEMPTIONS = [
    Column("Date", "created_at", Time),
    Column("Kind", "kind"),
    Column("Result", "result"),
    Column("Campaign", "campaign__name"),
    Column("Code", shown_code("voucher__code", "voucher__published_at"), Code),
    *_of_customer("customer__"),
    Column("Order ID", Coalesce(KeyTextTransform("source_id", _ORDER), KeyTextTransform("id", _ORDER))),
    Column("Order amount", _AMOUNT / 100, Money),
    Column("Discount", F("applied_discount") / Value(100.0), Money),
    Column("From balance", "amount", Money),
    Column("Uses after it", "redeemed_quantity", Number),
    Column("Balance after it", "balance", Money),
    Column("Reason", "reason"),
    Column("Failure", "failure_message"),
    Column("Attempts", "attempts", Number),
    Column("By", "actor_label"),
    Column("Metadata", metadata_cell("metadata")),
]

TRANSACTIONS = [
    Column("Date", "created_at", Time),
    Column("Campaign", "campaign__name"),
    Column("Code", shown_code("voucher__code", "voucher__published_at"), Code),
    Column("Kind", "kind"),
    Column("Amount", "amount", Money),
    Column("Balance after it", "balance", Money),
    Column("Order ID", Coalesce("order_source_id", "order_id")),
    Column("Own ID", "source_id"),
    Column("Reason", "reason"),
]

CAMPAIGNS = [
    Column("Campaign", "name"),
    Column("Kind", "kind"),
    Column("Discount type", "discount_type"),
    Column("Value", "discount_value", Number),
    Column("Unit", "unit_type"),
    Column("Gift amount", "gift_amount", Money),
    Column("Redemption limit", "redemption_limit", Number),
    Column("Start date", "start_date", Time),
    Column("Expiration date", "expiration_date", Time),
    Column("Category", "category"),
    Column("Active", "active", Flag),
    Column("Created at", "created_at", Time),
    Column("Metadata", metadata_cell("metadata")),
]

DISTRIBUTIONS = [
    Column("Distribution", "name"),
    Column("Kind", "kind"),
    Column("Status", "status"),
    Column("Campaign", "campaign__name"),
    Column("Segment", "segment__name"),
    Column("Message", "message"),
    Column("Subject", "subject"),
    Column("Channel", "channel"),
    Column("By", "actor_label"),
    Column("Created at", "created_at", Time),
    Column("Started at", "started_at", Time),
    Column("Finished at", "finished_at", Time),
]


def _of_cell(model: type[Campaign] | type[Distribution], key: str) -> Subquery:
    """The name of what a cell of the funnel is of, by its key."""
    return Subquery(model.objects.filter(pk=OuterRef(key)).values("name")[:1])


class _InWords(Func):
    output_field = TextField()
    template = f"(SELECT {IN_WORDS_SQL} FROM (SELECT %(expressions)s) AS took (bucket))"  # noqa: S608 - our own SQL


def _median(step: Step) -> _InWords:
    """Of a cell of the funnel, in words: the first bucket with which half of the codes are reached."""
    same = {name: OuterRef(name) for name in ("campaign_id", "week", "channel", "distribution_id")}
    reached = Window(Sum("codes"), order_by=F("bucket").asc())
    times = FunnelTime.objects.filter(**same, step=step, codes__gt=0).annotate(
        reached=reached * 2, all=Window(Sum("codes"))
    )
    return _InWords(Subquery(times.filter(reached__gte=F("all")).order_by("bucket").values("bucket")[:1]))


AUDIT = [
    Column("Date", "created_at", Time),
    Column("Action", "action"),
    Column("Object", "object_label"),
    Column("Object ID", "object_id"),
    Column("By", "actor_label"),
    Column("Details", metadata_cell("details")),
]

FUNNEL = [
    Column("Week", "week", Day),
    Column("Campaign", _of_cell(Campaign, "campaign_id")),
    Column("Channel", "channel"),
    Column("Distribution", _of_cell(Distribution, "distribution_id")),
    Column("Published", "published", Number),
    # Without a message nothing could be delivered: that is not the same as 0.
    Column("Sent by distributions", "messages", Number),
    Column("Delivered", Case(When(messages=0, then=None), default="delivered"), Number),
    Column("Median time to delivery", _median(Step.DELIVERED)),
    Column("Redeemed", "redeemed", Number),
    Column("Median time to redemption", _median(Step.REDEEMED)),
    Column("Order amounts", F("amount") / Value(100.0), Money),
]

COLUMNS: dict[str, list[Column]] = {
    Export.Kind.HAND_OUT: HAND_OUT,
    Export.Kind.CODES: CODES,
    Export.Kind.PUBLICATIONS: PUBLICATIONS,
    Export.Kind.CUSTOMERS: CUSTOMERS,
    Export.Kind.RECIPIENTS: RECIPIENTS,
    Export.Kind.FIRINGS: FIRINGS,
    Export.Kind.HOLDERS: HOLDERS,
    Export.Kind.REDEMPTIONS: REDEMPTIONS,
    Export.Kind.TRANSACTIONS: TRANSACTIONS,
    Export.Kind.CAMPAIGNS: CAMPAIGNS,
    Export.Kind.DISTRIBUTIONS: DISTRIBUTIONS,
    Export.Kind.AUDIT: AUDIT,
    Export.Kind.FUNNEL: FUNNEL,
}
