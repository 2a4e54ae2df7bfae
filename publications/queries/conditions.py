"""What vouchers, publications and customers can be filtered by, in the API's lists as in its exports."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Now, NullIf

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.api import conditions as by
from config.api.json_conditions import number, of_metadata
from config.public_ids import CAMPAIGN, CUSTOMER, VOUCHER, key_of
from customers.models import Customer
from publications.models import Publication, PublishedVoucher
from publications.queries.holder import held_by

# Voucherify's words for what a voucher is; it has loyalty cards besides.
VOUCHER_TYPES = {
    "discount": Voucher.Type.DISCOUNT,
    "discount_voucher": Voucher.Type.DISCOUNT,
    "gift": Voucher.Type.GIFT,
    "gift_voucher": Voucher.Type.GIFT,
    "loyalty": "LOYALTY_CARD",
    "loyalty_card": "LOYALTY_CARD",
}
REFERRAL = Q(campaign__kind=Campaign.Kind.REFERRAL_PROGRAM)


def with_inherited(vouchers: QuerySet[Voucher]) -> QuerySet:
    """Adds `_category`, `_start` and `_expiration`: the voucher's own, otherwise its campaign's. For VOUCHERS."""
    return vouchers.alias(
        _category=Coalesce(NullIf("category", Value("")), NullIf("campaign__category", Value(""))),
        _start=Coalesce("start_date", "campaign__start_date"),
        _expiration=Coalesce("expiration_date", "campaign__expiration_date"),
    )


def of_type(kinds: list[str]) -> Q:
    """Publications of vouchers of these types, in Voucherify's words."""
    types = [VOUCHER_TYPES.get(kind.lower(), "") for kind in kinds]
    return Q(Exists(PublishedVoucher.objects.filter(publication=OuterRef("pk"), voucher__type__in=types)))


def unless_negated(condition: by.Condition, found: Q) -> Q:
    return ~found if condition.op in by.NEGATED else found


def _keys(condition: by.Condition, prefix: str) -> list[int]:
    return [key_of(prefix, value) or 0 for value in condition.values]


def _held_by(condition: by.Condition) -> Q:
    return unless_negated(condition, Q(pk__in=held_by(_keys(condition, CUSTOMER)).values("voucher")))


def _of_voucher_types(condition: by.Condition) -> Q:
    return unless_negated(condition, of_type(condition.values))


def of_vouchers(by_code: Q) -> by.Field:
    """Publications of vouchers, by `v_…` id or code, and failed attempts at them; `by_code`: which vouchers are found by
    their code. Looked up first: what a voucher has of either is few, and the history is long."""

    def q(condition: by.Condition) -> Q:
        vouchers = Voucher.objects.filter(by_code & Q(code__in=condition.values) | Q(pk__in=_keys(condition, VOUCHER)))
        codes = dict(vouchers.order_by().values_list("pk", "code"))
        held = PublishedVoucher.objects.filter(voucher__in=list(codes)).values_list("publication", flat=True)
        found = Q(pk__in=list(held)) | Q(attempted_code__in=list(codes.values()), attempted_code__isnull=False)
        return unless_negated(condition, found)

    return by.Field(by.WHOLE, q)


def campaign_name() -> by.Field:
    """The name of a row's campaign. A whole name is looked up first, so that the campaign's index is used."""
    by_text = by.text("campaign__name")

    def q(condition: by.Condition) -> Q:
        if condition.op not in by.WHOLE:
            return by_text.q(condition)
        named = Campaign.objects.filter(name__in=condition.values).values_list("pk", flat=True)
        return unless_negated(condition, Q(campaign__in=list(named)))

    return by_text._replace(q=q)


def _source_id() -> by.Field:
    """A publication's. Successes and failures have an index each."""
    by_text = by.text("source_id")

    def q(condition: by.Condition) -> Q:
        found = by_text.q(condition)
        if condition.op not in ("$is", "$in"):
            return found
        return Q(found, result="SUCCESS") | Q(found, result="FAILURE")

    return by_text._replace(q=q)


def of_campaigns(condition: by.Condition) -> Q:
    """By name or `camp_…` id."""
    campaigns = Campaign.objects.filter(Q(name__in=condition.values) | Q(pk__in=_keys(condition, CAMPAIGN)))
    return unless_negated(condition, Q(campaign__in=campaigns.values("pk")))


def of_customers(condition: by.Condition) -> Q:
    """By source_id or `cust_…` id."""
    customers = Customer.objects.filter(Q(source_id__in=condition.values) | Q(pk__in=_keys(condition, CUSTOMER)))
    return unless_negated(condition, Q(customer__in=customers.values("pk")))


NOT_STARTED, EXPIRED = Q(_start__gt=Now()), Q(_expiration__lte=Now())
BEGUN, NOT_OVER = Q(_start=None) | Q(_start__lte=Now()), Q(_expiration=None) | Q(_expiration__gt=Now())

VOUCHERS = {
    "code": by.text("code"),
    "type": by.choice("type"),
    "campaign": campaign_name(),
    "campaign_id": by.public_key("campaign", CAMPAIGN),
    "campaign_ids": by.public_key("campaign", CAMPAIGN),
    "category": by.text("_category"),
    "category_ids": by.category_ids("category"),
    "active": by.flag(
        Q(active=True),
        {
            "$active": Q(active=True) & BEGUN & NOT_OVER,
            "$inactive": Q(active=False) | NOT_STARTED | EXPIRED,
            "$enabled": Q(active=True),
            "$disabled": Q(active=False),
            "$expired": EXPIRED,
        },
    ),
    "is_referral_code": by.flag(REFERRAL),
    "redemption.redeemed_quantity": number(F("redeemed_quantity")),
    by.ANY_KEY: of_metadata(Voucher),
    "published_at": by.moment("published_at"),
    "start_date": by.moment("_start"),
    "expiration_date": by.moment("_expiration"),
    "created_at": by.moment("created_at"),
    "updated_at": by.moment("updated_at"),
}
# Exports call some of them by other names.
EXPORTED_VOUCHERS = VOUCHERS | {
    "vouchers": by.public_key("pk", VOUCHER),
    "categories": VOUCHERS["category"],
    "created_date": VOUCHERS["created_at"],
    "holder_id": by.Field(by.WHOLE, _held_by),
    "published_for_customer_id": by.Field(by.WHOLE, _held_by),
}

PUBLICATIONS = {
    "failure_code": by.text("failure_code"),
    "result": by.choice("result"),
    "customer_id": by.public_key("customer", CUSTOMER),
    "campaign_name": campaign_name(),
    "voucher_type": by.Field(by.WHOLE, _of_voucher_types),
    "is_referral_code": by.flag(REFERRAL),
    "parent_object_id": by.public_key("campaign", CAMPAIGN),
    "related_object_id": of_vouchers(Q()),
    "voucher_code": of_vouchers(Q()),
    "source_id": _source_id(),
    "channel": by.text("channel"),
    by.ANY_KEY: of_metadata(Publication),
    "created_at": by.moment("created_at"),
}
EXPORTED_PUBLICATIONS = PUBLICATIONS | {
    "campaign": by.Field(by.WHOLE, of_campaigns),
    "customer": by.Field(by.WHOLE, of_customers),
    "voucher": of_vouchers(Q()),
}

EXPORTED_CUSTOMERS = {
    "email": by.text("email"),
    "name": by.text("name"),
    "phone": by.text("phone"),
    "city": by.text("address__city"),
    "source_id": by.text("source_id"),
    "created_at": by.moment("created_at"),
    "updated_at": by.moment("updated_at"),
}
