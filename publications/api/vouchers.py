"""The API of vouchers: list and get, with who holds them; their publications. Their redemptions: redemptions.py."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from ninja import Query, Router

from campaigns.api.voucher_requests import VoucherRef
from campaigns.codes.queries.find import vouchers_to_see
from campaigns.models import Campaign
from config.api.auth import MAY_READ, Key
from config.api.door import invalid_query
from config.api.examples import Example
from config.api.lists import Listing, ListQuery, Values
from config.api.openapi import operation
from config.api.queries import read_values
from config.public_ids import CAMPAIGN, CUSTOMER, VOUCHER, key_of
from customers.models import Customer
from publications.answers.answers import Voucher, voucher_answers
from publications.answers.masked_codes import code_filter, find_voucher_for, visible
from publications.api.publications import LISTING as PUBLICATIONS
from publications.api.publications import answer_publications, listing_for
from publications.pages.filters import history
from publications.queries.conditions import VOUCHERS, with_inherited
from publications.queries.holder import held_by

router = Router(tags=["Vouchers"])

ORDERS = {
    # Ids are drawn as codes are made, and have an index in every campaign; the times do not.
    "-created_at": ("-pk",),
    "created_at": ("pk",),
    "-updated_at": (F("updated_at").desc(nulls_last=True), "-pk"),
    "updated_at": (F("updated_at").asc(nulls_last=True), "pk"),
    "code": ("code",),
    "-code": ("-code",),
    "id": ("pk",),
    "-id": ("-pk",),
}


class VouchersQuery(ListQuery):
    code: str | None = None
    """The exact code."""
    category: str | None = None
    """The exact category."""
    campaign: str | None = None
    """A campaign’s name or id."""
    campaign_id: str | None = None
    """A campaign’s id."""
    customer: str | None = None
    """A customer’s source_id or id."""


LISTING = Listing(
    Voucher, "vouchers", VOUCHER, ORDERS, VouchersQuery, VOUCHERS,
    moments=("created_at", "updated_at"), arrays={"ids": Values("Ids of vouchers (`v_…`).")},
)  # fmt: skip
OF_VOUCHER = PUBLICATIONS._replace(query=ListQuery, filters={})


def _may_order(key: Key, order: str) -> None:
    if order.lstrip("-") == "code" and not key.may_all:
        raise invalid_query(
            "order: ordering by code requires a key with scope 'all'; other keys see unpublished codes masked"
        )


@operation(
    router, "GET", "", MAY_READ, "List vouchers", lists=LISTING,
    examples=[Example("The codes a customer holds", query={"customer": "12344"})],
)  # fmt: skip
def list_vouchers(request: HttpRequest, query: Annotated[VouchersQuery, Query()]) -> dict[str, Any]:
    """Newest first. To keys of another scope than `all` unpublished codes are masked: no filter finds them by their text,
    and the list has no order by `code`."""
    _may_order(request.auth, query.order or "")
    listing = LISTING._replace(filters=VOUCHERS | {"code": code_filter(request.auth)})
    rows = with_inherited(vouchers_to_see()).filter(listing.asked(request))
    if query.code:
        rows = rows.filter(visible(request.auth), code=query.code)
    if query.category:
        rows = rows.filter(_category=query.category)
    if query.campaign:
        key = key_of(CAMPAIGN, query.campaign)
        named = Campaign.objects.live().filter(Q(name=query.campaign) | Q(pk=key or 0))
        rows = rows.filter(campaign__in=list(named.values_list("pk", flat=True)))
    if query.campaign_id:
        rows = rows.filter(campaign=key_of(CAMPAIGN, query.campaign_id) or 0)
    if query.customer:
        rows = rows.filter(pk__in=_held_by(query.customer))
    if ids := read_values(request.GET, "ids"):
        rows = rows.filter(pk__in=[key_of(VOUCHER, reference) or 0 for reference in ids])
    return listing.answer(rows, query, request, lambda found: voucher_answers(found, request.auth))


def _held_by(reference: str) -> QuerySet:
    """The keys of the vouchers that a customer holds."""
    customers = Customer.objects.filter(Q(source_id=reference) | Q(pk=key_of(CUSTOMER, reference) or 0))
    return held_by(list(customers.values_list("pk", flat=True))).values("voucher")


@operation(router, "GET", "/{code}/publications", MAY_READ, "List the publications of a voucher", lists=OF_VOUCHER)
def list_publications_of_voucher(
    request: HttpRequest, code: VoucherRef, query: Annotated[ListQuery, Query()]
) -> dict[str, Any]:
    """The publication that holds the voucher, as `publish.url` of the voucher promises."""
    voucher = find_voucher_for(request.auth, code)
    holding = history().qs.filter(OF_VOUCHER.asked(request), ledger__voucher=voucher, ledger__released_at=None)
    listing = OF_VOUCHER._replace(orders=listing_for(request.auth).orders)
    return answer_publications(listing, holding, query, request)


@operation(router, "GET", "/{code}", MAY_READ, "Get a voucher", answer=Voucher)
def get_voucher(request: HttpRequest, code: VoucherRef) -> dict[str, Any]:
    """By code or `v_…` id; an unpublished code is no name to keys of another scope than `all`."""
    return voucher_answers([find_voucher_for(request.auth, code)], request.auth)[0]
