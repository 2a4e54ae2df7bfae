"""The API of qualifications: the codes that a customer could redeem now."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, Literal

from django.db.models import Q
from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from campaigns.codes.models import Voucher
from campaigns.codes.state import balance
from campaigns.models import Campaign
from config.api import conditions as by
from config.api.auth import MAY_ALL
from config.api.bodies import Sent
from config.api.conditions import InvalidCondition, parse_time, read_filters
from config.api.door import ApiError, invalid_payload
from config.api.examples import Example
from config.api.lists import refused_when_slow
from config.api.openapi import operation
from config.api.schemas import MAYBE, Answer, CampaignId, Metadata, Moment, NeverSet, Rules
from config.metadata import check_metadata
from config.public_ids import CAMPAIGN, VOUCHER
from customers.api.requests import EXAMPLE
from customers.models import Customer
from publications.redemptions.api.requests import WhoAndWhat
from publications.redemptions.api.validation_answers import (
    STACKING_RULES,
    Items,
    OrderCalculated,
    StackingRules,
    ValidationResult,
    order_answer,
    worth_told,
)
from publications.redemptions.api.validations import customer_and_order, tracking_id_of
from publications.redemptions.check_order import check_order
from publications.redemptions.price_order import Priced, price_order, with_amount, worth_of
from publications.redemptions.queries.qualify import cursor_of, qualify

router = Router(tags=["Qualifications"])

BEST_OF = 300  # codes that are looked at for the best deal, the newest first
ANY, NONE = Q(pk__isnull=False), Q(pk__isnull=True)
IS_REFERRAL = Q(campaign__kind=Campaign.Kind.REFERRAL_PROGRAM)


def _one_of(kinds: dict[str, Q]) -> by.Field:
    """A word of which each stands for some of the vouchers."""

    def q(condition: by.Condition) -> Q:
        found = reduce(or_, [kinds.get(value, NONE) for value in condition.values])
        return ~found if condition.op in by.NEGATED else found

    return by.Field(by.WHOLE, q)


FILTERS = {
    "resource_type": _one_of({"voucher": ANY}),
    "holder_role": _one_of({"OWNER": Q(campaign=None) | ~IS_REFERRAL, "REFERRER": IS_REFERRAL}),
    "category_id": by.category_ids("campaign_id"),
    "campaign_id": by.public_key("campaign", CAMPAIGN),
    "campaign_type": by.choice("campaign__kind"),
    "resource_id": by.public_key("pk", VOUCHER),
    "voucher_type": by.choice("type"),
    "code": by.text("code"),
}


class QualificationOptionsSent(Sent):
    limit: int = Field(5, ge=1, le=50)
    """How many, at most."""
    starting_after: str | None = None
    """`more_starting_after` of the answer before."""
    filters: dict[str, Any] | None = None
    """By `campaign_id`, `campaign_type`, `resource_id`, `resource_type`, `voucher_type`, `code`."""
    expand: list[Literal["redeemable", "category", "validation_rules"]] | None = Field(None, max_length=20)
    sorting_rule: Literal["DEFAULT", "BEST_DEAL", "LEAST_DEAL"] = "DEFAULT"
    """`DEFAULT`: the newest first. The others are by what they take off the order, of the newest 300."""


class QualificationSent(WhoAndWhat):
    """The body of POST /v1/qualifications. `session` is ignored: nothing is locked."""

    scenario: Literal["ALL", "CUSTOMER_WALLET", "AUDIENCE_ONLY"] = "ALL"
    """`CUSTOMER_WALLET`: the codes that the customer holds. The others: also those that are for everybody."""
    options: QualificationOptionsSent | None = None


class Qualified(Answer):
    id: str = Field(examples=["AUTUMN-7GK2"])
    """The code."""
    object: Literal["voucher"]
    created_at: Moment
    result: ValidationResult
    order: OrderCalculated = MAYBE
    """What the order would come to with this code alone."""
    applicable_to: Items
    inapplicable_to: Items
    metadata: Metadata
    categories: NeverSet
    campaign_name: str = MAYBE
    campaign_id: CampaignId = MAYBE
    validation_rules_assignments: Rules


class QualifiedList(Answer):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[Qualified]
    total: int = Field(examples=[1])
    """In this answer."""
    has_more: bool = Field(examples=[False])
    more_starting_after: str | None = Field(default=None, examples=["1970-01-01T00:00:00.004711Z"])
    """A cursor in the form of a time: send it as `starting_after`."""


class QualificationMade(Answer):
    """The codes that the customer could redeem now."""

    redeemables: QualifiedList
    order: OrderCalculated = MAYBE
    tracking_id: str | None = Field(examples=["12344"])
    stacking_rules: StackingRules


@operation(
    router, "POST", "", MAY_ALL, "Find codes that qualify", answer=QualificationMade,
    refuses="missing_customer not_found",
    examples=[
        Example("All, for an order", {"scenario": "ALL", "customer": EXAMPLE, "order": {"amount": 2000}}),
        Example("What a customer holds", {"scenario": "CUSTOMER_WALLET", "customer": EXAMPLE, "options": {"limit": 10}}),
    ],
)  # fmt: skip
def check_eligibility(request: HttpRequest, sent: QualificationSent) -> dict[str, Any]:
    """Codes that the customer holds, and codes for everybody (without a campaign, or of a campaign of one code) that nobody
    else holds; only those that could be redeemed now. Nothing is written."""
    check_metadata(sent.metadata)
    options = sent.options or QualificationOptionsSent()
    customer, order = customer_and_order(sent)
    if sent.scenario == "CUSTOMER_WALLET" and not sent.customer and not sent.tracking_id:
        raise ApiError(400, "missing_customer", "Missing customer", "customer: is required for a wallet")
    order = with_amount(check_order(order))
    after = parse_time(options.starting_after) if options.starting_after else None
    if options.starting_after and after is None:
        raise invalid_payload(f"options.starting_after: {by.TIME_EXPECTED}")
    sorted_by_deal = options.sorting_rule != "DEFAULT"
    most = BEST_OF if sorted_by_deal else options.limit + 1
    wallet = sent.scenario == "CUSTOMER_WALLET"
    with refused_when_slow("default"):
        found = qualify(customer, wallet_only=wallet, where=_where(options), after=after, limit=most)
    told = [(voucher, _priced(voucher, order)) for voucher in found]
    if sorted_by_deal:
        told.sort(key=lambda pair: pair[1].applied if pair[1] else 0, reverse=options.sorting_rule == "BEST_DEAL")
    page = told[: options.limit]
    more = not sorted_by_deal and len(told) > options.limit
    cursor = {"more_starting_after": cursor_of(page[-1][0])} if more else {}
    data = [_qualified(voucher, priced, order, customer) for voucher, priced in page]
    answer: dict[str, Any] = {"redeemables": QualifiedList.of(data=data, total=len(data), has_more=more, **cursor)}
    if order is not None:
        answer["order"] = order_answer(order, None, None)
    return {**answer, "tracking_id": tracking_id_of(sent, customer), "stacking_rules": STACKING_RULES}


def _where(options: QualificationOptionsSent) -> Q:
    try:
        return read_filters(options.filters or {}, FILTERS)
    except InvalidCondition as wrong:
        raise invalid_payload(f"options.filters.{wrong}") from None


def _priced(voucher: Voucher, order: dict[str, Any] | None) -> Priced | None:
    """The order after this code alone; a gift voucher pays what it holds."""
    priced = price_order(order, [worth_of(voucher, balance(voucher))])
    return priced[0] if priced else None


def _qualified(
    voucher: Voucher, priced: Priced | None, order: dict[str, Any] | None, customer: Customer | None
) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if campaign := voucher.campaign:
        told = {"campaign_name": campaign.name, "campaign_id": campaign.public_id}
    if order is not None:
        told["order"] = order_answer(order, priced, customer)
    nothing = Items.of()
    return Qualified.of(
        voucher,
        id=voucher.code,
        result=worth_told(voucher, priced.applied if priced else 0),
        applicable_to=nothing,
        inapplicable_to=nothing,
        metadata=voucher.metadata or {},
        **told,
    )
