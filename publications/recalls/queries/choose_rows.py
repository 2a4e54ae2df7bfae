"""What was chosen in a list: rows that were ticked, or all that its filter finds; and the codes that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from django.db.models import QuerySet, TextChoices

from campaigns.models import Campaign
from config.public_ids import CUSTOMER, PUBLICATION, key_of
from customers.models import Customer
from customers.pages.filters import CustomerFilter
from publications.models import Publication, PublishedVoucher
from publications.pages.filters import history
from publications.queries.holder import held_by
from publications.recalls.actions.draft_recall import MOST
from publications.recalls.queries import choose
from publications.recalls.queries.choose import FilterUnclear

UNCLEAR = "A filter was not understood. Correct it, then choose again."


class Of(TextChoices):
    """What the rows of the list are."""

    CODES = "codes", "codes"
    CUSTOMERS = "customers", "customers"
    PUBLICATIONS = "publications", "publications"


class Chosen(NamedTuple):
    of: Of
    ids: Sequence[str]  # of the ticked rows; they do not count where `everything` is chosen
    everything: bool  # that `filters` find, in the list of this campaign or this customer if there is one
    filters: Mapping[str, Any]
    campaign: Campaign | None
    customer: Customer | None
    reveals: bool  # the reader sees codes, and so may find them by a part of their text


def codes_of(chosen: Chosen) -> Iterable[int]:
    """The keys of the codes: those of the list itself, those that the customers hold, or those that the publications
    still hold. Not many more than a recall may have. Raises FilterUnclear."""
    match chosen.of:
        case Of.CUSTOMERS:
            held = held_by(customers_of(chosen).values("pk"))
        case Of.PUBLICATIONS:
            held = PublishedVoucher.objects.filter(released_at=None, publication__in=_publications_of(chosen))
        case _ if chosen.everything:
            return choose.found_by(chosen.filters, campaign=chosen.campaign, reveals=chosen.reveals)
        case _:
            return choose.ticked(chosen.ids)
    return held.order_by().values_list("voucher", flat=True)[: MOST + 1].iterator(chunk_size=10_000)


def customers_of(chosen: Chosen) -> QuerySet[Customer]:
    """Raises FilterUnclear."""
    live = Customer.objects.live()
    if not chosen.everything:
        return live.filter(pk__in=_keys(CUSTOMER, chosen.ids)).order_by()
    found = CustomerFilter(chosen.filters, live)
    if not found.is_valid():
        raise FilterUnclear(UNCLEAR)
    return found.qs.order_by()


def _publications_of(chosen: Chosen) -> QuerySet:
    if not chosen.everything:
        return Publication.objects.filter(pk__in=_keys(PUBLICATION, chosen.ids)).values("pk")
    found = history(
        campaign=chosen.campaign, customer=chosen.customer, filters=chosen.filters, whole=True,
        whole_codes=not chosen.reveals,
    )  # fmt: skip
    if not found.is_valid():
        raise FilterUnclear(UNCLEAR)
    return found.qs.select_related(None).order_by().values("pk")


def _keys(prefix: str, ids: Iterable[str]) -> list[int]:
    return [key for text in ids if (key := key_of(prefix, text))]
