"""Uses a code: the one verb behind every door. A use is counted exactly, also when many come at once.

What must hold is decided by the database inside the one statement of `use_codes.py`. The order is kept as sent, beside
it what the codes took off it (`price_order.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from campaigns.codes.models import Voucher
from campaigns.codes.state import Reason
from config.actor import Actor
from config.api.actions.idempotency import Once, refuse_repeat
from config.metadata import check_metadata
from customers.actions.upsert import upsert_customer
from customers.models import Customer
from publications.redemptions.actions.record_failure import record_failure
from publications.redemptions.actions.use_codes import CHANGED, Held, use_codes
from publications.redemptions.check_order import check_order
from publications.redemptions.models import Redemption
from publications.redemptions.price_order import price_order, with_amount, worth_of
from publications.redemptions.refusals import VoucherGone, VoucherRefused
from publications.redemptions.uses import Use, amount_of_use, refuse_repeats
from publications.redemptions.verdict import Verdict

# Somebody would have to change the code's worth or holder as often, each time in the same few milliseconds.
MOST_TRIES = 20


def redeem(
    voucher: Voucher,
    *,
    amount: Decimal | None = None,
    customer: Customer | Mapping[str, Any] | None = None,
    order: dict | None = None,
    metadata: dict | None = None,
    by: Actor,
    once: Once | None = None,
) -> Redemption:
    """Uses the code once. Arguments and errors as of `redeem_together`."""
    (redemption,) = redeem_together(
        [Use(voucher, amount)], customer=customer, order=order, metadata=metadata, by=by, once=once
    )
    return redemption


def redeem_together(
    uses: Sequence[Use],
    *,
    customer: Customer | Mapping[str, Any] | None = None,
    order: dict | None = None,
    metadata: dict | None = None,
    by: Actor,
    once: Once | None = None,
) -> list[Redemption]:
    """Uses all the codes for one order, or none of them; the redemptions stand in the order of `uses`.

    Several make a stack: each has `.stack`, which holds the order and the metadata, and is rolled back as a whole.
    `customer` is a Customer, or the fields as sent, which are upserted; whether the code was published to them does not
    matter. `order` is kept as given; its "amount" is in hundredths, and added where its items tell it. (Of a customer who was erased meanwhile nothing
    personal is kept, nor metadata.) A voucher's limit, dates and gift amount are its
    own, or where those are null its campaign's.

    `once`: a call that may be repeated. A second one raises HappenedBefore, or IntegrityError where both come at once.

    Raises RedemptionRefused (see refusals.py), and CustomerNotFound or InvalidCustomer for fields as sent. A refusal
    that counts as an attempt is kept as a failed redemption, which survives only if no transaction is around this call.
    """
    refuse_repeats([use.voucher for use in uses])
    order, metadata = with_amount(check_order(order)), check_metadata(metadata) or None
    amounts = [amount_of_use(use, order, alone=len(uses) == 1) for use in uses]
    if customer is not None and not isinstance(customer, Customer):
        customer = upsert_customer(customer)
    vouchers = [use.voucher for use in uses]
    for _ in range(MOST_TRIES):
        worths = [worth_of(voucher, amount) for voucher, amount in zip(vouchers, amounts, strict=True)]
        held = use_codes(
            [voucher.pk for voucher in vouchers], amounts, worths, price_order(order, worths),
            customer=customer, order=order, metadata=metadata, by=by, once=once,
        )  # fmt: skip
        if all(found.refused != CHANGED for found in held.values()):
            break
        vouchers = [
            Voucher.objects.select_related("campaign").filter(pk=voucher.pk).first() or voucher for voucher in vouchers
        ]
    if any(found.redemption_id is None for found in held.values()):
        refuse_repeat(once)
    for voucher, amount in zip(vouchers, amounts, strict=True):
        if refused := _why_not(voucher, held.get(voucher.pk), amount):
            if refused.is_attempt:
                record_failure(refused, voucher=voucher, customer=customer, metadata=metadata, by=by)
                if refused.failure_id is None:
                    raise VoucherGone(voucher)
            raise refused
    made = Redemption.objects.in_bulk([found.redemption_id for found in held.values()])
    return [made[held[voucher.pk].redemption_id] for voucher in vouchers]


def _why_not(voucher: Voucher, held: Held | None, amount: Decimal | None) -> VoucherRefused | None:
    if held is None:
        return VoucherGone(voucher)
    if held.refused is None:
        return None
    left = held.balance if voucher.type == Voucher.Type.GIFT else None
    seen = Verdict(
        voucher, voucher.code, Reason(held.refused), held.starts, held.ends,
        held.redeemed_quantity, held.redemption_limit, left, amount,
    )  # fmt: skip
    return seen.refused
