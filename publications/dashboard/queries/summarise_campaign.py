"""Sums up what happened in a campaign: its codes, publications and redemptions of some days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

from django.db import connection
from django.db.models import Sum, Value
from django.db.models.functions import Coalesce

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.staff.models import AuditEntry
from publications.models import Publication
from publications.redemptions.models import Redemption, Referral

Span = tuple[datetime, datetime]

# What the orders came to for which a code was used, or given back. Several codes used for one order are a stack, whose
# own row holds the order: it counts once.
ORDERS = """
SELECT kind, sum(amount::numeric) FROM (
    SELECT DISTINCT ON (r.kind, coalesce(r.stack_id, r.id)) r.kind,
           coalesce(stack_undone.order, undone.order, stack.order, r.order) -> 'amount' AS amount
      FROM redemptions_redemption r
      LEFT JOIN redemptions_redemption stack ON stack.id = r.stack_id
      LEFT JOIN redemptions_redemption undone ON undone.id = r.undoes_id
      LEFT JOIN redemptions_redemption stack_undone ON stack_undone.id = undone.stack_id
     WHERE r.campaign_id = %s AND r.result = 'SUCCESS' AND r.created_at BETWEEN %s AND %s) AS orders
 WHERE jsonb_typeof(amount) = 'number'
 GROUP BY kind
"""


def summarise_campaign(campaign: Campaign, *, since: date | None = None, until: date | None = None) -> dict[str, int]:
    """{"publications": 3, "redemptions_failed": 0, …} of the days from `since` to `until`, both included, in UTC.

    Amounts are in hundredths. Failed attempts count as often as they were made, as long as they are kept. There is no
    pricing here: what a discount came to is not known, and 0.
    """
    span = (
        datetime.combine(since or date.min, time.min, UTC),
        datetime.combine(until or date.max, time.max, UTC),
    )
    made = Voucher.objects.filter(campaign=campaign, created_at__range=span)
    erased_or_hidden = AuditEntry.objects.filter(campaign_id=campaign.pk, action="code.deleted", created_at__range=span)
    summary = {
        "vouchers_created": made.count(),
        "vouchers_deleted": erased_or_hidden.count(),
        **_publications(campaign, span),
        **_redemptions(campaign, span),
    }
    if campaign.kind == Campaign.Kind.GIFT_VOUCHERS:
        worth = made.aggregate(worth=Sum(Coalesce("gift_amount", Value(campaign.gift_amount))))["worth"]
        return summary | {"created_vouchers_amount": _hundredths(worth)} | _amounts(campaign, span)
    summary |= {"discounted_amount": 0, "rolledback_discounted_amount": 0}
    if campaign.kind != Campaign.Kind.REFERRAL_PROGRAM:
        return summary
    return summary | {"referred_customers": Referral.objects.filter(campaign=campaign, created_at__range=span).count()}


def _publications(campaign: Campaign, span: Span) -> dict[str, int]:
    made = Publication.objects.filter(campaign=campaign, created_at__range=span).order_by()
    times = dict(made.values_list("result").annotate(times=Sum("attempts")))
    succeeded, failed = times.get("SUCCESS", 0), times.get("FAILURE", 0)
    return {
        "publications": succeeded + failed,
        "publications_succeeded": succeeded,
        "publications_failed": failed,
    }


def _redemptions(campaign: Campaign, span: Span) -> dict[str, int]:
    made = Redemption.objects.filter(campaign=campaign, created_at__range=span).order_by()
    times = {
        (kind, result): times
        for kind, result, times in made.values_list("kind", "result").annotate(times=Sum("attempts"))
    }
    summary = {"validations": 0, "validations_succeeded": 0, "validations_failed": 0}
    for kind, word in (("redemption", "redemptions"), ("rollback", "rollbacks")):
        succeeded, failed = times.get((kind, "SUCCESS"), 0), times.get((kind, "FAILURE"), 0)
        summary |= {word: succeeded + failed, f"{word}_succeeded": succeeded, f"{word}_failed": failed}
    with connection.cursor() as cursor:
        cursor.execute(ORDERS, [campaign.pk, *span])
        amounts = {kind: int(amount) for kind, amount in cursor.fetchall()}
    return summary | {
        "orders_amount": amounts.get("redemption", 0),
        "orders_rolledback_amount": amounts.get("rollback", 0),
    }


def _amounts(campaign: Campaign, span: Span) -> dict[str, int]:
    """What was taken from gift vouchers, and given back to them."""
    made = Redemption.objects.filter(campaign=campaign, created_at__range=span, result="SUCCESS").order_by()
    taken = dict(made.values_list("kind").annotate(taken=Sum("amount")))
    return {
        "amount_added": 0,
        "amount_deleted": 0,
        "amount_redeemed": _hundredths(taken.get("redemption")),
        "amount_rolledback": _hundredths(taken.get("rollback")),
        "amount_subtracted": 0,
    }


def _hundredths(amount: Decimal | None) -> int:
    return int((amount or 0) * 100)
