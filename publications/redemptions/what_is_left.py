"""What a code may still be used for, by what was read of it; a redemption decides anew, in its own statement."""

from __future__ import annotations

from decimal import Decimal

from campaigns.models import Voucher


def gift_amount(voucher: Voucher) -> Decimal | None:
    """A gift voucher's own amount or its campaign's; None of another voucher. `campaign` is joined."""
    if voucher.type != Voucher.Type.GIFT:
        return None
    if voucher.gift_amount is None and voucher.campaign:
        return voucher.campaign.gift_amount
    return voucher.gift_amount


def balance(voucher: Voucher) -> Decimal | None:
    amount = gift_amount(voucher)
    return None if amount is None else max(amount - voucher.redeemed_amount, Decimal(0))


def is_used_up(voucher: Voucher) -> bool:
    limit = voucher.redemption_limit
    if limit is None and voucher.campaign:
        limit = voucher.campaign.redemption_limit
    return balance(voucher) == 0 or (limit is not None and voucher.redeemed_quantity >= limit)
