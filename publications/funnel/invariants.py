"""The invariant of the funnel, for publications/dashboard/verify.py."""

from __future__ import annotations

from publications.funnel.steps import CELL, STATE, states, sums, times

# What is still to be looked at again is as it was when it was counted; all else must be as its rows say.
TOLD = f"""
WITH progress AS MATERIALIZED (
    SELECT coalesce(max(time_zone), 'UTC') AS time_zone, coalesce(max(ledger_up_to), 0) AS ledger_up_to,
           coalesce(max(redemptions_up_to), 0) AS redemptions_up_to
      FROM funnel_funnelprogress
), l AS (
    SELECT * FROM publications_publishedvoucher WHERE id <= (SELECT ledger_up_to FROM progress)
), waits AS MATERIALIZED (
    SELECT l.id FROM funnel_funnelchange c JOIN l ON l.publication_id = c.publication_id AND l.id = coalesce(c.ledger_id, l.id)
     UNION
    SELECT l.id FROM redemptions_redemption r JOIN l ON l.voucher_id = r.voucher_id
     WHERE r.id > (SELECT redemptions_up_to FROM progress)
), seen AS MATERIALIZED ({states("l").replace("%(zone)s::text", "(SELECT time_zone FROM progress)")}
), told AS MATERIALIZED (
    SELECT {CELL}, message, {STATE}, 1 AS sign FROM seen WHERE ledger_id NOT IN (SELECT id FROM waits)
     UNION ALL
    SELECT {CELL}, message, coalesce(k.live, true), coalesce(k.delivered, false), k.delivered_after, coalesce(k.redeemed, false),
           k.redeemed_after, coalesce(k.amount, 0), 1
      FROM seen s LEFT JOIN funnel_funnelcode k USING (ledger_id) WHERE s.ledger_id IN (SELECT id FROM waits)
)
"""  # noqa: S608 - our own constants
NAMED = "'of the week of ' || week || ', ' || channel || ', campaign ' || campaign_id || ', distribution ' || distribution_id"
OFF = f"""
{TOLD}
SELECT {NAMED}
  FROM (SELECT * FROM ({sums("told")}) AS counted WHERE published <> 0) AS counted
  FULL JOIN (SELECT * FROM funnel_funneltally
              WHERE (published, messages, delivered, redeemed, amount) <> (0, 0, 0, 0, 0)) AS t USING ({CELL})
 WHERE (counted.published, counted.messages, counted.delivered, counted.redeemed, counted.amount)
       IS DISTINCT FROM (t.published, t.messages, t.delivered, t.redeemed, t.amount)
 UNION ALL
SELECT {NAMED} || ', step ' || step || ' after ' || bucket
  FROM ({times("told")}) AS counted
  FULL JOIN (SELECT * FROM funnel_funneltime WHERE codes <> 0) AS t USING ({CELL}, step, bucket)
 WHERE counted.codes IS DISTINCT FROM t.codes
"""  # noqa: S608 - our own constants

WHAT_MUST_HOLD = [
    (
        "the funnel agrees with the codes that it counts",
        "tally",
        "SELECT count(*) FROM funnel_funneltally",
        OFF,
    ),
]
