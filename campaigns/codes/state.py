"""Why a code cannot be redeemed, as far as it and its campaign tell; and what lists call it. In Python and SQL side by side.

The verdict (publications/redemptions/verdict.py) adds what hangs on who redeems it and for how much. The statement that
redeems, every page, list, filter, file and answer read these rules: none calls good what another calls expired
(docs/design.md, "The verdict on a code"). Dates and limits that the code does not have itself are its campaign's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import CharField, Q, TextChoices
from django.utils import timezone

from campaigns.codes.balance import IS_SPENT, IS_USED_UP, LARGEST
from campaigns.codes.models import Voucher
from campaigns.codes.of_voucher import OfVoucher


class Reason(TextChoices):
    """Why a code cannot be redeemed, in the order in which they are told: the first that holds."""

    UNKNOWN = "unknown", "Does not exist"
    DELETED = "deleted", "Deleted"
    CAMPAIGN_DELETED = "campaign_deleted", "Campaign deleted"
    NOT_PUBLISHED = "not_published", "Not published"  # and its campaign takes only codes that were
    DISABLED = "disabled", "Disabled"
    CAMPAIGN_DISABLED = "campaign_disabled", "Campaign disabled"
    NOT_STARTED = "scheduled", "Not started"
    EXPIRED = "expired", "Expired"
    USED_UP = "used_up", "Used up"
    BALANCE_TOO_LOW = "balance_too_low", "Balance too low"
    NOT_HOLDER = "not_holder", "Held by someone else"
    OWN_REFERRAL = "own_referral", "Own referral code"


class CodeState(TextChoices):
    """What lists and files call a code: why it cannot be redeemed, or that it can; of one that nobody holds, where it is."""

    POOL = "pool", "In pool"
    REDEEMABLE = "redeemable", "Redeemable"
    NOT_STARTED = Reason.NOT_STARTED.value, Reason.NOT_STARTED.label
    USED_UP = Reason.USED_UP.value, Reason.USED_UP.label
    EXPIRED = Reason.EXPIRED.value, Reason.EXPIRED.label
    DISABLED = Reason.DISABLED.value, Reason.DISABLED.label
    CAMPAIGN_DISABLED = Reason.CAMPAIGN_DISABLED.value, Reason.CAMPAIGN_DISABLED.label
    CAMPAIGN_DELETED = Reason.CAMPAIGN_DELETED.value, Reason.CAMPAIGN_DELETED.label
    USED = Voucher.Withdrawn.USED.value, Voucher.Withdrawn.USED.label
    RETIRED = Voucher.Withdrawn.RETIRED.value, Voucher.Withdrawn.RETIRED.label
    HELD_BACK = Voucher.Withdrawn.HELD_BACK.value, Voucher.Withdrawn.HELD_BACK.label
    DELETED = Reason.DELETED.value, Reason.DELETED.label


class Rule(NamedTuple):
    reason: Reason
    holds: Callable[[Voucher, datetime], bool]  # of a voucher with its campaign, at a moment
    sql: str  # the same of a voucher `v`, its campaign `c` joined, now


def starts(voucher: Voucher) -> datetime | None:
    return voucher.start_date or (voucher.campaign.start_date if voucher.campaign else None)


def ends(voucher: Voucher) -> datetime | None:
    return voucher.expiration_date or (voucher.campaign.expiration_date if voucher.campaign else None)


def redemption_limit(voucher: Voucher) -> int | None:
    if voucher.redemption_limit is None and voucher.campaign:
        return voucher.campaign.redemption_limit
    return voucher.redemption_limit


def gift_amount(voucher: Voucher) -> Decimal | None:
    """A gift voucher's own amount or its campaign's; None of another voucher."""
    if voucher.type != Voucher.Type.GIFT:
        return None
    if voucher.gift_amount is None and voucher.campaign:
        return voucher.campaign.gift_amount
    return voucher.gift_amount


def balance(voucher: Voucher) -> Decimal | None:
    amount = gift_amount(voucher)
    return None if amount is None else max(amount - voucher.redeemed_amount, Decimal(0))


def is_used_up(voucher: Voucher) -> bool:
    limit = redemption_limit(voucher)
    return balance(voucher) == 0 or voucher.redeemed_quantity >= (LARGEST if limit is None else limit)


RULES = [
    Rule(Reason.DELETED, lambda voucher, at: voucher.deleted_at is not None, "v.deleted_at IS NOT NULL"),
    Rule(
        Reason.CAMPAIGN_DELETED,
        lambda voucher, at: voucher.campaign is not None and voucher.campaign.deleted_at is not None,
        "c.deleted_at IS NOT NULL",
    ),
    Rule(
        Reason.NOT_PUBLISHED,
        lambda voucher, at: (
            voucher.published_at is None and voucher.campaign is not None and voucher.campaign.only_published
        ),
        "v.published_at IS NULL AND c.only_published",
    ),
    Rule(Reason.DISABLED, lambda voucher, at: not voucher.active, "NOT v.active"),
    Rule(
        Reason.CAMPAIGN_DISABLED,
        lambda voucher, at: voucher.campaign is not None and not voucher.campaign.active,
        "NOT c.active",
    ),
    Rule(
        Reason.NOT_STARTED,
        lambda voucher, at: (start := starts(voucher)) is not None and start > at,
        "coalesce(v.start_date, c.start_date) > now()",
    ),
    Rule(
        Reason.EXPIRED,
        lambda voucher, at: (end := ends(voucher)) is not None and end <= at,
        "coalesce(v.expiration_date, c.expiration_date) <= now()",
    ),
    Rule(Reason.USED_UP, lambda voucher, at: is_used_up(voucher), f"({IS_USED_UP}) OR ({IS_SPENT})"),
]
# What is told of an unpublished code besides where it is: its dates and limit count once somebody has it.
TOLD_UNPUBLISHED = {
    Reason.DELETED, Reason.CAMPAIGN_DELETED, Reason.DISABLED, Reason.CAMPAIGN_DISABLED, Reason.EXPIRED,
}  # fmt: skip


def first_that_holds(rules: Iterable[Rule]) -> str:
    """SQL for the reason, or null; further WHENs can follow."""
    return " ".join(f"WHEN {rule.sql} THEN '{rule.reason.value}'" for rule in rules)


def _told(rule: Rule) -> Rule:
    """The rule as far as it says what lists call the code."""
    return (
        rule if rule.reason in TOLD_UNPUBLISHED else rule._replace(sql=f"v.published_at IS NOT NULL AND ({rule.sql})")
    )


STATE = f"""CASE {first_that_holds(RULES[:2])}
     WHEN v.published_at IS NULL AND v.withdrawn_at IS NOT NULL THEN v.withdrawn_why
     {first_that_holds(map(_told, RULES[2:]))}
     WHEN v.published_at IS NOT NULL THEN '{CodeState.REDEEMABLE.value}' ELSE '{CodeState.POOL.value}' END"""
IN_WORDS = " ".join(f"WHEN '{state.value}' THEN '{state.label}'" for state in CodeState)

# Columns of a query over vouchers: the state of each, and the same in words, for files.
CODE_STATE = OfVoucher(STATE, output_field=CharField())
CODE_STATE_IN_WORDS = OfVoucher(f"CASE {STATE} {IN_WORDS} END", output_field=CharField())
# Where an index finds the few of a state among millions.
INDEXED = {CodeState.DISABLED: Q(active=False)} | {
    CodeState(why.value): Q(withdrawn_at__isnull=False, withdrawn_why=why) for why in Voucher.Withdrawn
}


def why_refused(voucher: Voucher, at: datetime, rules: Sequence[Rule] = RULES) -> Reason | None:
    """For a voucher read with its campaign: the first rule that applies at that moment."""
    return next((rule.reason for rule in rules if rule.holds(voucher, at)), None)


def state_of_code(voucher: Voucher) -> CodeState:
    """For a voucher read with its campaign: its state now."""
    now, rules = timezone.now(), RULES
    if voucher.published_at is None:
        if voucher.withdrawn_why and why_refused(voucher, now, rules[:2]) is None:
            return CodeState(voucher.withdrawn_why)
        rules = [rule for rule in RULES if rule.reason in TOLD_UNPUBLISHED]
    refused = why_refused(voucher, now, rules)
    return CodeState(refused or (CodeState.REDEEMABLE if voucher.published_at else CodeState.POOL))
