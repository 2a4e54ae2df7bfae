"""Redemptions and rollbacks as callers of the API send them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from config.api.bodies import Sent, array_of
from customers.api.requests import CustomerSent


class OrderItemSent(Sent):
    object: Literal["order_item"] | None = None
    sku_id: str | None = None
    product_id: str | None = None
    related_object: Literal["product", "sku"] | None = None
    source_id: str | None = None
    quantity: int | None = None
    discount_quantity: int | None = None
    initial_quantity: int | None = None
    amount: int | None = None
    discount_amount: int | None = None
    initial_amount: int | None = None
    price: int | None = None
    product: dict[str, Any] | None = None
    sku: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class OrderSent(Sent):
    """Amounts in hundredths. Without `amount` it is the sum of the items, where each has a price. The discounts in the answer
    are those of the redeemed codes, whatever was sent as `discount_amount`."""

    id: str | None = Field(None, max_length=255)
    source_id: str | None = Field(None, max_length=255)
    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"] | None = None
    amount: int | None = Field(None, ge=0)
    initial_amount: int | None = None
    discount_amount: int | None = None
    items: array_of(OrderItemSent, most=500) | None = None
    metadata: dict[str, Any] | None = None

    def as_kept(self) -> dict[str, Any]:
        return self.model_dump(exclude_none=True)


class CreditsSent(Sent):
    credits: int | None = Field(None, ge=1)
    """The amount to take from a gift voucher, in hundredths."""


class WhoAndWhat(Sent):
    """What every redemption and rollback may say."""

    customer: CustomerSent | None = None
    tracking_id: str | None = Field(None, min_length=1, max_length=255)
    """The customer’s source_id, if no `customer` is sent."""
    order: OrderSent | None = None
    """The order the codes are used for."""
    metadata: dict[str, Any] | None = None

    def for_verb(self, tracking_id: str | None = None) -> dict[str, Any]:
        """The verbs' arguments. A tracking_id alone is the customer's source_id, as it is in our answers."""
        customer = self.customer.given() if self.customer else None
        tracked = self.tracking_id or tracking_id
        if customer is None and tracked:
            customer = {"source_id": tracked}
        return {
            "customer": customer,
            "order": (self.order.as_kept() or None) if self.order else None,
            "metadata": self.metadata,
        }


class RedeemableSent(Sent):
    """Codes only: promotion tiers, promotion stacks and loyalty rewards do not exist here."""

    object: Literal["voucher"]
    id: str = Field(min_length=1)
    """A code, or the voucher’s id."""
    gift: CreditsSent | None = None


class RedemptionsSent(WhoAndWhat):
    """The body of POST /v1/redemptions. `session` and `options` are ignored."""

    redeemables: array_of(RedeemableSent, most=30) = Field(min_length=1)


class RedemptionSent(WhoAndWhat):
    """The body of POST /v1/vouchers/{code}/redemption."""

    gift: CreditsSent | None = None


class RollbackSent(WhoAndWhat):
    reason: str | None = Field(None, max_length=2000)


def amount_of(gift: CreditsSent | None) -> Decimal | None:
    return Decimal(gift.credits) / 100 if gift and gift.credits is not None else None
