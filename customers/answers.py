"""Customers as the API returns them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from config.api.schemas import MAYBE, SHOWN, Answer, CampaignId, CustomerId, Metadata, Moment, Nothing, id_of
from customers import models


class GiftsRedeemed(Answer):
    redeemed_amount: int | float = Field(examples=[0])
    amount_to_go: int | float = Field(examples=[0])


class PointsRedeemed(Answer):
    redeemed_points: int = Field(examples=[0])
    points_to_go: int = Field(examples=[0])


class RedemptionsOfCustomer(Answer):
    total_redeemed: int = Field(examples=[0])
    total_failed: int = Field(examples=[0])
    total_succeeded: int = Field(examples=[0])
    total_rolled_back: int = Field(examples=[0])
    total_rollback_failed: int = Field(examples=[0])
    total_rollback_succeeded: int = Field(examples=[0])
    gift: GiftsRedeemed
    loyalty_card: PointsRedeemed


class OrdersOfCustomer(Answer):
    total_amount: int | float = Field(examples=[0])
    total_count: int = Field(examples=[0])
    average_amount: int | float = Field(examples=[0])
    last_order_amount: int | float = Field(examples=[0])
    last_order_date: Moment = MAYBE


class Summary(Answer):
    """What the customer redeemed, and the orders in which they used codes. Money is in hundredths."""

    redemptions: RedemptionsOfCustomer
    orders: OrdersOfCustomer


class Loyalty(Answer):
    points: int = Field(examples=[0])
    referred_customers: int = Field(examples=[0])
    campaigns: dict[str, Any] = Field(examples=[{}])


class ReferredBy(Answer):
    """The referral code that the customer redeemed."""

    campaign_id: CampaignId
    referrer_id: CustomerId
    related_object_id: id_of("r", "r_Yq3TzN8kGm5LwX1c")
    related_object_type: Literal["redemption"]
    date: Moment


class Referrals(Answer):
    """Who referred the customer: one for each program."""

    total: int = Field(examples=[0])
    campaigns: list[ReferredBy] = Field(examples=[[]])


class Customer(Answer):
    """Somebody who gets codes. `source_id` is the shop's own id for them."""

    id: CustomerId
    source_id: str | None = Field(examples=["12344"])
    name: str | None = Field(examples=["Erlich Bachman"])
    description: str | None = Field(examples=[None])
    email: str | None = Field(examples=["erlich@example.com"])
    phone: str | None = Field(examples=[None])
    birthdate: str | None = Field(examples=["1990-01-02"], json_schema_extra={"format": "date"})
    address: dict[str, Any] | None = Field(examples=[{"city": "Kyiv", "country": "UA"}])
    summary: Summary
    loyalty: Loyalty
    referrals: Referrals
    system_metadata: dict[str, Any] = Field(examples=[{}])
    created_at: Moment
    updated_at: Moment | None
    object: Literal["customer"]
    metadata: Metadata = SHOWN
    """Absent if there is none."""


class Contact(Answer):
    id: CustomerId
    name: str | None = Field(examples=["Erlich Bachman"])
    email: str | None = Field(examples=["erlich@example.com"])
    source_id: str | None = Field(examples=["12344"])
    metadata: Metadata = SHOWN
    """Absent if there is none."""


class SimpleCustomer(Contact):
    """A customer as redemptions and orders show them."""

    object: Literal["customer"]


class ShortCustomer(Contact):
    """A customer as publications show them."""

    summary: Nothing
    loyalty: Nothing
    referrals: Nothing
    object: Literal["customer"]


class CustomerOfOrder(Answer):
    id: CustomerId
    object: Literal["customer"]


class CustomerOfEvent(Answer):
    """The known fields of the customer; unknown ones are left out."""

    id: CustomerId
    source_id: str = Field(default=None, examples=["12344"], json_schema_extra={"x-shown": True})
    name: str = MAYBE
    email: str = MAYBE
    metadata: Metadata = MAYBE
    object: Literal["customer"]


class Event(Answer):
    """Something that a customer did."""

    object: Literal["event"]
    type: str = Field(examples=["page_viewed"])
    customer: CustomerOfEvent
    referral: Nothing
    loyalty: Nothing
    metadata: Metadata


def customer_answer(
    customer: models.Customer, *, summary: dict[str, Any], referred: int, referred_by: list
) -> dict[str, Any]:
    """`summary`: what they redeemed and ordered; `referred`: how many they referred; `referred_by`: who referred them."""
    return Customer.of(
        customer,
        **_contact(customer),
        description=customer.description or None,
        phone=customer.phone or None,
        birthdate=customer.birthdate.isoformat() if customer.birthdate else None,
        address=customer.address or None,
        summary=summary,
        loyalty={"points": 0, "referred_customers": referred, "campaigns": {}},
        referrals={"total": len(referred_by), "campaigns": referred_by},
        system_metadata={},
    )


def short_customer_answer(customer: models.Customer) -> dict[str, Any]:
    """As in publications. The three nulls are required there by Voucherify's schema, and never filled in its examples."""
    return ShortCustomer.of(customer, **_contact(customer))


def simple_customer_answer(customer: models.Customer) -> dict[str, Any]:
    """As in redemptions."""
    return SimpleCustomer.of(customer, **_contact(customer))


def _contact(customer: models.Customer) -> dict[str, Any]:
    known = {"metadata": customer.metadata} if customer.metadata else {}
    return {"name": customer.name or None, "email": customer.email or None, **known}
