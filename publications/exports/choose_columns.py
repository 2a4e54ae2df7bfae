"""Which columns a report can have, and which ones were chosen, in order."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.db.models import Case, Count, F, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Coalesce

from campaigns.codes.models import Voucher
from config.imports.kinds import Column, Money, Number, PublicId, Time
from config.public_ids import CAMPAIGN, CUSTOMER, DISTRIBUTION, PUBLICATION, VOUCHER
from publications.distributions.models import Delivery
from publications.exports.columns import COLUMNS, inherited, of_code_or_campaign
from publications.exports.models import Export
from publications.exports.report import rows_of
from publications.models import PublishedVoucher
from publications.queries.holder import of_holder

METADATA = "metadata."
MOST = 100  # columns in one report
LOOKED_AT = 200  # of the newest rows, for the keys of their metadata
LONGEST_KEY = 200
Kind = Export.Kind


def _id(heading: str, value: str, prefix: str) -> Column:
    return Column(heading, value, partial(PublicId, prefix=prefix))


def _of_holder(customer: str) -> list[Column]:
    return [
        _id("Customer ID", customer.removesuffix("__") + "_id", CUSTOMER),
        Column("Phone", f"{customer}phone"),
        Column("City", KeyTextTransform("city", f"{customer}address")),
        Column("Country", KeyTextTransform("country", f"{customer}address")),
    ]


def _of_ledger(ledger: str) -> list[Column]:
    """The same of who holds a code; `ledger` is the way to its row of the ledger."""
    address = of_holder("address", ledger=ledger)
    return [
        Column("Customer ID", of_holder(ledger=ledger), partial(PublicId, prefix=CUSTOMER)),
        Column("Phone", of_holder("phone", ledger=ledger)),
        Column("City", KeyTextTransform("city", address)),
        Column("Country", KeyTextTransform("country", address)),
    ]


def _of_use(voucher: str) -> list[Column]:
    """How often a code was used, and what is left of it."""
    left = inherited(voucher, "gift_amount") - F(f"{voucher}redeemed_amount")
    balance = Case(When(**{f"{voucher}type": Voucher.Type.GIFT}, then=left), default=None)
    return [
        Column("Redemption limit", inherited(voucher, "redemption_limit"), Number),
        Column("Uses", f"{voucher}redeemed_quantity", Number),
        Column("Balance", balance, Money),
    ]


def _worth(voucher: str) -> list[Column]:
    return [
        Column("Discount type", of_code_or_campaign(voucher, "discount_type")),
        Column("Value", of_code_or_campaign(voucher, "discount_value"), Number),
        Column("Gift amount", inherited(voucher, "gift_amount"), Money),
        Column("Expiration date", inherited(voucher, "expiration_date"), Time),
        *_of_use(voucher),
    ]


def _count(rows: QuerySet) -> Subquery:
    counted = rows.order_by().values(_all=Value(1)).annotate(_count=Count("pk")).values("_count")
    return Subquery(counted)


def _messages(*states: str) -> Combinable:
    deliveries = Delivery.objects.filter(distribution=OuterRef("pk"))
    return Coalesce(_count(deliveries.filter(state__in=states) if states else deliveries), 0)


_CODES_OF = Voucher.objects.filter(campaign=OuterRef("pk"), deleted_at=None)
_LEDGER, _TO = "ledger__voucher__", "publication__ledger__voucher__"

# Besides the usual ones (columns.py).
MORE: dict[str, list[Column]] = {
    Kind.CODES: [
        _id("ID", "pk", VOUCHER),
        _id("Publication ID", "live__publication_id", PUBLICATION),
        *_of_ledger("live__"),
        *_of_use(""),
    ],
    Kind.PUBLICATIONS: [_id("Publication ID", "pk", PUBLICATION), *_of_holder("customer__"), *_worth(_LEDGER)],
    Kind.CUSTOMERS: [_id("Customer ID", "pk", CUSTOMER), Column("Updated at", "updated_at", Time)],
    Kind.HOLDERS: [
        _id("Publication ID", "publication_id", PUBLICATION),
        *_of_ledger(""),
        *_worth("voucher__"),
    ],
    Kind.RECIPIENTS: [_id("Publication ID", "publication_id", PUBLICATION), *_of_holder("customer__"), *_worth(_TO)],
    Kind.FIRINGS: [*_of_holder("customer__"), *_worth("delivery__" + _TO)],
    Kind.REDEMPTIONS: [*_of_holder("customer__"), *_worth("voucher__")],
    Kind.CAMPAIGNS: [
        _id("Campaign ID", "pk", CAMPAIGN),
        Column("Codes", Coalesce(_count(_CODES_OF), 0), Number),
        Column(
            "Published",
            Coalesce(_count(PublishedVoucher.objects.filter(voucher__campaign=OuterRef("pk"), released_at=None)), 0),
            Number,
        ),
        Column("Used", Coalesce(_count(_CODES_OF.filter(redeemed_quantity__gt=0)), 0), Number),
    ],
    Kind.DISTRIBUTIONS: [
        _id("Distribution ID", "pk", DISTRIBUTION),
        Column("Recipients", _messages(), Number),
        Column("Sent", _messages("sent"), Number),
        Column("Failed", _messages("failed"), Number),
        Column("Skipped", _messages("skipped"), Number),
    ],
    Kind.AUDIT: [Column("Actor kind", "actor_kind"), _id("Campaign ID", "campaign_id", CAMPAIGN)],
}
# Where a row's metadata stand, whose keys may be columns of their own.
METADATA_OF: dict[str, str | Combinable] = {
    Kind.CODES: "metadata", Kind.PUBLICATIONS: "metadata", Kind.CUSTOMERS: "metadata", Kind.REDEMPTIONS: "metadata",
    Kind.CAMPAIGNS: "metadata", Kind.HOLDERS: of_holder("metadata"), Kind.RECIPIENTS: "customer__metadata",
    Kind.FIRINGS: "customer__metadata",
}  # fmt: skip


class UnknownColumn(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(f"This report has no column “{name[:60]}”.")


class TooManyColumns(ValueError):
    def __init__(self) -> None:
        super().__init__(f"A report can have at most {MOST} columns.")


def name_of(column: Column) -> str:
    """ "Customer source ID" is customer_source_id."""
    return "_".join("".join(c if c.isalnum() else " " for c in column.heading.lower()).split())


def available(kind: str) -> dict[str, Column]:
    """All columns of such a report, by name, the usual ones first."""
    columns = [*COLUMNS.get(kind, []), *MORE.get(kind, [])]
    return {name_of(column): column for column in columns}


def usual(kind: str) -> list[str]:
    return [name_of(column) for column in COLUMNS.get(kind, [])]


def check_columns(kind: str, names: Iterable[str]) -> list[str]:
    """The names without repeats. Raises UnknownColumn and TooManyColumns."""
    known, names = available(kind), list(dict.fromkeys(names))
    for name in names:
        key = name.removeprefix(METADATA)
        of_metadata = name.startswith(METADATA) and kind in METADATA_OF and 0 < len(key) <= LONGEST_KEY
        if name not in known and not (of_metadata and key.isprintable()):
            raise UnknownColumn(name)
    if len(names) > MOST:
        raise TooManyColumns()
    return names


def chosen_columns(export: Export) -> list[Column]:
    """Those of the export; the usual ones where nobody chose. A column that is gone since is left out."""
    if not export.columns:
        return COLUMNS[export.kind]
    known = available(export.kind)
    columns = [
        Column(name, _metadata(export.kind, name)) if name.startswith(METADATA) else known.get(name)
        for name in export.columns
    ]
    return [column for column in columns if column] or COLUMNS[export.kind]


def _metadata(kind: str, name: str) -> KeyTextTransform:
    return KeyTextTransform(name.removeprefix(METADATA), METADATA_OF[Kind(kind)])


def heading_of(kind: str, name: str) -> str:
    return name if name.startswith(METADATA) else available(kind)[name].heading if name in available(kind) else name


def metadata_keys(export: Export) -> list[str]:
    """The keys that stand in the newest rows of such a report, as names of columns."""
    path = METADATA_OF.get(Kind(export.kind))
    if not path:
        return []
    rows = rows_of(export)
    newest = rows.queryset.order_by(*rows.order).values_list(path, flat=True)[:LOOKED_AT]
    keys = {key for metadata in newest if isinstance(metadata, dict) for key in metadata}
    return [METADATA + key for key in sorted(keys) if len(key) <= LONGEST_KEY and key.isprintable()][:MOST]
