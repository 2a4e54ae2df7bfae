"""What is asked of codes, by a redemption or a validation: which, and how much of a gift voucher's balance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from campaigns.codes.models import Voucher
from publications.redemptions.refusals import MissingAmount, NoGiftVoucher, SameVoucherTwice


class Use(NamedTuple):
    """`amount` is taken from a gift voucher's balance; where it is not said, the order's amount is."""

    voucher: Voucher
    amount: Decimal | None = None


def refuse_repeats(vouchers: Sequence[Voucher]) -> None:
    """Raises SameVoucherTwice."""
    seen: set[int] = set()
    for voucher in vouchers:
        if voucher.pk in seen:
            raise SameVoucherTwice(f"redeemables: {voucher.code} appears twice; use each voucher once per call.")
        seen.add(voucher.pk)


def amount_of_use(use: Use, order: Mapping[str, Any] | None, *, alone: bool) -> Decimal | None:
    """What a gift voucher shall pay. One among several must say it: what is left to pay after the others is not known.

    Raises NoGiftVoucher and MissingAmount.
    """
    if use.voucher.type != Voucher.Type.GIFT:
        if use.amount is not None:
            raise NoGiftVoucher(f"gift.credits: {use.voucher.code} is not a gift voucher; leave out gift.")
        return None
    if use.amount is not None:
        return use.amount
    if not alone:
        raise MissingAmount(
            f"gift.credits: is required for {use.voucher.code}, a gift voucher used together with others."
        )
    if not order or not order.get("amount"):
        raise MissingAmount(f"{use.voucher.code} is a gift voucher: send gift.credits or order.amount, above 0.")
    return Decimal(order["amount"]) / 100
