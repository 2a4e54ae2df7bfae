"""Counts campaigns' codes and reached customers in the background. Pages use it for large campaigns (ADR 0021)."""

from __future__ import annotations

import time

from django.db import connection

from campaigns.codes.queries.count_codes import COUNTED, LARGE

SECONDS = 10  # that one run counts for; what is left over comes first in the next
# How long a count is good for: a minute, and twenty times what it took, so that counting never takes more than a
# twentieth of a processor. After an hour it is made anew though nothing was written: codes expire by themselves.
GOOD_FOR = "greatest(interval '1 minute', interval '20 seconds' * k.seconds)"

CODE_WRITES = """SELECT n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables
                  WHERE relid = 'codes_voucher'::regclass"""

DUE = f"""
SELECT c.id, c.pool_version, ({CODE_WRITES}) FROM campaigns_campaign c
  LEFT JOIN campaigns_campaigncount k ON k.campaign_id = c.id
 WHERE k.campaign_id IS NULL
    OR (k.rows <= {LARGE} AND k.pool_version <> c.pool_version)
    OR k.counted_at > now() + interval '1 minute'  -- by a clock that has been put right since
    OR (k.rows > {LARGE} AND k.counted_at < now() - {GOOD_FOR}
        AND (k.pool_version <> c.pool_version OR k.code_writes <> ({CODE_WRITES})
             OR k.counted_at < now() - interval '1 hour'))
 ORDER BY k.counted_at NULLS FIRST, c.id
"""  # noqa: S608 - our own constants

CODES = f"""
SELECT count(*) AS rows, {COUNTED} FROM codes_voucher v WHERE campaign_id = %(campaign)s"""  # noqa: S608

REACHED = """
SELECT count(DISTINCT customer_id) AS customers, coalesce(sum(voucher_count), 0) AS customer_codes
  FROM publications_publication
 WHERE campaign_id = %(campaign)s AND result = 'SUCCESS' AND voided_at IS NULL AND customer_id IS NOT NULL"""

KEEP = f"""
INSERT INTO campaigns_campaigncount (campaign_id, counted_at, seconds, pool_version, code_writes, rows, total, published,
                                     in_pool, redeemed, customers, customer_codes)
SELECT %(campaign)s, now(), extract(epoch FROM clock_timestamp() - statement_timestamp()), %(pool_version)s,
       %(code_writes)s, rows, total, published, in_pool, redeemed, customers, customer_codes
  FROM (SELECT * FROM ({CODES}) AS codes, ({REACHED}) AS reached OFFSET 0) AS counted
ON CONFLICT (campaign_id) DO UPDATE
   SET (counted_at, seconds, pool_version, code_writes, rows, total, published, in_pool, redeemed, customers, customer_codes)
     = (excluded.counted_at, excluded.seconds, excluded.pool_version, excluded.code_writes, excluded.rows, excluded.total,
        excluded.published, excluded.in_pool, excluded.redeemed, excluded.customers, excluded.customer_codes)
"""  # noqa: S608 - our own constants


def count_campaigns() -> int:
    """Counts campaigns whose count is missing or too old; returns how many. Can be interrupted and run again."""
    give_up = time.monotonic() + SECONDS
    with connection.cursor() as cursor:
        cursor.execute(DUE)
        due = cursor.fetchall()
        for counted, (campaign, pool_version, code_writes) in enumerate(due):
            if time.monotonic() > give_up:
                return counted
            cursor.execute(KEEP, {"campaign": campaign, "pool_version": pool_version, "code_writes": code_writes or 0})
    return len(due)
