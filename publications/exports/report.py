"""Reports: the codes, publications or customers of a list page as a CSV file, with the page's filters. They publish
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import parse_qs
from uuid import UUID

from django.db.models import FilteredRelation, Func, Q, QuerySet, TextField, Value
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django_filters import FilterSet

from campaigns.codes.mask import mask
from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from campaigns.pages.filters import CampaignFilter, CodeFilter
from config.actor import Actor
from config.public_ids import CUSTOMER, DISTRIBUTION, PUBLICATION, VOUCHER, key_of
from config.staff.models import AuditEntry, ProjectSettings
from config.staff.pages.filters import AuditFilter
from config.staff.time_zone import zone
from customers.models import Customer
from customers.pages.filters import CustomerFilter
from publications.automation.models import Firing
from publications.automation.pages.filters import FiringFilter
from publications.distributions.models import Delivery, Distribution
from publications.distributions.pages.filters import DistributionFilter, RecipientFilter
from publications.exports.actions.order_export import order_export
from publications.exports.models import PLAIN_CSV, Export, FileLayout, Order
from publications.funnel.models import FunnelTally
from publications.funnel.pages.filters import FunnelFilter
from publications.models import PublishedVoucher
from publications.pages.filters import CampaignCodeFilter, HistoryFilter, history
from publications.queries.holder import of_holder
from publications.redemptions.models import Transaction
from publications.redemptions.pages.filters import RedemptionFilter

BATCH = 1_000_000  # some seconds
LONGEST_FILTERS = 2_000
NAMING_CODES = (Export.Kind.CODES, Export.Kind.PUBLICATIONS, Export.Kind.REDEMPTIONS)  # what is searched for may be one
NAMED = (Export.Kind.CUSTOMERS, Export.Kind.CAMPAIGNS, Export.Kind.DISTRIBUTIONS)  # in the order of their names, too


# Kinds of which rows can be ticked, with what their ids begin with.
CHOSEN_BY: dict[str, str] = {
    Export.Kind.CODES: VOUCHER,
    Export.Kind.PUBLICATIONS: PUBLICATION,
    Export.Kind.CUSTOMERS: CUSTOMER,
}


class FiltersTooLong(ValueError):
    def __init__(self) -> None:
        super().__init__(f"The filters are longer than {LONGEST_FILTERS:,} characters. Shorten the search.")


def order_report(
    kind: str,
    *,
    filters: str = "",
    campaign: Campaign | None = None,
    by: Actor,
    columns: Sequence[str] = (),
    order: str = "",
    layout: FileLayout = PLAIN_CSV,
    form_token: UUID | None = None,
) -> Export:
    """Orders a file of `kind` (an Export.Kind other than HAND_OUT): of everything, or of one campaign.

    `filters` is the list page's query string ("q=ROAST&channel=API"); what the page does not know is ignored here too.
    `columns` are names of choose_columns.py, which has checked them; none: the usual ones. `order` is one of Order.
    Raises FiltersTooLong. `form_token`: see `order_export`.
    """
    if kind not in Export.Kind.values or kind == Export.Kind.HAND_OUT:
        raise ValueError(kind)
    if len(filters) > LONGEST_FILTERS:
        raise FiltersTooLong()
    return order_export(
        kind,
        campaign=campaign,
        by=by,
        form_token=form_token,
        filters=filters,
        columns=list(columns) or None,
        order=order,
        layout=layout,
    )


class Rows(NamedTuple):
    """What a file is made of. `within` orders the lines of one row, where its columns reach into many others."""

    queryset: QuerySet
    order: tuple[str, ...]
    within: tuple[str, ...] = ()


def rows_of(export: Export) -> Rows:
    """The rows that the export's file is made from, and the order that they stand in."""
    rows = _newest_first(export)
    if chosen := chosen_rows(export):
        rows = rows._replace(queryset=rows.queryset.filter(pk__in=chosen))
    if export.order == Order.NAME and export.kind in NAMED:
        return rows._replace(order=("name", "id"))
    if export.order == Order.OLDEST and rows.order[0].startswith("-"):
        return rows._replace(order=tuple(name.removeprefix("-") for name in rows.order))
    return rows


