"""Validations as the API answers with them: nothing of it is stored."""

from __future__ import annotations

import secrets
from typing import Any, Literal

from django.http import HttpRequest
from pydantic import Field

from campaigns.codes.answers import Discount, value_answer
from campaigns.codes.models import Voucher
from config.api.door import as_api_error, error_content, hundredths
from config.api.schemas import (
    MAYBE,
    SHOWN,
    Answer,
    CampaignId,
    CustomerId,
    Error,
    Hundredths,
    Metadata,
    NeverSet,
    Nothing,
    id_of,
)
from customers.answers import CustomerOfOrder
from customers.models import Customer
from publications.redemptions.price_order import Priced, amounts_told
from publications.redemptions.queries.validate import Validated, Validation
from publications.redemptions.refusals import RedemptionRefused


class Items(Answer):
    """Which items of the order a discount is for; always empty: discounts are for the whole order."""

    data: NeverSet
    total: Literal[0]
    data_ref: Literal["data"]
    object: Literal["list"]


class OrderCalculated(Answer):
    """The order as it was sent, and what the codes would take off it. Amounts are in hundredths."""

    model_config = {"extra": "allow"}

    object: Literal["order"]
    amount: int = Field(default=None, examples=[2000])
    initial_amount: int = Field(default=None, examples=[2000])
    discount_amount: int = Field(default=None, examples=[200])
    total_discount_amount: int = Field(default=None, examples=[200])
    """The discount of all codes so far."""
    applied_discount_amount: int = Field(default=None, examples=[200])
    total_applied_discount_amount: int = Field(default=None, examples=[200])
    """The discount of this code; for the whole validation, of all."""
    total_amount: int = Field(default=None, examples=[1800])
    """The amount left to pay; never below 0."""
    items: list[dict[str, Any]] = MAYBE
    metadata: Metadata
    customer_id: CustomerId | None
    customer: CustomerOfOrder = MAYBE
    referrer_id: Nothing


class GiftApplied(Answer):
    balance: Hundredths
    """Before the redemption."""
    credits: Hundredths
    """What would be taken from it."""


class Why(Answer):
    message: str = Field(examples=["quantity exceeded"])
    key: str = Field(examples=["quantity_exceeded"])


class ValidationResult(Answer):
    """Of an applicable code its `discount` or `gift`, of an inapplicable one the `error`."""

    discount: Discount = SHOWN
    gift: GiftApplied = MAYBE
    error: Error = MAYBE
    details: Why = MAYBE


class ValidatedRedeemable(Answer):
    status: Literal["APPLICABLE", "INAPPLICABLE", "SKIPPED"]
    """`SKIPPED`: it could be redeemed, but for a code before it that cannot; or there are five before it."""
    id: str = Field(examples=["AUTUMN-7GK2"])
    """The code."""
    object: Literal["voucher"]
    order: OrderCalculated = MAYBE
    """After this code."""
    applicable_to: Items = MAYBE
    inapplicable_to: Items = MAYBE
    result: ValidationResult
    metadata: Metadata
    categories: NeverSet
    campaign_name: str = MAYBE
    campaign_id: CampaignId = MAYBE


class Session(Answer):
    """As it was sent, with a key if it had none. It locks nothing."""

    key: str = Field(examples=["ssn_pkJfPcWAgp9WyHpA62Eky8X8SzxpKub2"])
    type: Literal["LOCK"]
    ttl: int | float = MAYBE
    ttl_unit: str = MAYBE


class StackingRules(Answer):
    """Always the same: of up to 30 codes the first five, all or none, in the order given."""

    redeemables_limit: Literal[30]
    applicable_redeemables_limit: Literal[5]
    applicable_redeemables_per_category_limit: Literal[5]
    applicable_redeemables_category_limits: dict[str, Any] = Field(examples=[{}])
    applicable_exclusive_redeemables_limit: Literal[5]
    applicable_exclusive_redeemables_per_category_limit: Literal[5]
    exclusive_categories: NeverSet
    joint_categories: NeverSet
    redeemables_application_mode: Literal["ALL"]
    redeemables_sorting_rule: Literal["REQUESTED_ORDER"]
    redeemables_products_application_mode: Literal["STACK"]
    redeemables_no_effect_rule: Literal["REDEEM_ANYWAY"]
    no_effect_skip_categories: NeverSet
    no_effect_redeem_anyway_categories: NeverSet
    redeemables_rollback_order_mode: Literal["WITH_ORDER"]


