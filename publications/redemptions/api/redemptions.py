"""The API of redemptions: use codes, take uses back, and read what happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from django.db.models import Case, F, QuerySet, When
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from campaigns.api.voucher_requests import VoucherRef
from config.api import conditions as by
from config.api.actions.idempotency import Once, answer_once
from config.api.auth import MAY_READ, MAY_REDEEM, SEES_ALL, caller
from config.api.door import ApiError, as_api_error, invalid_payload, not_found
from config.api.examples import Example
from config.api.lists import Listing, ListQuery, Values
from config.api.openapi import operation, path_parameter
from config.api.queries import read_values
from config.public_ids import CAMPAIGN, CUSTOMER, REDEMPTION, VOUCHER
from customers.actions.upsert import InvalidCustomer
from customers.api.requests import EXAMPLE
from publications.answers.answers import voucher_answers
from publications.answers.masked_codes import find_voucher_for, visible, voucher_code_filter
from publications.queries.called import campaigns_called, customers_called
from publications.queries.conditions import campaign_name
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.api import answers
from publications.redemptions.api.answers import listed_redemptions, order_of, redemption_answers
from publications.redemptions.api.find_for_key import find_to_redeem
from publications.redemptions.api.requests import RedemptionSent, RedemptionsSent, RollbackSent, amount_of
from publications.redemptions.api.stacking import MOST_APPLIED, over_the_limit
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


class RedemptionsQuery(ListQuery):
    campaign: str | None = None
    """A campaign’s name or id."""
    customer: str | None = None
    """A customer’s source_id or id."""


class AllOfVoucherQuery(ListQuery):
    limit: int = Field(100, ge=1, le=100)
    """Rows per page."""


KINDS = {"redemption": Redemption.Kind.REDEMPTION.value, "redemption_rollback": Redemption.Kind.ROLLBACK.value}
FILTERS = {
    "voucher_code": voucher_code_filter(SEES_ALL),
    "related_object_id": by.public_key("voucher", VOUCHER),
    "related_object_parent_id": by.public_key("campaign", CAMPAIGN),
    "parent_redemption_id": by.public_key("stack", REDEMPTION),
    "failure_code": by.text("failure_code"),
    "result": by.choice("result"),
    "object": by.choice("kind", read=lambda word: KINDS.get(word, word)),
    "customer_id": by.public_key("customer", CUSTOMER),
    "campaign_name": campaign_name(),
    "user_login": by.text("actor_label"),
}


LISTING = Listing(
    answers.Redemption, "redemptions", REDEMPTION, ORDERS, RedemptionsQuery, FILTERS,
    moments=("created_at",), arrays={"result": Values("SUCCESS or FAILURE.", ["SUCCESS", "FAILURE"])},
)  # fmt: skip
OF_VOUCHER = Listing(answers.Redemption, "redemption_entries", REDEMPTION, ORDERS)
RedemptionRef = path_parameter("The id of a redemption or a rollback.", "r_Yq3TzN8kGm5LwX1c")

REFUSED = """not_found voucher_disabled voucher_not_active voucher_expired quantity_exceeded gift_amount_exceeded
    missing_amount invalid_gift idempotency_key_reused referrer_not_permitted_to_redeem voucher_not_published customer_not_holder"""
TRACKING = {"tracking_id": "The customer’s source_id, if the body names no customer."}
PAID = {"source_id": "order-1001", "amount": 2000, "status": "PAID"}
TOGETHER = {"redeemables": [{"object": "voucher", "id": "AUTUMN-7GK2"}], "customer": EXAMPLE, "order": PAID}


@operation(
    router, "POST", "", MAY_REDEEM, "Redeem codes together", answer=answers.RedemptionsMade, refuses=REFUSED,
    examples=[Example("One code for an order", TOGETHER)],
)  # fmt: skip
def redeem_stackable(request: HttpRequest, sent: RedemptionsSent) -> dict[str, Any]:
    """Uses the first five codes for one order, or none of them. Several make a stack, `parent_redemption`. Codes beyond the
    fifth are not used: `skipped_redeemables` names them."""
    used, skipped = sent.redeemables[:MOST_APPLIED], sent.redeemables[MOST_APPLIED:]

    def act(once: Once | None) -> int:
        uses = [Use(find_to_redeem(request.auth, asked.id), amount_of(asked.gift)) for asked in used]
        with _customer_named():
            made = redeem_together(uses, **sent.for_verb(), by=caller(request), once=once)
        return made[0].stack_id or made[0].pk

    row = answer_once(request, act=act, again=_same)
    parts = list(Redemption.objects.filter(stack=row).order_by("pk").values_list("pk", flat=True))
    stack = [row] if parts else []
    found = _in_order([row, *parts])
    answers = redemption_answers(found, request.auth)
    answer: dict[str, Any] = {
        "redemptions": answers[len(stack) :],
        "inapplicable_redeemables": [],
        "skipped_redeemables": [over_the_limit(asked.id) for asked in skipped],
    }
    if stack:
        answer["parent_redemption"] = answers[0]
    if order := order_of(found[0]):
        answer["order"] = order
    return answer


@operation(
    of_vouchers, "POST", "/{code}/redemption", MAY_REDEEM, "Redeem a code", answer=answers.Redemption, refuses=REFUSED,
    words=TRACKING,
    examples=[Example("For an order", {"customer": EXAMPLE, "order": PAID}, path={"code": "AUTUMN-7GK2"})],
)  # fmt: skip
def redeem_voucher(
    request: HttpRequest, code: VoucherRef, sent: RedemptionSent | None = None, tracking_id: str | None = None
) -> dict[str, Any]:
    """Uses the code once; `code` is also a `v_…` id."""
    said = sent or RedemptionSent()

    def act(once: Once | None) -> int:
        with _customer_named():
            return redeem(
                find_to_redeem(request.auth, code), amount=amount_of(said.gift), **said.for_verb(tracking_id),
                by=caller(request), once=once,
            ).pk  # fmt: skip

    row = answer_once(request, act=act, again=_same)
    return redemption_answers(_in_order([row]), request.auth)[0]


def _same(row: int) -> int:
    return row


@operation(
    router, "GET", "", MAY_READ, "List redemptions", lists=LISTING,
    examples=[Example("For one campaign", query={"campaign": "Autumn coffee"})],
)  # fmt: skip
def list_redemptions(request: HttpRequest, query: Annotated[RedemptionsQuery, Query()]) -> dict[str, Any]:
    """Redemptions and rollbacks, successful and failed ones, newest first."""
    listing = LISTING._replace(filters=FILTERS | {"voucher_code": voucher_code_filter(request.auth)})
    rows = Redemption.objects.filter(listing.asked(request))
    if query.campaign:
        rows = rows.filter(campaign__in=campaigns_called(query.campaign))
    if query.customer:
        rows = rows.filter(customer__in=customers_called(query.customer))
    if results := read_values(request.GET, "result"):
        rows = rows.filter(result__in=[result.upper() for result in results])
    return _answer_list(listing, rows, query, request)


@operation(router, "GET", "/{redemption_id}", MAY_READ, "Get a redemption", answer=answers.Redemption)
def get_redemption(request: HttpRequest, redemption_id: RedemptionRef) -> dict[str, Any]:
    """A redemption (r_…), a failed one (rf_…), a rollback (rr_…) or a failed one (rrf_…)."""
    return redemption_answers([_find(redemption_id)], request.auth)[0]


ROLLING_BACK = "already_rolled_back invalid_redemption_parent invalid_rollback_params"
WHY = {"reason": "Why the redemption is rolled back.", **TRACKING}
UNDO = [Example("The order was cancelled", {"reason": "Order cancelled"})]


@operation(
    router, "POST", "/{redemption_id}/rollback", MAY_REDEEM, "Roll back a redemption", answer=answers.Redemption,
    refuses=ROLLING_BACK, words=WHY, examples=UNDO,
)  # fmt: skip
def roll_back_redemption(
    request: HttpRequest,
    redemption_id: RedemptionRef,
    sent: RollbackSent | None = None,
    reason: str | None = None,
    tracking_id: str | None = None,
) -> dict[str, Any]:
    """Takes the use back, or all of a stack. `reason` and `tracking_id` may also stand in the query."""
    rollback = _roll_back(request, redemption_id, sent, reason, tracking_id)
    return redemption_answers(_in_order([rollback.pk]), request.auth)[0]


@operation(
    router, "POST", "/{redemption_id}/rollbacks", MAY_REDEEM, "Roll back codes that were redeemed together",
    answer=answers.RollbacksMade, refuses=ROLLING_BACK, words=WHY, examples=UNDO,
)  # fmt: skip
def roll_back_stack(
    request: HttpRequest,
    redemption_id: RedemptionRef,
    sent: RollbackSent | None = None,
    reason: str | None = None,
    tracking_id: str | None = None,
) -> dict[str, Any]:
    """The same; the answer lists the rollback of each code."""
    rollback = _roll_back(request, redemption_id, sent, reason, tracking_id)
    parts = list(rollback.children.order_by("pk").values_list("pk", flat=True))
    found = _in_order([rollback.pk, *parts])
    answers = redemption_answers(found, request.auth)
    answer: dict[str, Any] = {"rollbacks": answers[1:] or answers, "parent_rollback": answers[0]}
    if order := order_of(found[0]):
        answer["order"] = order
    return answer


@operation(
    of_vouchers, "GET", "/{code}/redemption", MAY_READ, "Get the redemptions count of a code", lists=OF_VOUCHER,
    answer=answers.RedemptionsOfVoucher,
)  # fmt: skip
def get_redemptions_of_voucher(
    request: HttpRequest, code: VoucherRef, query: Annotated[AllOfVoucherQuery, Query()]
) -> dict[str, Any]:
    """How often the code was used, and the newest hundred entries of its record; `url` leads to all, page by page."""
    return _of_voucher(request, code, query)


@operation(
    of_vouchers, "GET", "/{code}/redemptions", MAY_READ, "List the redemptions of a voucher", lists=OF_VOUCHER,
    answer=answers.RedemptionsOfVoucher,
)  # fmt: skip
def list_redemptions_of_voucher(
    request: HttpRequest, code: VoucherRef, query: Annotated[ListQuery, Query()]
) -> dict[str, Any]:
    """The record of one code, as `redemption.url` of the voucher promises."""
    return _of_voucher(request, code, query)


def _of_voucher(request: HttpRequest, code: str, query: ListQuery) -> dict[str, Any]:
    voucher = find_voucher_for(request.auth, code)
    counted = voucher_answers([voucher], request.auth)[0]["redemption"]
    listing = OF_VOUCHER._replace(query=type(query))
    rows = Redemption.objects.filter(listing.asked(request), voucher=voucher)
    return counted | _answer_list(listing, rows, query, request)


def _answer_list(listing: Listing, rows: QuerySet, query: ListQuery, request: HttpRequest) -> dict[str, Any]:
    prefix = (query.starting_after or "").partition("_")[0]
    if prefix in PREFIXES:
        listing = listing._replace(prefix=prefix)
    if not request.auth.may_all:  # codes that are masked to the key stand last, whatever they are
        seen = Case(When(visible(request.auth, "voucher__"), then=F("voucher__code")))
        by_code = {
            "voucher_code": (seen.asc(nulls_last=True), "pk"),
            "-voucher_code": (seen.desc(nulls_last=True), "-pk"),
        }
        listing = listing._replace(orders=ORDERS | by_code)
    return listing.answer(with_all_about(rows), query, request, lambda found: listed_redemptions(found, request.auth))


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
        raise invalid_payload("reason: can have at most 2000 characters")
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
