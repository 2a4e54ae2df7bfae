"""The API of what a customer holds, and of what happened to them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query
from pydantic import BaseModel, ConfigDict, Field

from campaigns.codes.state import CodeState, state_of_code
from config.api import conditions as by
from config.api.auth import MAY_ALL, MAY_READ, caller
from config.api.door import invalid_query, iso
from config.api.filters import what_is_asked
from config.api.openapi import operation
from config.api.schemas import MAYBE, Answer, CampaignId, CustomerId, Moment, VoucherId, id_of
from config.public_ids import CAMPAIGN, DELETION, HOLDING, VOUCHER, key_of, public_id
from customers.actions.upsert import CustomerNotFound, find_customer
from customers.api.customers import CustomerRef, router
from customers.segments.models import SegmentMember
from publications.answers.answers import Voucher, voucher_answers
from publications.dashboard.erase_customer import erase_customer
from publications.models import PublishedVoucher
from publications.queries.holder import held_by

HoldingId = id_of("rh", "rh_0e7b8db4700106a852")
STATUS = {
    CodeState.REDEEMABLE: "ACTIVE", CodeState.NOT_STARTED: "NOT_ACTIVE_YET", CodeState.EXPIRED: "EXPIRED",
    CodeState.USED_UP: "USED",
}  # fmt: skip
FILTERS = {
    "id": by.public_key("pk", HOLDING),
    "created_at": by.moment("publication__created_at"),
    "redeemable_id": by.public_key("voucher", VOUCHER),
    "campaign_id": by.public_key("voucher__campaign", CAMPAIGN),
    "campaign_type": by.choice("voucher__campaign__kind"),
    "voucher_type": by.choice("voucher__type"),
}


class RedeemablesQuery(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    limit: int = Field(10, ge=1, le=100)
    """Rows per page."""
    order: Literal["id", "-id"] = "-id"
    """A minus sign reverses the order: the newest first."""
    starting_after_id: str | None = None
    """`more_starting_after` of the answer before."""


class Held(Answer):
    type: Literal["voucher"]
    voucher: Voucher
    status: Literal["ACTIVE", "USED", "DISABLED", "NOT_ACTIVE_YET", "EXPIRED", "NO_BALANCE"]


class CustomerRedeemable(Answer):
    """A code that the customer holds."""

    id: HoldingId
    created_at: Moment
    """When it was published to them."""
    redeemable_id: VoucherId
    redeemable_object: Literal["voucher"]
    customer_id: CustomerId
    holder_role: Literal["OWNER", "REFERRER"]
    campaign_id: CampaignId | None
    campaign_type: str | None = Field(examples=["DISCOUNT_COUPONS"])
    voucher_type: Literal["DISCOUNT_VOUCHER", "GIFT_VOUCHER"]
    redeemable: Held


class RedeemablesOfCustomer(Answer):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[CustomerRedeemable]
    total: int = Field(examples=[1])
    has_more: bool = Field(examples=[False])
    more_starting_after: HoldingId = MAYBE


@operation(
    router, "GET", "/{customer_id}/redeemables", MAY_READ, "List what a customer holds", answer=RedeemablesOfCustomer,
)  # fmt: skip
def list_customer_redeemables(
    request: HttpRequest, customer_id: CustomerRef, query: Annotated[RedeemablesQuery, Query()]
) -> dict[str, Any]:
    """The codes that were published to the customer and are still theirs, whether or not they can be redeemed now."""
    customer = find_customer(customer_id)
    rows = held_by([customer.pk]).filter(
        what_is_asked(request.GET, RedeemablesQuery, FILTERS), voucher__deleted_at=None
    )
    total = rows.count()
    if query.starting_after_id:
        key = key_of(HOLDING, query.starting_after_id)
        if key is None:
            raise invalid_query("starting_after_id: must be the `more_starting_after` of the answer before")
        rows = rows.filter(**{"pk__lt" if query.order == "-id" else "pk__gt": key})
    ordered = rows.select_related("voucher__campaign", "publication").order_by("-pk" if query.order == "-id" else "pk")
    found = list(ordered[: query.limit + 1])
    page, more = found[: query.limit], len(found) > query.limit
    vouchers = voucher_answers([row.voucher for row in page], request.auth)
    data = [_held(row, voucher, customer.public_id) for row, voucher in zip(page, vouchers, strict=True)]
    cursor = {"more_starting_after": data[-1]["id"]} if more else {}
    return RedeemablesOfCustomer.of(data=data, total=total, has_more=more, **cursor)


def _held(row: PublishedVoucher, voucher: dict[str, Any], customer_id: str) -> dict[str, Any]:
    campaign = row.voucher.campaign
    state = state_of_code(row.voucher)
    status = STATUS.get(state, "DISABLED")
    if status == "USED" and voucher["gift"] and not voucher["gift"]["balance"]:
        status = "NO_BALANCE"
    return CustomerRedeemable.of(
        id=public_id(HOLDING, row.pk),
        created_at=iso(row.publication.created_at),
        redeemable_id=row.voucher.public_id,
        customer_id=customer_id,
        holder_role="REFERRER" if voucher["is_referral_code"] else "OWNER",
        campaign_id=campaign.public_id if campaign else None,
        campaign_type=campaign.kind if campaign else None,
        voucher_type=row.voucher.type,
        redeemable=Held.of(voucher=voucher, status=status),
    )


class Deleted(Answer):
    """How many rows were erased."""

    events: int = Field(examples=[0])
    daily_events: Literal[0]
    segments: int = Field(examples=[0])
    orders: Literal[0]
    customer: Literal[1]


class PermanentDeletion(Answer):
    id: id_of("del", "del_7k3buMvBsJuXiLRmdh1WZvZs")
    created_at: Moment
    related_object_id: CustomerId
    related_object: Literal["customer"]
    status: Literal["DONE"]
    data_json: Deleted
    object: Literal["pernament_deletion"]
    """Spelt as Voucherify spells it."""


@operation(
    router, "POST", "/{customer_id}/permanent-deletion", MAY_ALL, "Delete a customer permanently", answer=PermanentDeletion,
)  # fmt: skip
def permanently_delete_customer(request: HttpRequest, customer_id: CustomerRef) -> dict[str, Any]:
    """Erases the personal data at once, as DELETE does, and tells what went. The publications stay, to nobody."""
    customer = find_customer(customer_id)
    events = customer.events.count()
    segments = SegmentMember.objects.filter(customer=customer).count()
    if not erase_customer(customer, by=caller(request)):
        raise CustomerNotFound(customer_id)
    return PermanentDeletion.of(
        id=public_id(DELETION, customer.pk),
        created_at=iso(timezone.now()),
        related_object_id=customer.public_id,
        data_json=Deleted.of(events=events, segments=segments),
    )
