"""Customers in the OpenAPI document: what customers/api/answers.py answers with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from config.api.schemas import MAYBE, SHOWN, Answer, CampaignId, CustomerId, Listed, Metadata, Moment, Nothing, id_of


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
    """What the customer redeemed, and the orders that codes were used for. Money is in hundredths."""

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
    """Somebody who gets codes. The `source_id` is the shop's own id of them."""

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
    metadata: Metadata = SHOWN
    """Absent where there is none."""
    system_metadata: dict[str, Any] = Field(examples=[{}])
    created_at: Moment
    updated_at: Moment | None
    object: Literal["customer"]


class CustomerList(Listed):
    data_ref: Literal["customers"]
    customers: list[Customer]


class SimpleCustomer(Answer):
    """A customer as redemptions and orders show them."""

    id: CustomerId
    name: str | None = Field(examples=["Erlich Bachman"])
    email: str | None = Field(examples=["erlich@example.com"])
    source_id: str | None = Field(examples=["12344"])
    metadata: Metadata
    object: Literal["customer"]


class ShortCustomer(SimpleCustomer):
    """A customer as publications show them."""

    summary: Nothing
    loyalty: Nothing
    referrals: Nothing


class CustomerOfOrder(Answer):
    id: CustomerId
    object: Literal["customer"]


class CustomerOfEvent(Answer):
    """What is known of the customer; what is not is left out."""

    id: CustomerId
    source_id: str = Field(default=None, examples=["12344"], json_schema_extra={"x-shown": True})
    name: str = MAYBE
    email: str = MAYBE
    metadata: Metadata
    object: Literal["customer"]


class Event(Answer):
    """Something that a customer did."""

    object: Literal["event"]
    type: str = Field(examples=["page_viewed"])
    customer: CustomerOfEvent
    referral: Nothing
    loyalty: Nothing
    metadata: Metadata


SegmentId = id_of("seg", "seg_Tz5RkWq8Lb1NcX4v")


class ShortSegment(Answer):
    id: SegmentId
    name: str = Field(examples=["VIP"])
    object: Literal["segment"]


class Segment(ShortSegment):
    """A group of customers."""

    created_at: Moment
    type: Literal["static", "auto-update", "passive"]
    filter: dict[str, Any] | None = Field(examples=[None])
    initial_sync_status: Literal["DONE"]


class SegmentList(Listed):
    data_ref: Literal["data"]
    data: list[Segment]


class SegmentsOfCustomer(Answer):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[ShortSegment]
    total: int = Field(examples=[1])
