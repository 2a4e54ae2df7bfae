"""The API of gift vouchers' balances: add to one, take from it, and read what happened to it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, ConfigDict, Field

from campaigns.api.voucher_requests import GiftVoucherRef
from campaigns.codes.queries.find import find_voucher
from config.api.actions.idempotency import Once, answer_once
from config.api.auth import MAY_ALL, MAY_READ, caller
from config.api.bodies import Sent
from config.api.door import hundredths, invalid_payload, invalid_query, iso
from config.api.examples import Example
from config.api.filters import what_is_asked
from config.api.openapi import operation
from config.api.schemas import MAYBE, SHOWN, Answer, CampaignId, Hundredths, Moment, VoucherId, id_of
from config.public_ids import CAMPAIGN, REDEMPTION, ROLLBACK, TRANSACTION, VOUCHER, key_of, public_id
from publications.answers.masked_codes import find_voucher_for
from publications.redemptions.actions.change_balance import change_balance
from publications.redemptions.models import BalanceChange, Transaction
from publications.redemptions.queries.transactions import list_transactions

router = Router(tags=["Vouchers"])

TransactionId = id_of("vtx", "vtx_0c9dccc4d5813e71bd")
LARGEST = 10**14


class BalanceSent(Sent):
    """The body of POST /v1/vouchers/{code}/balance."""

    amount: int = Field(ge=-LARGEST, le=LARGEST)
    """What is added, in hundredths; with a minus sign, what is taken."""
    source_id: str | None = Field(None, max_length=255)
    """Your own id of the transaction."""
    reason: str | None = Field(None, max_length=2000)


class RelatedVoucher(Answer):
    type: Literal["voucher"]
    id: VoucherId


class Balance(Answer):
    """A gift voucher's balance right after a transaction."""

    amount: Hundredths
    """What was added, or with a minus sign taken."""
    total: Hundredths
    """All that was ever put on it, less what was taken by hand."""
    balance: Hundredths
    type: Literal["gift_voucher"]
    operation_type: Literal["MANUAL", "AUTOMATIC"]
    object: Literal["balance"]
    related_object: RelatedVoucher


class OrderOfTransaction(Answer):
    id: str | None = Field(examples=[None])
    source_id: str | None = Field(examples=["order-1001"])


class Referred(Answer):
    id: str = Field(examples=["r_Yq3TzN8kGm5LwX1c"])


class Details(Answer):
    balance: Balance
    order: OrderOfTransaction = MAYBE
    redemption: Referred = MAYBE
    rollback: Referred = MAYBE


class VoucherTransaction(Answer):
    """What was taken from a gift voucher's balance, or added to it."""

    id: TransactionId
    source_id: str | None = Field(examples=["till-7"])
    voucher_id: VoucherId
    campaign_id: CampaignId | None
    source: str | None = Field(examples=["API"])
    """Through which door it was changed by hand; null for redemptions."""
    reason: str | None = Field(examples=["Goodwill"])
    type: Literal["CREDITS_REDEMPTION", "CREDITS_REFUND", "CREDITS_ADDITION", "CREDITS_REMOVAL"]
    details: Details
    related_transaction_id: None
    created_at: Moment


class TransactionsOfVoucher(Answer):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[VoucherTransaction]
    has_more: bool = Field(examples=[False])
    more_starting_after: TransactionId = SHOWN


class TransactionsQuery(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)

    limit: int = Field(10, ge=1, le=100)
    """Rows per page."""
    order: Literal["-id", "id"] = "-id"
    """A minus sign reverses the order: the newest first."""
    starting_after_id: str | None = None
    """`more_starting_after` of the answer before."""


@operation(
    router, "POST", "/{code}/balance", MAY_ALL, "Change a balance", answer=Balance,
    refuses="not_found invalid_gift gift_amount_exceeded invalid_amount idempotency_key_reused",
    examples=[
        Example("Add 10.00", {"amount": 1000, "source_id": "till-7", "reason": "Goodwill"}),
        Example("Take 5.00", {"amount": -500}),
    ],
)  # fmt: skip
def update_voucher_balance(request: HttpRequest, code: GiftVoucherRef, sent: BalanceSent) -> dict[str, Any]:
    """Adds to a gift voucher’s balance, or takes from it, never below 0. With the header `Idempotency-Key` the call is safe to
    repeat."""
    if not sent.amount:
        raise invalid_payload("amount: must not be 0")

    def act(once: Once | None) -> BalanceChange:
        return change_balance(
            find_voucher(code), Decimal(sent.amount) / 100, source_id=sent.source_id, reason=sent.reason,
            by=caller(request), once=once,
        )  # fmt: skip

    change = answer_once(request, act=act, again=lambda row: BalanceChange.objects.get(pk=row))
    return _balance(change.amount, change.total, change.balance, change.voucher_id, "MANUAL")


def _balance(amount: Decimal, total: Decimal, left: Decimal, voucher: int, how: str) -> dict[str, Any]:
    return Balance.of(
        amount=hundredths(amount),
        total=hundredths(total),
        balance=hundredths(left),
        operation_type=how,
        related_object={"type": "voucher", "id": public_id(VOUCHER, voucher)},
    )


@operation(
    router, "GET", "/{code}/transactions", MAY_READ, "List the transactions of a gift voucher", answer=TransactionsOfVoucher,
    examples=[Example("The newest", query={"limit": 20})],
)  # fmt: skip
def list_voucher_transactions(
    request: HttpRequest, code: GiftVoucherRef, query: Annotated[TransactionsQuery, Query()]
) -> dict[str, Any]:
    """Redemptions, rollbacks, and what was added or taken by hand. Another voucher has none."""
    what_is_asked(request.GET, TransactionsQuery)
    voucher = find_voucher_for(request.auth, code)
    after = key_of(TRANSACTION, query.starting_after_id) if query.starting_after_id else None
    if query.starting_after_id and after is None:
        raise invalid_query("starting_after_id: must be the `more_starting_after` of the answer before")
    found = list_transactions(voucher.pk, newest_first=query.order == "-id", after=after, limit=query.limit + 1)
    data = [transaction_answer(row) for row in found[: query.limit]]
    more = len(found) > query.limit
    cursor = {"more_starting_after": data[-1]["id"]} if more else {}
    return TransactionsOfVoucher.of(data=data, has_more=more, **cursor)


def transaction_answer(row: Transaction) -> dict[str, Any]:
    by_hand = row.redemption_id is None
    details = {
        "balance": _balance(row.amount, row.total, row.balance, row.voucher_id, "MANUAL" if by_hand else "AUTOMATIC")
    }
    if row.redemption_id is not None:
        details["order"] = {"id": row.order_id, "source_id": row.order_source_id}
        details["redemption"] = {"id": public_id(REDEMPTION, row.redemption_id)}
    if row.rollback_id is not None:
        details["rollback"] = {"id": public_id(ROLLBACK, row.rollback_id)}
    return VoucherTransaction.of(
        id=public_id(TRANSACTION, row.key),
        source_id=row.source_id,
        voucher_id=public_id(VOUCHER, row.voucher_id),
        campaign_id=public_id(CAMPAIGN, row.campaign_id) if row.campaign_id else None,
        source=("API" if row.actor_kind == "api_key" else "Dashboard") if by_hand else None,
        reason=row.reason,
        type=row.kind,
        details=details,
        related_transaction_id=None,
        created_at=iso(row.created_at),
    )
