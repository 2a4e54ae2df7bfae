"""Sums up what happened in a campaign: its codes, publications and redemptions of some days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from django.db import connection

from campaigns.models import Campaign

# There is no pricing here, so what a discount came to is not known.
COUNTS = """
WITH span AS (SELECT %(since)s::timestamptz AS since, %(until)s::timestamptz AS until),
codes AS (
    SELECT count(*) AS created, coalesce(sum(coalesce(gift_amount, %(gift)s::numeric)), 0) AS worth
      FROM campaigns_voucher, span WHERE campaign_id = %(campaign)s AND created_at BETWEEN since AND until),
deleted AS (
    SELECT count(*) AS codes FROM config_auditentry, span
     WHERE campaign_id = %(campaign)s AND action = 'code.deleted' AND created_at BETWEEN since AND until),
published AS (
    SELECT coalesce(sum(attempts) FILTER (WHERE result = 'SUCCESS'), 0) AS succeeded,
           coalesce(sum(attempts) FILTER (WHERE result = 'FAILURE'), 0) AS failed
      FROM publications_publication, span WHERE campaign_id = %(campaign)s AND created_at BETWEEN since AND until),
redeemed AS (
    SELECT r.kind, r.result, r.attempts, r.amount, r.stack_id, r.id,
           coalesce(made.order, r.order, stack.order) -> 'amount' AS ordered
      FROM span, publications_redemption r
      LEFT JOIN publications_redemption undone ON undone.id = r.undoes_id
      LEFT JOIN publications_redemption made ON made.id = coalesce(undone.stack_id, undone.id)
      LEFT JOIN publications_redemption stack ON stack.id = r.stack_id
     WHERE r.campaign_id = %(campaign)s AND r.created_at BETWEEN since AND until)
SELECT codes.created, codes.worth, deleted.codes, published.succeeded, published.failed,
       (SELECT jsonb_object_agg(kind || ' ' || result, times)
          FROM (SELECT kind, result, sum(attempts) AS times FROM redeemed GROUP BY kind, result) AS counted),
       (SELECT jsonb_object_agg(kind, taken) FROM (SELECT kind, sum(amount) AS taken
          FROM redeemed WHERE result = 'SUCCESS' AND amount IS NOT NULL GROUP BY kind) AS amounts),
       (SELECT jsonb_object_agg(kind, total) FROM (SELECT kind, sum(ordered::numeric) AS total
          FROM (SELECT DISTINCT ON (kind, coalesce(stack_id, id)) kind, ordered FROM redeemed
                 WHERE result = 'SUCCESS' AND jsonb_typeof(ordered) = 'number') AS orders GROUP BY kind) AS totals)
  FROM codes, deleted, published
"""


def summarise_campaign(campaign: Campaign, *, since: date | None = None, until: date | None = None) -> dict[str, int]:
    """{"publications": 3, "redemptions_failed": 0, …} of the days from `since` to `until`, both included, in UTC.

    Amounts are in hundredths. Failed attempts count as often as they were made, as long as they are kept.
    """
    first, last = since or date.min, until or date.max
    bounds = {
        "campaign": campaign.pk,
        "gift": campaign.gift_amount,
        "since": datetime.combine(first, time.min, UTC),
        "until": datetime.combine(last, time.max, UTC),
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, bounds)
        created, worth, deleted, published, refused, uses, amounts, orders = cursor.fetchone()
    uses, amounts, orders = uses or {}, amounts or {}, orders or {}
    redeemed, not_redeemed = uses.get("redemption SUCCESS", 0), uses.get("redemption FAILURE", 0)
    undone, not_undone = uses.get("rollback SUCCESS", 0), uses.get("rollback FAILURE", 0)
    summary = {
        "redemptions": redeemed + not_redeemed,
        "redemptions_succeeded": redeemed,
        "redemptions_failed": not_redeemed,
        "rollbacks": undone + not_undone,
        "rollbacks_succeeded": undone,
        "rollbacks_failed": not_undone,
        "validations": 0,
        "validations_succeeded": 0,
        "validations_failed": 0,
        "vouchers_created": created,
        "vouchers_deleted": deleted,
        "publications": published + refused,
        "publications_succeeded": published,
        "publications_failed": refused,
        "orders_amount": int(orders.get("redemption", 0)),
        "orders_rolledback_amount": int(orders.get("rollback", 0)),
    }
    return summary | _of_kind(campaign, worth, amounts)


def _of_kind(campaign: Campaign, worth: Any, amounts: dict[str, Any]) -> dict[str, int]:
    if campaign.kind == Campaign.Kind.GIFT_VOUCHERS:
        return {
            "created_vouchers_amount": int(worth * 100),
            "amount_added": 0,
            "amount_deleted": 0,
            "amount_redeemed": round(amounts.get("redemption", 0) * 100),
            "amount_rolledback": round(amounts.get("rollback", 0) * 100),
            "amount_subtracted": 0,
        }
    summary = {"discounted_amount": 0, "rolledback_discounted_amount": 0}
    return summary | ({"referred_customers": 0} if campaign.kind == Campaign.Kind.REFERRAL_PROGRAM else {})
