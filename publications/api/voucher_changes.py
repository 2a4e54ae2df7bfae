"""The API of vouchers: make one, change it, switch it, delete it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from campaigns.api.voucher_requests import VoucherRef, VoucherSent, VoucherUpdateSent, named_as_sent
from campaigns.codes.actions.change_code import CodeGone, DiscountTypeFixed, change_code
from campaigns.codes.actions.create_codes import create_code, create_random_code
from campaigns.codes.actions.delete_code import delete_code
from campaigns.codes.actions.extend_pool import OneCodeOnly, space_of
from campaigns.codes.actions.switch_code import disable_code, enable_code
from campaigns.codes.code_space import RESERVED, code_space
from campaigns.codes.models import Voucher
from campaigns.codes.queries.find import VoucherNotFound, find_campaign, find_voucher
from config.api.auth import MAY_ALL, caller
from config.api.door import ApiError, refusals
from config.api.examples import Example
from config.api.openapi import operation
from config.api.queries import Flag
from publications.answers.answers import Voucher as VoucherAnswer
from publications.answers.answers import voucher_answers
from publications.api.vouchers import router

PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}, "code": "GIFT-50"}


@operation(
    router, "POST", "", MAY_ALL, "Create a voucher", answer=VoucherAnswer,
    refuses="duplicate_found not_found invalid_campaign",
    examples=[
        Example("At random, by a pattern", {**PERCENT, "code_config": {"pattern": "SORRY-######"}}),
        Example("A gift voucher of 50.00", GIFT),
    ],
)  # fmt: skip
def post_voucher(request: HttpRequest, sent: VoucherSent) -> dict[str, Any]:
    """Makes a voucher with the `code` that was sent, or at random as `code_config` says."""
    return _make(request, sent, sent.code)


@operation(
    router, "POST", "/{code}", MAY_ALL, "Create a voucher with a code", answer=VoucherAnswer,
    refuses="duplicate_found not_found invalid_campaign",
    examples=[Example("Ten percent off", PERCENT, path={"code": "SORRY-2036"})],
)  # fmt: skip
def post_voucher_with_code(request: HttpRequest, code: VoucherRef, sent: VoucherSent) -> dict[str, Any]:
    """Makes a voucher with the code in the address."""
    return _make(request, sent, code_of_address(code))


@operation(
    router, "PUT", "/{code}", MAY_ALL, "Change a voucher", answer=VoucherAnswer, refuses="invalid_voucher",
    examples=[Example("Extend its validity", {"expiration_date": "2036-12-31T23:59:59Z"})],
)  # fmt: skip
def put_voucher(request: HttpRequest, code: VoucherRef, sent: VoucherUpdateSent) -> dict[str, Any]:
    """Changes what was sent and nothing else. By code or `v_…` id, as the following."""
    voucher = find_voucher(code)
    with named_as_sent():
        change_code(voucher, sent.changes(), by=caller(request))
    return answer_voucher(request, voucher)


@operation(
    router, "DELETE", "/{code}", MAY_ALL, "Delete a voucher", answer={204: None},
    words={"force": "Erase codes that were never published, instead of hiding them."},
)  # fmt: skip
def remove_voucher(request: HttpRequest, code: VoucherRef, force: Flag = False) -> None:
    """Hides the voucher. `force` erases it, and frees its code, unless it was ever published or redeemed."""
    if not delete_code(find_voucher(code), force=force, by=caller(request)):
        raise VoucherNotFound(code)


@operation(router, "POST", "/{code}/enable", MAY_ALL, "Enable a voucher", answer=VoucherAnswer)
def enable_voucher(request: HttpRequest, code: VoucherRef) -> dict[str, Any]:
    voucher = find_voucher(code)
    enable_code(voucher, by=caller(request))
    return answer_voucher(request, voucher)


@operation(router, "POST", "/{code}/disable", MAY_ALL, "Disable a voucher", answer=VoucherAnswer)
def disable_voucher(request: HttpRequest, code: VoucherRef) -> dict[str, Any]:
    voucher = find_voucher(code)
    disable_code(voucher, by=caller(request))
    return answer_voucher(request, voucher)


def code_of_address(code: str) -> str:
    """Raises Http404 for a word that is an operation, or was one: `vouchers/generate` makes no voucher."""
    if code in RESERVED:
        raise Http404
    return code


def answer_voucher(request: HttpRequest, voucher: Voucher) -> dict[str, Any]:
    """As it is now."""
    return voucher_answers([find_voucher(voucher.public_id)], request.auth)[0]


def _make(request: HttpRequest, sent: VoucherSent, code: str | None) -> dict[str, Any]:
    reference = sent.campaign_id or sent.campaign
    campaign = find_campaign(reference) if reference else None
    by = caller(request)
    with named_as_sent():
        if code:
            voucher = create_code(code, sent.columns(), campaign=campaign, by=by)
        elif campaign and campaign.standalone:
            raise OneCodeOnly(campaign)
        else:
            given = sent.code_config.given() if sent.code_config else {}
            space = code_space(**given) if given or not campaign else space_of(campaign)
            voucher = create_random_code(space, sent.columns(), campaign=campaign, by=by)
    return answer_voucher(request, voucher)


refusals(
    {
        CodeGone: lambda problem: ApiError(404, "not_found", "Resource not found", str(problem)),
        DiscountTypeFixed: lambda problem: ApiError(400, "invalid_voucher", "Invalid Voucher", str(problem)),
    }
)
