"""The API of redemptions: use codes, take uses back, and read what happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from django.db.models import Case, F, When
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from campaigns.codes.queries.find import find_voucher
from config.api import conditions as by
from config.api.auth import MAY_ALL, MAY_READ, Key, caller
from config.api.door import ApiError, as_api_error, invalid_payload, not_found
from config.api.filters import are_asked, what_is_asked
from config.api.lists import ListQuery, answer_list
from config.api.queries import read_values
from config.public_ids import CAMPAIGN, CUSTOMER, REDEMPTION, VOUCHER
from customers.actions.upsert import InvalidCustomer
from publications.answers.answers import voucher_answers
from publications.answers.masked_codes import find_voucher_for, visible, voucher_code_filter
from publications.queries.called import campaigns_called, customers_called
from publications.queries.conditions import campaign_name
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.api.answers import listed_redemptions, order_of, redemption_answers
from publications.redemptions.api.requests import RedemptionSent, RedemptionsSent, RollbackSent, amount_of
from publications.redemptions.models import Redemption
from publications.redemptions.queries.history import PREFIXES, find_redemption, with_all_about
from publications.redemptions.refusals import RedemptionRefused, VoucherGone

router = Router(tags=["Redemptions"])
of_vouchers = Router(tags=["Redemptions"])  # below vouchers/, before what takes any path as a code

ORDERS: dict[str, tuple[Any, ...]] = {
    "-created_at": ("-created_at", "-pk"),
    "created_at": ("created_at", "pk"),
    "id": ("pk",),
    "-id": ("-pk",),
    "voucher_code": (F("voucher__code").asc(nulls_last=True), "pk"),
    "-voucher_code": (F("voucher__code").desc(nulls_last=True), "-pk"),
    "customer_id": (F("customer_id").asc(nulls_last=True), "pk"),
    "-customer_id": (F("customer_id").desc(nulls_last=True), "-pk"),
    "tracking_id": (F("customer__source_id").asc(nulls_last=True), "pk"),
    "-tracking_id": (F("customer__source_id").desc(nulls_last=True), "-pk"),
}


def orders_for(key: Key) -> dict[str, tuple[Any, ...]]:
    """By code: those that are masked to the key stand last, whatever they are."""
    if key.may_all:
        return ORDERS
    seen = Case(When(visible(key, "voucher__"), then=F("voucher__code")))
    return ORDERS | {
        "voucher_code": (seen.asc(nulls_last=True), "pk"),
        "-voucher_code": (seen.desc(nulls_last=True), "-pk"),
    }


class RedemptionsQuery(ListQuery):
    campaign: str | None = None
    customer: str | None = None


class AllOfVoucherQuery(ListQuery):
    limit: int = Field(100, ge=1, le=100)


@router.post("", auth=MAY_ALL)
def redeem_stackable(request: HttpRequest, sent: RedemptionsSent):
    """Uses all the codes for one order, or none of them. Several make a stack, `parent_redemption`."""
    uses = [Use(find_voucher(asked.id), amount_of(asked.gift)) for asked in sent.redeemables]
    with _customer_named():
        made = redeem_together(uses, **sent.for_verb(), by=caller(request))
    stack = [made[0].stack_id] if made[0].stack_id else []
    found = _in_order([*stack, *(redemption.pk for redemption in made)])
    answers = redemption_answers(found, request.auth)
    answer: dict[str, Any] = {
        "redemptions": answers[len(stack) :],
        "inapplicable_redeemables": [],
        "skipped_redeemables": [],
    }
    if stack:
        answer["parent_redemption"] = answers[0]
    if order := order_of(found[0]):
        answer["order"] = order
    return answer


@of_vouchers.post("/{code}/redemption", auth=MAY_ALL)
def redeem_voucher(request: HttpRequest, code: str, sent: RedemptionSent | None = None, tracking_id: str | None = None):
    """Uses the code once; `code` is also a `v_…` id."""
    sent = sent or RedemptionSent()
    with _customer_named():
        made = redeem(find_voucher(code), amount=amount_of(sent.gift), **sent.for_verb(tracking_id), by=caller(request))
    return redemption_answers(_in_order([made.pk]), request.auth)[0]


@router.get("", auth=MAY_READ)
def list_redemptions(request: HttpRequest, query: Annotated[RedemptionsQuery, Query()]):
    """Redemptions and rollbacks, successful and failed ones, newest first."""
    fields = filters_for(request.auth)
    asked = what_is_asked(request.GET, RedemptionsQuery, fields, moments=("created_at",), arrays=("result",))
    rows = Redemption.objects.filter(asked)
    if query.campaign:
        rows = rows.filter(campaign__in=campaigns_called(query.campaign))
    if query.customer:
        rows = rows.filter(customer__in=customers_called(query.customer))
    if results := read_values(request.GET, "result"):
        rows = rows.filter(result__in=[result.upper() for result in results])
    return _answer_list(rows, query, request.auth, name="redemptions", filtered=are_asked(request.GET))


@router.get("/{redemption_id}", auth=MAY_READ)
def get_redemption(request: HttpRequest, redemption_id: str):
    """A redemption (r_…), a failed one (rf_…), a rollback (rr_…) or a failed one (rrf_…)."""
    return redemption_answers([_find(redemption_id)], request.auth)[0]


@router.post("/{redemption_id}/rollback", auth=MAY_ALL)
def roll_back_redemption(
    request: HttpRequest,
    redemption_id: str,
    sent: RollbackSent | None = None,
    reason: str | None = None,
    tracking_id: str | None = None,
):
    """Takes the use back, or all of a stack. `reason` and `tracking_id` may also stand in the query."""
    rollback = _roll_back(request, redemption_id, sent, reason, tracking_id)
    return redemption_answers(_in_order([rollback.pk]), request.auth)[0]


@router.post("/{redemption_id}/rollbacks", auth=MAY_ALL)
def roll_back_stack(
    request: HttpRequest,
    redemption_id: str,
    sent: RollbackSent | None = None,
    reason: str | None = None,
    tracking_id: str | None = None,
):
    """The same; the answer lists the rollback of each code."""
    rollback = _roll_back(request, redemption_id, sent, reason, tracking_id)
    parts = list(rollback.children.order_by("pk").values_list("pk", flat=True))
    found = _in_order([rollback.pk, *parts])
    answers = redemption_answers(found, request.auth)
    answer: dict[str, Any] = {"rollbacks": answers[1:] or answers, "parent_rollback": answers[0]}
    if order := order_of(found[0]):
        answer["order"] = order
    return answer


@of_vouchers.get("/{code}/redemption", auth=MAY_READ)
def get_redemptions_of_voucher(request: HttpRequest, code: str, query: Annotated[AllOfVoucherQuery, Query()]):
    """How often the code was used, and the newest hundred entries of its record; `url` leads to all, page by page."""
    return _of_voucher(request, code, query)


@of_vouchers.get("/{code}/redemptions", auth=MAY_READ)
def list_redemptions_of_voucher(request: HttpRequest, code: str, query: Annotated[ListQuery, Query()]):
    """The record of one code, as `redemption.url` of the voucher promises."""
    return _of_voucher(request, code, query)


def _of_voucher(request: HttpRequest, code: str, query: ListQuery) -> dict[str, Any]:
    voucher = find_voucher_for(request.auth, code)
    counted = voucher_answers([voucher], request.auth)[0]["redemption"]
    rows = Redemption.objects.filter(what_is_asked(request.GET, type(query)), voucher=voucher)
    return counted | _answer_list(rows, query, request.auth, name="redemption_entries")


def _answer_list(rows, query: ListQuery, key: Key, *, name: str, filtered: bool = False) -> dict[str, Any]:
    prefix = (query.starting_after or "").partition("_")[0]
    return answer_list(
        with_all_about(rows),
        query,
        name=name,
        prefix=prefix if prefix in PREFIXES else REDEMPTION,
        orders=orders_for(key),
        answer=lambda found: listed_redemptions(found, key),
        filtered=filtered,
    )


def filters_for(key: Key) -> dict[str, by.Field]:
    kinds = {"redemption": Redemption.Kind.REDEMPTION.value, "redemption_rollback": Redemption.Kind.ROLLBACK.value}
    return {
        "voucher_code": voucher_code_filter(key),
        "related_object_id": by.public_key("voucher", VOUCHER),
        "related_object_parent_id": by.public_key("campaign", CAMPAIGN),
        "parent_redemption_id": by.public_key("stack", REDEMPTION),
        "failure_code": by.text("failure_code"),
        "result": by.choice("result"),
        "object": by.choice("kind", read=lambda word: kinds.get(word, word)),
        "customer_id": by.public_key("customer", CUSTOMER),
        "campaign_name": campaign_name(),
        "user_login": by.text("actor_label"),
    }


def _find(reference: str) -> Redemption:
    found = find_redemption(reference)
    if not found:
        raise not_found("redemption", reference)
    return found


def _in_order(keys: list[int]) -> list[Redemption]:
    found = {redemption.pk: redemption for redemption in with_all_about(Redemption.objects.filter(pk__in=keys))}
    return [found[key] for key in keys]


def _roll_back(
    request: HttpRequest, redemption_id: str, sent: RollbackSent | None, reason: str | None, tracking_id: str | None
) -> Redemption:
    sent = sent or RollbackSent()
    if reason and len(reason) > 2000:
        raise invalid_payload("reason: may hold at most 2000 characters")
    with _customer_named():
        return roll_back(
            _find(redemption_id),
            reason=sent.reason or reason or "",
            **sent.for_verb(tracking_id),
            by=caller(request),
        )


@contextmanager
def _customer_named() -> Iterator[None]:
    """Says of a field that cannot be stored that it is the customer's."""
    try:
        yield
    except InvalidCustomer as problem:
        raise invalid_payload(f"customer.{problem}") from None


@as_api_error.register
def _(problem: RedemptionRefused) -> ApiError:
    if isinstance(problem, VoucherGone):
        return not_found("voucher", problem.details)
    error = ApiError(
        400,
        problem.key,
        problem.message,
        problem.details,
        resource_id=problem.failure_id,
        resource_type=problem.failure_type,
    )
    if problem.hint != problem.details:
        error.content["error"] = {"message": problem.hint}
    return error
