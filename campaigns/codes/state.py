"""What can be said of a code in two words: the first rule that holds, in Python and in SQL side by side.

Every page, list, filter and file uses it, so that none calls good what another calls expired (docs/design.md, "States of a
code"). Dates and limits that the code does not have itself are its campaign's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Case, CharField, Q, TextChoices, Value, When
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from campaigns.codes.models import Voucher


class CodeState(TextChoices):
    POOL = "pool", "In pool"
    PUBLISHED = "published", "Published"
    NOT_STARTED = "scheduled", "Not started"
    USED_UP = "used_up", "Used up"
    EXPIRED = "expired", "Expired"
    DISABLED = "disabled", "Disabled"
    CAMPAIGN_DISABLED = "campaign_disabled", "Campaign disabled"
    CAMPAIGN_DELETED = "campaign_deleted", "Campaign deleted"
    USED = "used", "Used"
    RETIRED = "retired", "Retired"
    HELD_BACK = "held_back", "Held back"
    DELETED = "deleted", "Deleted"


class Rule(NamedTuple):
    state: CodeState
    holds: Callable[[Voucher, datetime], bool]  # of a voucher with its campaign, now
    where: Q


def starts(voucher: Voucher) -> datetime | None:
    return voucher.start_date or (voucher.campaign.start_date if voucher.campaign else None)


def ends(voucher: Voucher) -> datetime | None:
    return voucher.expiration_date or (voucher.campaign.expiration_date if voucher.campaign else None)


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
    limit = voucher.redemption_limit
    if limit is None and voucher.campaign:
        limit = voucher.campaign.redemption_limit
    return balance(voucher) == 0 or (limit is not None and voucher.redeemed_quantity >= limit)


def _withdrawn(why: Voucher.Withdrawn) -> Rule:
    return Rule(
        CodeState(why.value),
        lambda voucher, now: voucher.published_at is None and voucher.withdrawn_why == why,
        Q(published_at=None, withdrawn_why=why, withdrawn_at__isnull=False),
    )


RULES = [
    Rule(CodeState.DELETED, lambda voucher, now: voucher.deleted_at is not None, Q(deleted_at__isnull=False)),
    Rule(
        CodeState.CAMPAIGN_DELETED,
        lambda voucher, now: voucher.campaign is not None and voucher.campaign.deleted_at is not None,
        Q(campaign__deleted_at__isnull=False),
    ),
    *(_withdrawn(why) for why in Voucher.Withdrawn),
    Rule(CodeState.DISABLED, lambda voucher, now: not voucher.active, Q(active=False)),
    Rule(
        CodeState.EXPIRED,
        lambda voucher, now: (end := ends(voucher)) is not None and end <= now,
        Q(expiration_date__lte=Now()) | Q(expiration_date=None, campaign__expiration_date__lte=Now()),
    ),
    Rule(
        CodeState.CAMPAIGN_DISABLED,
        lambda voucher, now: voucher.campaign is not None and not voucher.campaign.active,
        Q(campaign__active=False),
    ),
    Rule(
        CodeState.USED_UP,
        lambda voucher, now: voucher.published_at is not None and is_used_up(voucher),
        Q(published_at__isnull=False)
        & (
            Q(redeemed_quantity__gte=Coalesce("redemption_limit", "campaign__redemption_limit"))
            | Q(type=Voucher.Type.GIFT, redeemed_amount__gte=Coalesce("gift_amount", "campaign__gift_amount"))
        ),
    ),
    Rule(
        CodeState.NOT_STARTED,
        lambda voucher, now: (
            voucher.published_at is not None and (start := starts(voucher)) is not None and start > now
        ),
        Q(published_at__isnull=False) & (Q(start_date__gt=Now()) | Q(start_date=None, campaign__start_date__gt=Now())),
    ),
    Rule(CodeState.PUBLISHED, lambda voucher, now: voucher.published_at is not None, Q(published_at__isnull=False)),
    Rule(CodeState.POOL, lambda voucher, now: True, Q(published_at=None)),
]

# The state as a column of a query over vouchers.
CODE_STATE = Case(
    *(When(rule.where, then=Value(rule.state.value)) for rule in RULES), output_field=CharField(max_length=20)
)
# The same in words, for files.
CODE_STATE_IN_WORDS = Case(
    *(When(rule.where, then=Value(rule.state.label)) for rule in RULES), output_field=CharField(max_length=20)
)
# Where an index finds the few of a state among millions.
INDEXED = {CodeState.DISABLED: Q(active=False)} | {
    CodeState(why.value): Q(withdrawn_at__isnull=False, withdrawn_why=why) for why in Voucher.Withdrawn
}


def state_of_code(voucher: Voucher) -> CodeState:
    """Of a voucher read with its campaign."""
    now = timezone.now()
    return next(rule.state for rule in RULES if rule.holds(voucher, now))
