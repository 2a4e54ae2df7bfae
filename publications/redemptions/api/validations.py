"""The API of validations: what redeeming codes would come to. Nothing is written."""

from __future__ import annotations

import secrets
from typing import Any, Literal

import pydantic
from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from campaigns.api.voucher_requests import VoucherRef
from campaigns.codes.answers import Discount, Gift, value_answer
from campaigns.codes.queries.find import VoucherNotFound
from campaigns.codes.state import ends, starts
from config.api.auth import MAY_REDEEM, MAY_VALIDATE
from config.api.bodies import Sent, array_of
from config.api.door import in_words, invalid_payload, invalid_query, iso
from config.api.examples import Example
from config.api.openapi import operation
from config.api.queries import read_object
from config.api.schemas import MAYBE, SHOWN, Answer, CampaignId, Error, Metadata, Moment
from config.metadata import check_metadata
from customers.actions.upsert import InvalidCustomer
from customers.api.requests import EXAMPLE
from customers.models import Customer
from customers.queries.find_as_sent import find_as_sent
from publications.redemptions.api.find_for_key import finder
from publications.redemptions.api.requests import CreditsSent, RedeemableSent, WhoAndWhat, amount_of
from publications.redemptions.api.stacking import MOST_APPLIED, over_the_limit
from publications.redemptions.api.validation_answers import (
    STACKING_RULES,
    Items,
    OrderCalculated,
    Session,
    ValidationMade,
    error_of,
    new_validation_id,
    order_answer,
    redeemable_answer,
    summed_up,
)
from publications.redemptions.queries.validate import Asked, validate

router = Router(tags=["Validations"])
of_vouchers = Router(tags=["Validations"])

Expand = Literal["order", "redemption", "redeemable", "category"]
UNITS = Literal["DAYS", "HOURS", "MICROSECONDS", "MILLISECONDS", "MINUTES", "NANOSECONDS", "SECONDS"]


class SessionSent(Sent):
    """Clients that lock by sessions need an answer to it; nothing is locked."""

    key: str | None = Field(None, max_length=255)
    type: Literal["LOCK"] | None = None
    ttl: int | float | None = None
    ttl_unit: UNITS | None = None

    def answer(self) -> dict[str, Any]:
        given = {"ttl": self.ttl, "ttl_unit": self.ttl_unit}
        told = {name: value for name, value in given.items() if value is not None}
        return {"key": self.key or f"ssn_{secrets.token_hex(16)}", "type": "LOCK", **told}


class OptionsSent(Sent):
    expand: list[Expand] | None = Field(None, max_length=20)
    """`order`: each code’s part of the order (also by default); `redeemable`: metadata and campaign of each."""


class ValidationSent(WhoAndWhat):
    """The body of POST /v1/validations."""

    redeemables: array_of(RedeemableSent, most=30) = Field(min_length=1)
    session: SessionSent | None = None
    options: OptionsSent | None = None


class OldValidationSent(WhoAndWhat):
    """The body of POST /v1/vouchers/{code}/validate."""

    gift: CreditsSent | None = None
    session: SessionSent | None = None


class VoucherValidated(Answer):
    """What redeeming the code would come to, as older clients read it."""

    valid: bool = Field(examples=[True])
    code: str = Field(examples=["AUTUMN-7GK2"])
    discount: Discount = SHOWN
    gift: Gift = MAYBE
    campaign: str = SHOWN
    campaign_id: CampaignId = SHOWN
    metadata: Metadata
    start_date: Moment | None = MAYBE
    expiration_date: Moment | None = MAYBE
    applicable_to: Items = SHOWN
    inapplicable_to: Items = SHOWN
    order: OrderCalculated = SHOWN
    session: Session = MAYBE
    tracking_id: str | None = Field(examples=["12344"])
    customer_id: str = MAYBE
    reason: str = MAYBE
    """Why it cannot be redeemed: the key of the error that a redemption would get."""
    error: Error = MAYBE


PAID = {"amount": 2000}
TWO = {
    "redeemables": [{"object": "voucher", "id": "AUTUMN-7GK2"}, {"object": "voucher", "id": "AUTUMN-M4XP"}],
    "customer": EXAMPLE,
    "order": PAID,
}


@operation(
    router, "POST", "", MAY_REDEEM, "Validate codes together", answer=ValidationMade, refuses="not_found",
    examples=[
        Example("Two codes for an order", TWO),
        Example("With their campaigns", {**TWO, "options": {"expand": ["order", "redeemable"]}}),
    ],
)  # fmt: skip
def validate_stacked_discounts(request: HttpRequest, sent: ValidationSent) -> dict[str, Any]:
    """Whether the first five of up to 30 codes could be redeemed together, and what the order would come to. Nothing is
    written. A gift voucher alone may be validated without an amount."""
    check_metadata(sent.metadata)
    customer, order = customer_and_order(sent)
    asked = [Asked(one.id, amount_of(one.gift)) for one in sent.redeemables[:MOST_APPLIED]]
    found = validate(asked, find=finder(request.auth), customer=customer, order=order)
    expand = set(sent.options.expand if sent.options and sent.options.expand is not None else ["order"])
    told = [
        redeemable_answer(one, order=found.order, customer=customer, expand=expand, request=request)
        for one in found.codes
    ]
    told += [over_the_limit(one.id) for one in sent.redeemables[MOST_APPLIED:]]
    answer: dict[str, Any] = {"id": new_validation_id(), "valid": found.valid, "redeemables": told}
    for name, status in (("inapplicable_redeemables", "INAPPLICABLE"), ("skipped_redeemables", "SKIPPED")):
        if those := [one for one in told if one["status"] == status]:
            answer[name] = those
    if found.valid and found.order is not None:
        answer["order"] = order_answer(found.order, summed_up(found), customer)
    if sent.session:
        answer["session"] = sent.session.answer()
    return {**answer, "tracking_id": tracking_id_of(sent, customer), "stacking_rules": STACKING_RULES}


