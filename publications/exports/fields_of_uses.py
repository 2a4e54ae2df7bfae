"""What the API's exports of redemptions and of gift vouchers' transactions can hold, be filtered by and stand in order of."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DecimalField,
    Exists,
    F,
    Func,
    JSONField,
    OuterRef,
    Q,
    QuerySet,
    TextField,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject

from campaigns.codes.models import Voucher
from config.api import conditions as by
from config.api.json_conditions import of_metadata
from config.imports.kinds import MARK, Column, Number, PublicId, Time
from config.public_ids import (
    CAMPAIGN,
    CUSTOMER,
    FAILED_REDEMPTION,
    FAILED_ROLLBACK,
    REDEMPTION,
    ROLLBACK,
    TRANSACTION,
    VOUCHER,
    key_of,
)
from publications.exports.columns import metadata_cell, shown_code
from publications.queries.conditions import campaign_name, of_campaigns, of_customers, unless_negated
from publications.redemptions.models import Redemption, Transaction

NOTHING = Value("")
FAILED, ROLLED_BACK = Q(result=Redemption.Result.FAILURE), Q(kind=Redemption.Kind.ROLLBACK)


def id_of(prefix: str, key: str) -> PublicId:
    return PublicId(F(key), prefix=prefix)


class AnyId(PublicId):
    """Of "prefix:key"."""

    template = f"('{MARK}:' || (%(expressions)s) || ';')"

    def __init__(self, value: Any) -> None:
        super().__init__(value)


class Details(PublicId):
    """A JSON object, perhaps with public ids in it, without what is null."""

    template = "jsonb_strip_nulls(%(expressions)s)::text"

    def __init__(self, value: Any) -> None:
        super().__init__(value)


def _as_it_is(cell: Func) -> Func:
    return cell


AMOUNT = DecimalField(max_digits=20, decimal_places=2)
ORDER = Coalesce("stack__order", "order")
PREFIX = Case(
    When(ROLLED_BACK & FAILED, then=Value(FAILED_ROLLBACK)),
    When(ROLLED_BACK, then=Value(ROLLBACK)),
    When(FAILED, then=Value(FAILED_REDEMPTION)),
    default=Value(REDEMPTION),
    output_field=CharField(),
)
OBJECT = Case(
    When(ROLLED_BACK, then=Value("redemption_rollback")), default=Value("redemption"), output_field=CharField()
)
REDEMPTION_FIELDS = {
    "id": Column("ID", Concat(PREFIX, Value(":"), Cast("pk", TextField()), output_field=TextField()), AnyId),
    "object": Column("Object", OBJECT),
    "date": Column("Date", "created_at", Time),
    "voucher_code": Column("Voucher Code", shown_code("voucher__code", "voucher__published_at")),
    "campaign": Column("Campaign", "campaign__name"),
    "promotion_tier_id": Column("Promotion Tier ID", NOTHING),
    "customer_id": Column("Customer ID", id_of(CUSTOMER, "customer_id"), _as_it_is),
    "customer_source_id": Column("Customer Source ID", "customer__source_id"),
    "customer_name": Column("Customer Name", "customer__name"),
    "tracking_id": Column("Tracking ID", "customer__source_id"),
    "order_id": Column("Order ID", Coalesce(KeyTextTransform("source_id", ORDER), KeyTextTransform("id", ORDER))),
    "order_amount": Column("Order Amount", Cast(KeyTextTransform("amount", ORDER), AMOUNT) / 100, Number),
    "gift_amount": Column("Gift Amount", "amount", Number),
    "loyalty_points": Column("Loyalty Points", NOTHING),
    "result": Column("Result", "result"),
    "failure_code": Column("Failure Code", "failure_code"),
    "failure_message": Column("Failure Message", "failure_message"),
    "metadata": Column("Metadata", metadata_cell(Coalesce("stack__metadata", "metadata"))),
}


def _of_vouchers(condition: by.Condition) -> Q:
    """By code or `v_…` id."""
    keys = [key_of(VOUCHER, value) or 0 for value in condition.values]
    vouchers = Voucher.objects.filter(Q(code__in=condition.values) | Q(pk__in=keys))
    return unless_negated(condition, Q(voucher__in=list(vouchers.values_list("pk", flat=True))))


def _of_objects(condition: by.Condition) -> Q:
    """Of vouchers or campaigns, by their ids."""
    vouchers = [key_of(VOUCHER, value) or 0 for value in condition.values]
    campaigns = [key_of(CAMPAIGN, value) or 0 for value in condition.values]
    return unless_negated(condition, Q(voucher__in=vouchers) | Q(campaign__in=campaigns))


def _with_status(condition: by.Condition) -> Q:
    undone = Exists(Redemption.objects.filter(undoes=OuterRef("pk"), result=Redemption.Result.SUCCESS))
    statuses = {"FAILED": FAILED, "ROLLED_BACK": ~FAILED & Q(undone), "SUCCEEDED": ~FAILED & ~Q(undone)}
    found = Q(pk__in=[])
    for value in condition.values:
        found |= statuses.get(value, Q(pk__in=[]))
    return unless_negated(condition, found)


KINDS = {"redemption": Redemption.Kind.REDEMPTION.value, "redemption_rollback": Redemption.Kind.ROLLBACK.value}
EXPORTED_REDEMPTIONS = {
    "created_at": by.moment("created_at"),
    "campaign": by.Field(by.WHOLE, of_campaigns),
    "campaign_name": campaign_name(),
    "customer": by.Field(by.WHOLE, of_customers),
    "customer_id": by.public_key("customer", CUSTOMER),
    "voucher": by.Field(by.WHOLE, _of_vouchers),
    "voucher_code": by.text("voucher__code"),
    "related_object": by.Field(by.WHOLE, _of_objects),
    "related_object_id": by.public_key("voucher", VOUCHER),
    "related_object_parent_id": by.public_key("campaign", CAMPAIGN),
    "parent_redemption_id": by.public_key("stack", REDEMPTION),
    "failure_code": by.text("failure_code"),
    "result": by.choice("result"),
    "status": by.Field(by.WHOLE, _with_status),
    "object": by.choice("kind", read=lambda word: KINDS.get(word, word)),
    "user_login": by.text("actor_label"),
    by.ANY_KEY: of_metadata(Redemption),
}


def exported_redemptions() -> QuerySet[Redemption]:
    """Each code's, not the stacks that they came in."""
    return Redemption.objects.filter(voucher__isnull=False).annotate(
        _shown=shown_code("voucher__code", "voucher__published_at"),
        _customer=Coalesce("customer_id", 0),
        _tracking=Coalesce("customer__source_id", NOTHING),
    )


