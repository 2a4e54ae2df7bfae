"""Keeps as many unpublished codes ready as an AUTO_UPDATE campaign asks for. The default is none."""

from __future__ import annotations

from django.db import connection

from campaigns.codes.actions.extend_pool import order_codes
from campaigns.codes.code_space import CodeSpaceTooSmall
from campaigns.codes.models import CodeOrder
from campaigns.codes.pool import BEYOND_ALL, IN_POOL
from campaigns.models import Campaign
from config.actor import SYSTEM

LARGEST_RESERVE = 100_000

# Whoever lacks codes, has no order on its way, and had none fail or be stopped within the hour: a full code space is not tried
# again every minute. The pool is counted no further than the largest reserve, without what is reserved for distributions.
LACKING = f"""
SELECT c.id, c.reserve - pool.size AS missing
  FROM campaigns_campaign c, LATERAL (
       SELECT count(*) AS size FROM (
           SELECT FROM codes_voucher v
            WHERE v.campaign_id = c.id AND {IN_POOL} AND v.id + 0 < coalesce(c.reserved_from, {BEYOND_ALL})
            LIMIT %(largest)s) AS counted) AS pool
 WHERE c.auto_update AND c.reserve > pool.size AND c.active AND c.deleted_at IS NULL
   AND (c.expiration_date IS NULL OR c.expiration_date > now())
   AND NOT EXISTS (SELECT FROM codes_codeorder o
                    WHERE o.campaign_id = c.id
                      AND (o.status IN ('queued', 'running')
                           OR o.status IN ('failed', 'stopped') AND o.finished_at > now() - interval '1 hour'
                              AND o.finished_at < now() + interval '1 minute'))
"""  # noqa: S608 - our own constant


def keep_reserves() -> list[CodeOrder]:
    """Orders the missing codes. A campaign whose code space is full is left alone: its publishers get the error."""
    with connection.cursor() as cursor:
        cursor.execute(LACKING, {"largest": LARGEST_RESERVE})
        lacking = cursor.fetchall()
    campaigns = Campaign.objects.in_bulk([key for key, _ in lacking])
    orders = []
    for key, missing in lacking:
        try:
            orders.append(order_codes(campaigns[key], count=missing, by=SYSTEM))
        except CodeSpaceTooSmall:
            continue
    return orders