TRACKING = {"tracking_id": "The customer’s source_id, if the body names no customer."}


@operation(
    of_vouchers, "POST", "/{code}/validate", MAY_REDEEM, "Validate a code", answer=VoucherValidated, words=TRACKING,
    examples=[Example("For an order", {"customer": EXAMPLE, "order": PAID}, path={"code": "AUTUMN-7GK2"})],
)  # fmt: skip
def validate_voucher(
    request: HttpRequest, code: VoucherRef, sent: OldValidationSent | None = None, tracking_id: str | None = None
) -> dict[str, Any]:
    """The call of older clients. A code that does not exist is 404."""
    return _validate_one(request, code, sent or OldValidationSent(), tracking_id)


IN_QUERY = [
    {"name": name, "in": "query", "description": words, "style": "deepObject", "explode": True,
     "schema": {"type": "object", "properties": {field: {"type": kind} for field, kind in fields.items()}}}
    for name, words, fields in [
        ("customer", "`customer[source_id]`, `customer[id]`", {"source_id": "string", "id": "string"}),
        ("order", "`order[amount]`, in hundredths", {"amount": "integer"}),
        ("gift", "`gift[credits]`, in hundredths", {"credits": "integer"}),
    ]
]  # fmt: skip


@operation(
    of_vouchers, "GET", "/{code}/validate", MAY_VALIDATE, "Validate a code by GET", answer=VoucherValidated,
    refuses="invalid_payload",
    words={"tracking_id": "The customer’s source_id."}, parameters=IN_QUERY,
    examples=[Example("For an order", query={"order[amount]": 2000}, path={"code": "AUTUMN-7GK2"})],
)  # fmt: skip
def validate_voucher_by_get(request: HttpRequest, code: VoucherRef, tracking_id: str | None = None) -> dict[str, Any]:
    """The same from a query string."""
    query = read_object(request.GET, ("customer", "order", "gift"))
    for name, field in (("order", "amount"), ("gift", "credits")):
        part = query.get(name)
        if isinstance(part, dict) and str(part.get(field, "")).isdecimal():
            part[field] = int(part[field][:20])
    try:
        sent = OldValidationSent.model_validate(query)
    except pydantic.ValidationError as problem:
        errors = [{**error, "loc": ("query", *error["loc"])} for error in problem.errors()]
        raise invalid_query(in_words(errors)) from None
    return _validate_one(request, code, sent, tracking_id)


def _validate_one(request: HttpRequest, code: str, sent: OldValidationSent, tracking_id: str | None) -> dict[str, Any]:
    check_metadata(sent.metadata)
    customer, order = customer_and_order(sent, tracking_id)
    found = validate([Asked(code, amount_of(sent.gift))], find=finder(request.auth), customer=customer, order=order)
    (one,) = found.codes
    voucher = one.voucher
    if voucher is None:
        raise VoucherNotFound(code)
    campaign = voucher.campaign
    about = {"code": voucher.code, "metadata": voucher.metadata or {}}
    about["tracking_id"] = tracking_id_of(sent, customer) or tracking_id
    if one.refused:
        error = error_of(one.refused, request)
        if customer:
            about["customer_id"] = customer.public_id
        return VoucherValidated.of(valid=False, **about, reason=error["key"], error=error)
    nothing = Items.of()
    if campaign:
        about |= {"campaign": campaign.name, "campaign_id": campaign.public_id}
    if found.order is not None:
        about["order"] = order_answer(found.order, one.priced, customer)
    if sent.session:
        about["session"] = sent.session.answer()
    return VoucherValidated.of(
        valid=True,
        **{name: worth for name, worth in value_answer(voucher).items() if worth is not None},
        start_date=iso(starts(voucher)),
        expiration_date=iso(ends(voucher)),
        applicable_to=nothing,
        inapplicable_to=nothing,
        **about,
    )


def customer_and_order(
    sent: WhoAndWhat, tracking_id: str | None = None
) -> tuple[Customer | None, dict[str, Any] | None]:
    said = sent.for_verb(tracking_id)
    try:
        customer = find_as_sent(said["customer"]) if said["customer"] else None
    except InvalidCustomer as problem:
        raise invalid_payload(f"customer.{problem}") from None
    return customer, said["order"]


def tracking_id_of(sent: WhoAndWhat, customer: Customer | None) -> str | None:
    if customer and customer.source_id:
        return customer.source_id
    return (sent.customer.source_id if sent.customer else None) or sent.tracking_id