BY_HAND = Q(redemption_id=None)


def _hundredths(field: str) -> Cast:
    return Cast(F(field) * 100, BigIntegerField())


def _only_if(condition: Q, value: Any) -> Case:
    return Case(When(condition, then=value), default=None, output_field=JSONField())


BALANCE = JSONObject(
    amount=_hundredths("amount"),
    total=_hundredths("total"),
    balance=_hundredths("balance"),
    type=Value("gift_voucher"),
    operation_type=Case(When(BY_HAND, then=Value("MANUAL")), default=Value("AUTOMATIC"), output_field=CharField()),
    object=Value("balance"),
    related_object=JSONObject(type=Value("voucher"), id=id_of(VOUCHER, "voucher_id")),
)
DETAILS = JSONObject(
    balance=BALANCE,
    order=_only_if(~BY_HAND, JSONObject(id=F("order_id"), source_id=F("order_source_id"))),
    redemption=_only_if(~BY_HAND, JSONObject(id=id_of(REDEMPTION, "redemption_id"))),
    rollback=_only_if(Q(rollback_id__isnull=False), JSONObject(id=id_of(ROLLBACK, "rollback_id"))),
)
SOURCE = Case(
    When(~BY_HAND, then=None),
    When(actor_kind="api_key", then=Value("API")),
    default=Value("Dashboard"),
    output_field=CharField(),
)
TRANSACTION_FIELDS = {
    "id": Column("ID", id_of(TRANSACTION, "pk"), _as_it_is),
    "campaign_id": Column("Campaign ID", id_of(CAMPAIGN, "campaign_id"), _as_it_is),
    "voucher_id": Column("Voucher ID", id_of(VOUCHER, "voucher_id"), _as_it_is),
    "type": Column("Type", "kind"),
    "source_id": Column("Source ID", "source_id"),
    "reason": Column("Reason", "reason"),
    "source": Column("Source", SOURCE),
    "balance": Column("Balance", "balance", Number),
    "amount": Column("Amount", "amount", Number),
    "related_transaction_id": Column("Related Transaction ID", NOTHING),
    "created_at": Column("Creation Date", "created_at", Time),
    "details": Column("Details", DETAILS, Details),
}
EXPORTED_TRANSACTIONS = {
    "created_at": by.moment("created_at"),
    "voucher_id": by.public_key("voucher", VOUCHER),
    "campaign_id": by.public_key("campaign", CAMPAIGN),
}


def exported_transactions() -> QuerySet[Transaction]:
    return Transaction.objects.all()