def chosen_rows(export: Export) -> list[int]:
    """The keys of the rows that were ticked in the list; [] where none was, and the filters alone count."""
    if export.kind not in CHOSEN_BY:
        return []
    ids = (parse_qs(export.filters).get("chosen") or [""])[-1].split(",")
    # A choice that names nothing is not a choice of everything.
    return [key_of(CHOSEN_BY[export.kind], text) or 0 for text in ids if text]


def _newest_first(export: Export) -> Rows:
    if export.kind == Export.Kind.HAND_OUT:
        # Live rows: a code that was released meanwhile may already be somebody else's.
        held = PublishedVoucher.objects.filter(publication=export.publication_id, released_at=None)
        return Rows(held, ("voucher_id",))
    filters = MultiValueDict(parse_qs(export.filters))
    # Days in the filters are days of the project, as on the page.
    with timezone.override(zone(ProjectSettings.current().time_zone)):
        match export.kind:
            case Export.Kind.CODES:
                return Rows(_codes(export.campaign, filters), ("-id",))
            case Export.Kind.PUBLICATIONS:
                publications = history(campaign=export.campaign, filters=filters, whole=True).qs
                return Rows(publications, ("-created_at", "-id"), within=("ledger__voucher_id",))
            case Export.Kind.RECIPIENTS:
                recipients = RecipientFilter(filters, Delivery.objects.filter(distribution=_run(filters))).qs
                return Rows(recipients, ("id",), within=("publication__ledger__voucher_id",))
            case Export.Kind.FIRINGS:
                firings = FiringFilter(filters, Firing.objects.filter(distribution=_run(filters))).qs
                return Rows(firings, ("-id",), within=("delivery__publication__ledger__voucher_id",))
            case Export.Kind.HOLDERS:
                customers = CustomerFilter(filters, Customer.objects.live()).qs.order_by()
                held = PublishedVoucher.objects.filter(released_at=None).annotate(holder_key=of_holder())
                return Rows(held.filter(holder_key__in=customers), ("-holder_key", "-id"))
            case Export.Kind.REDEMPTIONS:
                used = RedemptionFilter(filters, reveals=True, whole=True).qs
                used = used.filter(voucher__isnull=False)  # each code, not the stacks that they came in
                used = used.filter(campaign=export.campaign) if export.campaign else used
                return Rows(used, ("-created_at", "-id"))
            case Export.Kind.TRANSACTIONS:
                moved = (
                    Transaction.objects.filter(campaign=export.campaign)
                    if export.campaign
                    else Transaction.objects.all()
                )
                return Rows(moved, ("-created_at", "-key"))
            case Export.Kind.FUNNEL:
                tallies = FunnelFilter(filters, FunnelTally.objects.filter(published__gt=0))
                return Rows(tallies.of_what(tallies.queryset, each=True), ("-week", "-id"))
            case _:
                return Rows(_list_of(export.kind, filters), ("-created_at", "-id"))


def _list_of(kind: str, filters: MultiValueDict) -> QuerySet:
    match kind:
        case Export.Kind.CAMPAIGNS:
            return CampaignFilter(filters, Campaign.objects.live()).qs
        case Export.Kind.DISTRIBUTIONS:
            return DistributionFilter(filters, Distribution.objects.all()).qs
        case Export.Kind.AUDIT:
            return AuditFilter(filters, AuditEntry.objects.all()).qs
        case _:
            return CustomerFilter(filters, Customer.objects.live()).qs


FILTERS: dict[str, type[FilterSet]] = {
    Export.Kind.CODES: CodeFilter,
    Export.Kind.PUBLICATIONS: HistoryFilter,
    Export.Kind.REDEMPTIONS: RedemptionFilter,
    Export.Kind.CUSTOMERS: CustomerFilter,
    Export.Kind.HOLDERS: CustomerFilter,
    Export.Kind.CAMPAIGNS: CampaignFilter,
    Export.Kind.DISTRIBUTIONS: DistributionFilter,
    Export.Kind.AUDIT: AuditFilter,
    Export.Kind.RECIPIENTS: RecipientFilter,
    Export.Kind.FIRINGS: FiringFilter,
    Export.Kind.FUNNEL: FunnelFilter,
}


