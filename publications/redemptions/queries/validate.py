"""Says what redeeming codes for an order would come to, if it were done now. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from campaigns.codes.models import Voucher
from campaigns.codes.queries.find import VoucherNotFound
from customers.models import Customer
from publications.redemptions.check_order import check_order
from publications.redemptions.price_order import Priced, price_order, with_amount, worth_of
from publications.redemptions.refusals import MissingAmount, RedemptionRefused, VoucherGone
from publications.redemptions.uses import Use, amount_of_use, refuse_repeats
from publications.redemptions.verdict import Attempt, verdict


class Asked(NamedTuple):
    """A code or id as it was sent, and how much of a gift voucher's balance."""

    reference: str
    amount: Decimal | None = None


class Validated(NamedTuple):
    """`refused` is None where the code can be redeemed. `skipped`: it could, but for one before it that cannot.

    `priced`: the order after this code; None where there is none that tells its amount, or after one that was refused.
    """

    reference: str
    voucher: Voucher | None
    amount: Decimal | None
    refused: RedemptionRefused | None
    skipped: bool
    priced: Priced | None


class Validation(NamedTuple):
    """`order`: as it would be kept, with its amount."""

    codes: Sequence[Validated]
    order: dict[str, Any] | None

    @property
    def valid(self) -> bool:
        return all(code.refused is None for code in self.codes)


def validate(
    asked: Sequence[Asked], *, find: Callable[[str], Voucher], customer: Customer | None, order: dict[str, Any] | None
) -> Validation:
    """The verdict on each code, and what they take off the order together.

    `find` answers with the voucher (with its campaign) that a reference means, or raises VoucherNotFound: then the code is
    refused like one that does not exist. Raises SameVoucherTwice and InvalidOrder, as a redemption does.
    """
    order = with_amount(check_order(order))
    found = [_find(find, one.reference) for one in asked]
    refuse_repeats([voucher for voucher in found if voucher])
    looked_at = [_look(one, voucher, customer, order, len(asked)) for one, voucher in zip(asked, found, strict=True)]
    return Validation(_priced(looked_at, order), order)


def _find(find: Callable[[str], Voucher], reference: str) -> Voucher | None:
    try:
        return find(reference)
    except VoucherNotFound:
        return None


def _look(
    asked: Asked, voucher: Voucher | None, customer: Customer | None, order: dict[str, Any] | None, count: int
) -> Validated:
    amount = asked.amount
    refused: RedemptionRefused | None = None
    if voucher is None:
        refused = VoucherGone(asked.reference)
    else:
        try:
            amount = amount_of_use(Use(voucher, asked.amount), order, alone=count == 1)
        except MissingAmount as missing:
            # Of one alone, without an order, what is asked is whether the card is good.
            refused = missing if count > 1 else None
        except RedemptionRefused as problem:
            refused = problem
        refused = verdict(voucher, Attempt(customer, amount)).refused or refused
    return Validated(asked.reference, voucher, amount, refused, False, None)


def _priced(codes: Sequence[Validated], order: dict[str, Any] | None) -> list[Validated]:
    """The order after each of the good ones, up to the first that is refused; good ones after it are skipped."""
    good = next((place for place, code in enumerate(codes) if code.refused), len(codes))
    worths = [worth_of(code.voucher, code.amount) for code in codes[:good] if code.voucher]
    priced: Sequence[Priced | None] = price_order(order, worths) or [None] * good
    before = [code._replace(priced=after) for code, after in zip(codes[:good], priced, strict=True)]
    return [*before, *(code._replace(skipped=code.refused is None) for code in codes[good:])]