STACKING_RULES = StackingRules.of(applicable_redeemables_category_limits={})


class ValidationMade(Answer):
    """What redeeming the codes would come to."""

    id: id_of("valid", "valid_101740aa2869354c6d")
    valid: bool = Field(examples=[True])
    """Whether all of them could be redeemed; of more than five, the first five."""
    redeemables: list[ValidatedRedeemable]
    """In the order given."""
    inapplicable_redeemables: list[ValidatedRedeemable] = MAYBE
    skipped_redeemables: list[ValidatedRedeemable] = MAYBE
    order: OrderCalculated = SHOWN
    tracking_id: str | None = Field(examples=["12344"])
    """The customer's source_id."""
    session: Session = MAYBE
    stacking_rules: StackingRules


def new_validation_id() -> str:
    return f"valid_{secrets.token_hex(9)}"


def order_answer(order: dict[str, Any], priced: Priced | None, customer: Customer | None) -> dict[str, Any]:
    """The order as it was sent, and what codes take off it; without amounts where it tells none."""
    amounts = amounts_told(order, priced) if priced else {}
    sent = {name: value for name, value in order.items() if not amounts or name != "discount_amount"}
    items = order.get("items")
    return {
        "metadata": {},
        **sent,
        **amounts,
        **({"items": [item | {"object": "order_item"} for item in items]} if items is not None else {}),
        "customer_id": customer.public_id if customer else None,
        **({"customer": {"id": customer.public_id, "object": "customer"}} if customer else {}),
        "referrer_id": None,
        "object": "order",
    }


def summed_up(validation: Validation) -> Priced | None:
    """The order after all codes, which then are one discount."""
    last = validation.codes[-1].priced
    return last and last._replace(applied=last.total)


def worth_answer(voucher: Voucher, validated: Validated) -> dict[str, Any]:
    """`discount` or `gift` of a code that can be redeemed."""
    return worth_told(voucher, validated.priced.applied if validated.priced else hundredths(validated.amount) or 0)


def worth_told(voucher: Voucher, taken: float) -> dict[str, Any]:
    """The same; `taken`: of a gift voucher's balance, in hundredths."""
    worth = value_answer(voucher)
    if gift := worth.get("gift"):
        return {"gift": {"balance": gift["balance"], "credits": taken}}
    return {name: value for name, value in worth.items() if value is not None}


def error_of(refused: RedemptionRefused, request: HttpRequest) -> dict[str, Any]:
    """The envelope that the redemption would have been answered with."""
    return error_content(as_api_error(refused), request.request_id)


def redeemable_answer(
    validated: Validated,
    *,
    order: dict[str, Any] | None,
    customer: Customer | None,
    expand: set[str],
    request: HttpRequest,
) -> dict[str, Any]:
    voucher = validated.voucher
    campaign = voucher.campaign if voucher else None
    told: dict[str, Any] = {"id": validated.reference, "metadata": {}}
    if "redeemable" in expand and voucher:
        told["metadata"] = voucher.metadata or {}
        if campaign:
            told |= {"campaign_name": campaign.name, "campaign_id": campaign.public_id}
    if validated.skipped:
        why = {"message": "Redeemable cannot be applied due to preceding validation failure"}
        return ValidatedRedeemable.of(
            status="SKIPPED", result={"details": why | {"key": "preceding_validation_failed"}}, **told
        )
    if validated.refused or not voucher:
        error = error_of(validated.refused, request)
        why = {"message": error.get("error", {}).get("message") or error["message"], "key": error["key"]}
        return ValidatedRedeemable.of(status="INAPPLICABLE", result={"error": error, "details": why}, **told)
    nothing = Items.of()
    if order is not None and "order" in expand:
        told["order"] = order_answer(order, validated.priced, customer)
    return ValidatedRedeemable.of(
        status="APPLICABLE",
        result=worth_answer(voucher, validated),
        applicable_to=nothing,
        inapplicable_to=nothing,
        **told,
    )