def filters_in_words(export: Export, *, reveals: bool) -> list[tuple[str, str]]:
    """[("Channel", "API"), …]: those of the export's filters that its list page knows.

    `reveals` is config.staff.roles.reveals_codes(user): what was searched for may be a code.
    """
    words = []
    known = CampaignCodeFilter if export.campaign and export.kind == Export.Kind.CODES else FILTERS.get(export.kind)
    if known is None:
        return []
    if export.kind in (Export.Kind.RECIPIENTS, Export.Kind.FIRINGS):
        words.append(("Distribution", str(_run(MultiValueDict(parse_qs(export.filters))) or "unknown")))
    if chosen := chosen_rows(export):
        words.append(("Chosen", f"{len(chosen):,} in the list"))
    for name, values in parse_qs(export.filters).items():
        if name in known.base_filters:
            field = known.base_filters[name]
            choices = field.extra.get("choices", ())
            value = values[-1] if callable(choices) else dict(choices).get(values[-1], values[-1])
            of_codes = name == "q" and export.kind in NAMING_CODES
            words.append((field.label, _shown_search(value, reveals) if of_codes else value))
    return words


def _run(filters: Mapping[str, str]) -> Distribution | None:
    """The distribution whose recipients or firings are reported: its id stands among the filters, under `run`."""
    key = key_of(DISTRIBUTION, filters.get("run") or "")
    return Distribution.objects.filter(pk=key).first() if key is not None else None


def _shown_search(text: str, reveals: bool) -> str:
    in_pool = Voucher.objects.filter(code__in=[text, text.upper()], published_at=None)
    return text if reveals and not in_pool.exists() else mask(text)


def _codes(campaign: Campaign | None, filters: MultiValueDict) -> QuerySet:
    """With the live ledger row, if there is one, under the name `live`."""
    codes = Voucher.objects.filter(deleted_at=None).annotate(
        live=FilteredRelation("ledger", condition=Q(ledger__released_at=None))
    )
    if campaign:
        return CampaignCodeFilter(filters, codes.filter(campaign=campaign), reveals=True, whole=True).qs
    return CodeFilter(filters, codes, reveals=True, whole=True).qs


def batches(rows: Rows, *, size: int | None = None) -> Iterator[QuerySet]:
    """The rows in their order (a unique one, all one way), so many at a time, each batch found by the key of the last.

    Each is a query of its own, so that no snapshot is held for as long as a large file is written: one that is keeps
    PostgreSQL from clearing away dead rows. Not more of them than that needs: many rows are joined cheaper than few.
    """
    size = size or BATCH
    rest = ordered = rows.queryset.order_by(*rows.order)
    names = [name.lstrip("-") for name in rows.order]
    way, back = ("lt", "gt") if rows.order[0].startswith("-") else ("gt", "lt")
    while last := next(iter(rest.values_list(*names)[size - 1 : size]), None):
        yield rest.filter(_beside(names, f"{back}e", last)).order_by(*rows.order, *rows.within)
        rest = ordered.filter(_beside(names, way, last))
    yield rest.order_by(*rows.order, *rows.within)


def _beside(names: list[str], side: str, key: tuple) -> Q:
    """The rows on one side of a key: (a, b) < (1, 2), and a <= 1 once more by itself.

    An index over both answers the first, also where a million rows share their first column; but how many rows that
    leaves the planner can only tell from the second.
    """
    if len(names) == 1:
        return Q(**{f"{names[0]}__{side}": key[0]})
    compare = {"lt": LessThan, "lte": LessThanOrEqual, "gt": GreaterThan, "gte": GreaterThanOrEqual}[side]
    pair = compare(_Row(*names), _Row(*map(Value, key)))
    return Q(pair, **{f"{names[0]}__{side[:2]}e": key[0]})


class _Row(Func):
    function = "ROW"
    output_field = TextField()
