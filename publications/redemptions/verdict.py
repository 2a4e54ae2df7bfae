"""The verdict on a code: whether it can be redeemed, and if not, why. Every door asks here.

What hangs on the code and its campaign alone are the rules of campaigns/codes/state.py; here come those that hang on who
redeems it and for how much. The statement that redeems (actions/use_codes.py) asks the same SQL under the code's lock, so
a verdict is what a redemption would say if it came now.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import CharField
from django.utils import timezone

from campaigns.codes.balance import BALANCE, LARGEST
from campaigns.codes.models import Voucher
from campaigns.codes.of_voucher import OfVoucher
from campaigns.codes.state import (
    RULES,
    Reason,
    balance,
    ends,
    first_that_holds,
    redemption_limit,
    starts,
    why_refused,
)
from campaigns.models import Campaign
from customers.models import Customer
from publications.models import PublishedVoucher
from publications.queries.holder import HOLDER_SQL, of_holder
from publications.redemptions import refusals

OnlyHolder = Campaign.OnlyHolder


class Attempt(NamedTuple):
    """A redemption as it would be tried: for this customer (None: none is named), taking this amount from a gift
    voucher's balance (None: not said)."""

    customer: Customer | None = None
    amount: Decimal | None = None


class Verdict(NamedTuple):
    """`reason` is None where the code can be redeemed. The other facts are those that held at that moment."""

    voucher: Voucher | None  # None: there is no such code, or the reader must not learn of it
    code: str  # as it was asked for
    reason: Reason | None
    starts: datetime | None = None
    ends: datetime | None = None
    uses: int = 0
    limit: int | None = None  # None: without
    balance: Decimal | None = None  # None: no gift voucher
    amount: Decimal | None = None  # what was asked of the balance

    @property
    def redeemable(self) -> bool:
        return self.reason is None

    @property
    def refused(self) -> refusals.VoucherRefused | None:
        """The same as an exception, with the API's key and words; None where the code can be redeemed."""
        if self.reason is None:
            return None
        if self.voucher is None:
            return refusals.VoucherGone(self.code)
        if plain := PLAIN.get(self.reason):
            return plain(self.voucher)
        match self.reason:
            case Reason.NOT_STARTED if self.starts:
                return refusals.VoucherNotActive(self.voucher, self.starts)
            case Reason.EXPIRED if self.ends:
                return refusals.VoucherExpired(self.voucher, self.ends)
            case Reason.USED_UP if self.balance is None or self.uses >= (self.limit or LARGEST):
                return refusals.QuantityExceeded(self.voucher, self.limit or self.uses)
            case Reason.USED_UP | Reason.BALANCE_TOO_LOW if self.balance is not None:
                return refusals.GiftAmountExceeded(self.voucher, balance=self.balance, asked=self.amount)
        raise AssertionError(self)


PLAIN: dict[Reason, Callable[[Voucher], refusals.VoucherRefused]] = {
    Reason.DELETED: refusals.VoucherGone,
    Reason.CAMPAIGN_DELETED: refusals.VoucherGone,
    Reason.NOT_PUBLISHED: refusals.VoucherNotPublished,
    Reason.DISABLED: refusals.VoucherDisabled,
    Reason.CAMPAIGN_DISABLED: refusals.CampaignDisabled,
    Reason.NOT_HOLDER: refusals.NotHolder,
    Reason.OWN_REFERRAL: refusals.ReferrerNotPermitted,
}

# Whether the redeeming customer is who the code was published to; whether somebody else is. Who holds a code of a hand-out
# is not known until it is settled: nobody is refused for it.
_HELD = f"""EXISTS (SELECT FROM publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
                    WHERE l.voucher_id = v.id AND l.released_at IS NULL AND {HOLDER_SQL} {{}})"""


def refused_sql(*, customer: str, amount: str) -> str:
    """The whole verdict in SQL, of a voucher `v` with its campaign `c`: the word of a Reason, or null.

    `customer` and `amount` are SQL, of a bigint and a numeric: the Attempt's, null where it does not say.
    """
    holds_it, others_hold_it = _HELD.format(f"= {customer}"), _HELD.format(f"<> coalesce({customer}, 0)")
    return f"""CASE {first_that_holds(RULES)}
                WHEN v.type = 'GIFT_VOUCHER' AND {amount} > {BALANCE} THEN '{Reason.BALANCE_TOO_LOW.value}'
                WHEN c.only_holder = 'refuse' AND c.kind <> 'REFERRAL_PROGRAM' AND {others_hold_it} THEN '{Reason.NOT_HOLDER.value}'
                WHEN c.kind = 'REFERRAL_PROGRAM' AND {holds_it} THEN '{Reason.OWN_REFERRAL.value}' END"""


def refused_column(attempt: Attempt, *, prefix: str = "") -> OfVoucher:
    """The same as a column of a queryset; `prefix` is the way from its rows to the voucher: "" or "voucher__"."""
    customer = f"{attempt.customer.pk:d}::bigint" if attempt.customer else "NULL::bigint"
    amount = "NULL::numeric" if attempt.amount is None else f"{attempt.amount:f}::numeric"
    return OfVoucher(refused_sql(customer=customer, amount=amount), output_field=CharField(), prefix=prefix)


def verdict(
    voucher: Voucher | None,
    attempt: Attempt | None = None,
    *,
    code: str = "",
    at: datetime | None = None,
    sees_unpublished: bool = True,
) -> Verdict:
    """Whether the code can be redeemed, at that moment (None: now), and if not, the first reason that holds.

    `voucher` is as it was read, with its campaign; None where none was found by `code`. Without an `attempt` it is asked
    of the code alone: that it is someone else's, or that its balance is too low, is never the answer. With
    `sees_unpublished=False` (keys below `all`, Till, Viewer) an unpublished code is answered like one that does not exist.
    Nothing is written.
    """
    if voucher is None or (voucher.published_at is None and not sees_unpublished):
        return Verdict(None, code or (voucher.code if voucher else ""), Reason.UNKNOWN)
    reason = why_refused(voucher, at or timezone.now())
    if reason is None and attempt is not None:
        reason = _why_not_so(voucher, attempt)
    return Verdict(
        voucher,
        code or voucher.code,
        reason,
        starts(voucher),
        ends(voucher),
        voucher.redeemed_quantity,
        redemption_limit(voucher),
        balance(voucher),
        attempt.amount if attempt else None,
    )


def _why_not_so(voucher: Voucher, attempt: Attempt) -> Reason | None:
    """What stands in the way of this attempt at a code that could be redeemed. A query only where the holder matters."""
    campaign, left = voucher.campaign, balance(voucher)
    if left is not None and attempt.amount is not None and attempt.amount > left:
        return Reason.BALANCE_TOO_LOW
    if campaign is None:
        return None
    referral, refuses = campaign.kind == Campaign.Kind.REFERRAL_PROGRAM, campaign.only_holder == OnlyHolder.REFUSE
    if not referral and not refuses:
        return None
    live = PublishedVoucher.objects.filter(voucher=voucher, released_at=None)
    holder = live.values_list(of_holder(), flat=True).first()
    is_holder = attempt.customer is not None and attempt.customer.pk == holder
    if referral:
        return Reason.OWN_REFERRAL if is_holder else None
    return Reason.NOT_HOLDER if holder and not is_holder else None
