"""What the API's exports can hold, be filtered by and stand in order of: for each kind, by the names that callers use.

The headings are Voucherify's labels. Fields of things that do not exist here (loyalty, QR codes, …) are empty columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from django.db.models import Case, CharField, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from campaigns.codes.columns import TEXTS
from campaigns.codes.models import Voucher
from config.api.conditions import Field
from config.imports.kinds import Column, Number, PublicId, Text, Time
from config.public_ids import CAMPAIGN, CUSTOMER, VOUCHER
from customers.models import Customer
from publications.exports.columns import inherited, metadata_cell, of_code_or_campaign, shown_code
from publications.exports.fields_of_uses import (
    EXPORTED_REDEMPTIONS,
    EXPORTED_TRANSACTIONS,
    REDEMPTION_FIELDS,
    TRANSACTION_FIELDS,
    exported_redemptions,
    exported_transactions,
)
from publications.exports.models import Export
from publications.models import Publication, PublishedVoucher
from publications.queries.conditions import (
    EXPORTED_CUSTOMERS,
    EXPORTED_PUBLICATIONS,
    EXPORTED_VOUCHERS,
    REFERRAL,
    with_inherited,
)
from publications.queries.holder import of_holder
from publications.redemptions.queries.summarise_customers import ORDERS, REDEMPTIONS, sum_of

NOTHING = Value("")
ZERO = Value(0)


def _id_of(prefix: str) -> partial[PublicId]:
    return partial(PublicId, prefix=prefix)


def _empty(**labels: str) -> dict[str, Column]:
    return {name: Column(label, NOTHING) for name, label in labels.items()}


def _gift_left() -> Any:
    return inherited("", "gift_amount") - F("redeemed_amount")


VOUCHER_FIELDS = {
    "id": Column("ID", "pk", _id_of(VOUCHER)),
    "code": Column("Code", shown_code("code", "published_at")),
    "voucher_type": Column("Voucher Type", "type"),
    "value": Column(
        "Value",
        Case(When(type=Voucher.Type.GIFT, then=_gift_left()), default=of_code_or_campaign("", "discount_value")),
        Number,
    ),
    "discount_type": Column("Discount Type", of_code_or_campaign("", "discount_type")),
    "campaign": Column("Campaign", "campaign__name"),
    "campaign_id": Column("Campaign ID", "campaign_id", _id_of(CAMPAIGN)),
    "category": Column("Category", "_category"),
    "start_date": Column("Start Date", "_start", Time),
    "expiration_date": Column("Expiration Date", "_expiration", Time),
    "gift_balance": Column("Gift Balance", Case(When(type=Voucher.Type.GIFT, then=_gift_left()), default=None), Number),
    "redemption_quantity": Column("Redemption Limit", inherited("", "redemption_limit"), Number),
    "redemption_count": Column("Redemption Count", "redeemed_quantity", Number),
    "active": Column("Active", "active"),
    "metadata": Column("Metadata", metadata_cell("metadata")),
    "is_referral_code": Column(
        "Is Referral Code", Case(When(REFERRAL, then=Value("true")), default=Value("false"), output_field=CharField())
    ),
    "created_at": Column("Creation Date", "created_at", Time),
    "updated_at": Column("Last Update Date", "updated_at", Time),
    **{text.name: Column(str(text.verbose_name).title(), text.name) for text in TEXTS},
    "customer_id": Column("Customer ID", of_holder(ledger="live__"), _id_of(CUSTOMER)),
    "customer_source_id": Column("Customer Source ID", of_holder("source_id", ledger="live__")),
    "discount_unit_type": Column("Discount Unit Type", of_code_or_campaign("", "unit_type")),
    **_empty(
        formula="Formula",
        loyalty_balance="Loyalty Card Balance",
        qr_code="QR Code",
        bar_code="Barcode",
        validity_timeframe_interval="Validity Timeframe Interval",
        validity_timeframe_duration="Validity Timeframe Duration",
        validity_day_of_week="Validity Day Of Week",
        discount_amount_limit="Discount Amount Limit",
        discount_effect="Discount Effect",
        discount_unit_effect="Discount Unit Effect",
        validation_rules_id="Validation Rules ID",
    ),
}

PUBLICATION_FIELDS = {
    "voucher_code": Column("Voucher Code", shown_code("ledger__voucher__code", "ledger__voucher__published_at")),
    "customer_id": Column("Customer ID", "customer_id", _id_of(CUSTOMER)),
    "customer_source_id": Column("Customer Source ID", "customer__source_id"),
    "date": Column("Date", "created_at", Time),
    "channel": Column("Channel", "channel"),
    "campaign": Column("Campaign", "campaign__name"),
    "is_winner": Column("Is Winner", NOTHING),
    "metadata": Column("Metadata", metadata_cell("metadata")),
}

CUSTOMER_FIELDS = {
    "name": Column("Name", "name"),
    "id": Column("ID", "pk", _id_of(CUSTOMER)),
    "description": Column("Description", "description"),
    "email": Column("Email", "email"),
    "source_id": Column("Source ID", "source_id"),
    "created_at": Column("Creation Date", "created_at", Time),
    "updated_at": Column("Last Update Date", "updated_at", Time),
    "phone": Column("Phone", "phone"),
    "birthdate": Column("Birthdate", "birthdate", Text),
    "birthday": Column("Birthday", "birthdate", Text),
    "metadata": Column("Metadata", metadata_cell("metadata")),
    **{
        f"address_{part}": Column(f"Address {part.replace('_', ' ').title()}", KeyTextTransform(part, "address"))
        for part in ("city", "state", "line_1", "line_2", "country", "postal_code")
    },
    **{
        f"redemptions_{name}": Column(
            f"Redemptions {name.replace('_', ' ').title()}", sum_of(REDEMPTIONS, name), Number
        )
        for name in (
            *("total_redeemed", "total_failed", "total_succeeded", "total_rolled_back"),
            *("total_rollback_failed", "total_rollback_succeeded"),
        )
    },
    "orders_total_amount": Column("Orders Total Amount", sum_of(ORDERS, "total_amount / 100.0"), Number),
    "orders_total_count": Column("Orders Total Count", sum_of(ORDERS, "total_count"), Number),
    "orders_average_amount": Column("Orders Average Amount", sum_of(ORDERS, "average_amount / 100.0"), Number),
    "orders_last_order_amount": Column("Orders Last Order Amount", sum_of(ORDERS, "last_order_amount / 100.0"), Number),
    "loyalty_points": Column("Loyalty Points", ZERO, Number),
    "loyalty_referred_customers": Column("Loyalty Referred Customers", ZERO, Number),
    "orders_last_order_date": Column("Orders Last Order Date", sum_of(ORDERS, "last_order_date"), Time),
}


class Exported(NamedTuple):
    """One kind of thing that the API exports. `order` -> names of columns or annotations, none of them ever null."""

    kind: str
    fields: Mapping[str, Column]
    default: tuple[str, ...]
    conditions: Mapping[str, Field]
    orders: Mapping[str, tuple[str, ...]]
    rows: QuerySet
    within: tuple[str, ...] = ()


def _both_ways(orders: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    return orders | {f"-{name}": tuple(f"-{column}" for column in columns) for name, columns in orders.items()}


def _vouchers() -> QuerySet[Voucher]:
    rows = Voucher.objects.filter(deleted_at=None, campaign__deleted_at=None)
    live = FilteredRelation("ledger", condition=Q(ledger__released_at=None))
    return with_inherited(rows).annotate(
        live=live, _updated=Coalesce("updated_at", "created_at"), _shown=shown_code("code", "published_at")
    )


def _publications() -> QuerySet[Publication]:
    held = PublishedVoucher.objects.filter(publication=OuterRef("pk")).order_by("voucher_id")
    held = held.annotate(_shown=shown_code("voucher__code", "voucher__published_at"))
    return Publication.objects.annotate(
        _customer=Coalesce("customer_id", 0),
        _tracking=Coalesce("customer__source_id", NOTHING),
        _shown=Coalesce(Subquery(held.values("_shown")[:1]), NOTHING),
        _code=Coalesce(Subquery(held.values("voucher__code")[:1]), NOTHING),
    )


def _customers() -> QuerySet[Customer]:
    return Customer.objects.live().annotate(
        _updated=Coalesce("updated_at", "created_at"), _source=Coalesce("source_id", NOTHING)
    )


EXPORTED = {
    "voucher": Exported(
        Export.Kind.CODES,
        VOUCHER_FIELDS,
        ("code", "voucher_type", "value", "discount_type"),
        EXPORTED_VOUCHERS,
        # Ids are drawn as codes are made, and have an index; the times do not. The order of masked codes would tell much
        # of them: they stand as they are shown.
        _both_ways({"created_at": ("id",), "updated_at": ("_updated", "id"), "code": ("_shown", "id")}),
        _vouchers(),
    ),
    "publication": Exported(
        Export.Kind.PUBLICATIONS,
        PUBLICATION_FIELDS,
        ("voucher_code", "customer_id", "date", "channel"),
        EXPORTED_PUBLICATIONS,
        _both_ways(
            {
                "created_at": ("created_at", "id"),
                "id": ("id",),
                "channel": ("channel", "id"),
                "customer_id": ("_customer", "id"),
                "tracking_id": ("_tracking", "id"),
                "voucher_code": ("_shown", "id"),
            }
        ),
        _publications(),
        within=("ledger__voucher_id",),
    ),
    "customer": Exported(
        Export.Kind.CUSTOMERS,
        CUSTOMER_FIELDS,
        ("name", "source_id"),
        EXPORTED_CUSTOMERS,
        _both_ways(
            {
                "created_at": ("created_at", "id"),
                "updated_at": ("_updated", "id"),
                "id": ("id",),
                "name": ("name", "id"),
                "email": ("email", "id"),
                "source_id": ("_source", "id"),
            }
        ),
        _customers(),
    ),
    "redemption": Exported(
        Export.Kind.REDEMPTIONS,
        REDEMPTION_FIELDS,
        ("id", "object", "voucher_code", "customer_id", "date", "result"),
        EXPORTED_REDEMPTIONS,
        _both_ways(
            {
                "created_at": ("created_at", "id"),
                "id": ("id",),
                "voucher_code": ("_shown", "id"),
                "tracking_id": ("_tracking", "id"),
                "customer_id": ("_customer", "id"),
            }
        ),
        exported_redemptions(),
    ),
    "voucher_transactions": Exported(
        Export.Kind.TRANSACTIONS,
        TRANSACTION_FIELDS,
        ("id", "type", "source_id", "reason", "source", "balance", "amount", "created_at"),
        EXPORTED_TRANSACTIONS,
        _both_ways({"created_at": ("created_at", "key")}),
        exported_transactions(),
    ),
}


class InClear(NamedTuple):
    """What is otherwise where the project's settings reveal unpublished codes."""

    fields: Mapping[str, Column]
    orders: Mapping[str, tuple[str, ...]]


IN_CLEAR = {
    "voucher": InClear({"code": Column("Code", "code")}, _both_ways({"code": ("code",)})),
    "publication": InClear(
        {"voucher_code": Column("Voucher Code", "ledger__voucher__code")}, _both_ways({"voucher_code": ("_code", "id")})
    ),
    "redemption": InClear(
        {"voucher_code": Column("Voucher Code", "voucher__code")},
        _both_ways({"voucher_code": ("voucher__code", "id")}),
    ),
}
# Conditions that may name a code in clear.
NAMING_CODES = ("code", "voucher", "voucher_code", "related_object_id")
OF_KIND = {exported.kind: name for name, exported in EXPORTED.items()}
NEWEST_FIRST = "-created_at"
