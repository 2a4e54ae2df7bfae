"""Why a code was not redeemed, or a redemption not rolled back: one exception a case, in Voucherify's keys and words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from campaigns.codes.models import Voucher

# By their keys; of others the key itself is the words.
FAILURES_IN_WORDS = {
    "voucher_disabled": "Disabled",
    "voucher_not_active": "Not started",
    "voucher_expired": "Expired",
    "quantity_exceeded": "Used up",
    "gift_amount_exceeded": "Balance too low",
    "voucher_not_published": "Not published",
    "customer_not_holder": "Held by someone else",
    "referrer_not_permitted_to_redeem": "Own referral code",
}


class RedemptionRefused(Exception):
    """Nothing was counted. `is_attempt`: well-formed, so it is kept in the record as a failure, `failure_id`.

    `details` is what Voucherify tells there (of a voucher: its code), `hint` what was wrong and how to mend it.
    """

    key = ""
    message = ""
    hint = ""
    is_attempt = False
    failure_id: str | None = None
    failure_type = "redemption"

    def __init__(self, details: str, hint: str = "") -> None:
        self.details, self.hint = details, hint or self.hint or details
        super().__init__(f"{self.message}: {self.hint}")


class VoucherRefused(RedemptionRefused):
    """This voucher cannot be used now."""

    is_attempt = True

    def __init__(self, voucher: Voucher | str, hint: str = "") -> None:
        super().__init__(voucher if isinstance(voucher, str) else voucher.code, hint)


class VoucherGone(VoucherRefused):
    """There is no such code (then it is told by its text); or it or its campaign was deleted since it was looked up."""

    key = "not_found"
    message = "Resource not found"
    hint = "The voucher was deleted."
    is_attempt = False


class VoucherNotPublished(VoucherRefused):
    key = "voucher_not_published"
    message = "voucher is not published"
    hint = "The campaign accepts published vouchers only, and this one has not been published."


class NotHolder(VoucherRefused):
    key = "customer_not_holder"
    message = "customer does not hold the voucher"
    hint = "The campaign accepts its vouchers from their holders only: send the customer it was published to."


class VoucherDisabled(VoucherRefused):
    key = "voucher_disabled"
    message = "voucher is disabled"
    hint = "The voucher has been disabled and cannot be used."


class CampaignDisabled(VoucherDisabled):
    hint = "The voucher's campaign has been disabled, so none of its vouchers can be used."


class ReferrerNotPermitted(VoucherRefused):
    key = "referrer_not_permitted_to_redeem"
    message = "referrer is not permitted to redeem"
    hint = "Customers cannot redeem their own referral code."


class VoucherNotActive(VoucherRefused):
    key = "voucher_not_active"
    message = "voucher is not active yet"

    def __init__(self, voucher: Voucher, starts: datetime) -> None:
        super().__init__(voucher, f"The voucher can be used from {_minute(starts)}.")


class VoucherExpired(VoucherRefused):
    key = "voucher_expired"
    message = "voucher expired"

    def __init__(self, voucher: Voucher, ended: datetime) -> None:
        super().__init__(voucher, f"The voucher expired on {_minute(ended)}.")


class QuantityExceeded(VoucherRefused):
    key = "quantity_exceeded"
    message = "quantity exceeded"

    def __init__(self, voucher: Voucher, limit: int) -> None:
        times = "once, which is as often as" if limit == 1 else f"{limit:,} times, which is as often as"
        super().__init__(voucher, f"The voucher has been used {times} it may be.")


class GiftAmountExceeded(VoucherRefused):
    key = "gift_amount_exceeded"
    message = "gift amount exceeded"

    def __init__(self, voucher: Voucher, *, balance: Decimal, asked: Decimal | None) -> None:
        requested = "" if asked is None else f"; {asked:,.2f} was requested"
        super().__init__(voucher, f"The gift voucher's balance is {balance:,.2f}{requested}.")


class MissingAmount(RedemptionRefused):
    key = "missing_amount"
    message = "Missing amount"


class NoGiftVoucher(RedemptionRefused):
    key = "invalid_gift"
    message = "Invalid gift"


class BalanceTooHigh(RedemptionRefused):
    key = "invalid_amount"
    message = "Invalid amount"


class WorthlessVoucher(RedemptionRefused):
    """A code of the pool would hold nothing, and nobody is given such a one."""

    key = "invalid_amount"
    message = "Invalid amount"


class SameVoucherTwice(RedemptionRefused):
    key = "invalid_payload"
    message = "Invalid payload"


class InvalidOrder(RedemptionRefused):
    """Too large, too deep, or holding what the database cannot store."""

    key = "invalid_payload"
    message = "Invalid payload"


class AlreadyRolledBack(RedemptionRefused):
    key = "already_rolled_back"
    message = "Already rolled back"
    is_attempt = True
    failure_type = "redemption_rollback"


class PartOfStack(RedemptionRefused):
    key = "invalid_redemption_parent"
    message = "Invalid redemption parent"


class NothingToRollBack(RedemptionRefused):
    key = "invalid_rollback_params"
    message = "Invalid rollback params"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
