"""How far codes have come, by SQL from the rows themselves: what the tallies are sums of."""

from __future__ import annotations

from publications.funnel.durations import bucket_sql
from publications.funnel.models import NO_DISTRIBUTION, OF_EVERYTHING, STANDALONE, Step

CELL = "campaign_id, week, channel, distribution_id"
STATE = "live, delivered, delivered_after, redeemed, redeemed_after, amount"

# An order with several codes is shared equally among them, to the hundredth: it counts once, however codes are grouped.
# (10^18: amounts are checked where they come in; a row that was not would stop the counting of all.)
PARTS = "redemptions_redemption part WHERE part.stack_id = r.stack_id AND part.kind = 'redemption'"
SHARE = f"""(
    SELECT div(of_order.amount, of_order.codes) + CASE WHEN of_order.place <= mod(of_order.amount, of_order.codes) THEN 1 ELSE 0 END
      FROM (SELECT least(floor((sent.content ->> 'amount')::numeric), 1e18) AS amount,
                   CASE WHEN r.stack_id IS NULL THEN 1 ELSE (SELECT count(*) FROM {PARTS}) END AS codes,
                   CASE WHEN r.stack_id IS NULL THEN 1 ELSE (SELECT count(*) FROM {PARTS} AND part.id <= r.id) END AS place
              FROM (SELECT CASE WHEN r.stack_id IS NULL THEN r.order ELSE (
                        SELECT head.order FROM redemptions_redemption head WHERE head.id = r.stack_id) END AS content) AS sent
             WHERE jsonb_typeof(sent.content -> 'amount') = 'number') AS of_order
     WHERE of_order.amount > 0)"""  # noqa: S608 - our own constants
# Uses that stand: what was rolled back is none.
USES = f"""
SELECT min(r.created_at) FILTER (WHERE r.created_at >= p.created_at) AS first_at, coalesce(sum({SHARE}), 0) AS amount
  FROM redemptions_redemption r
 WHERE v.redeemed_quantity > 0 AND r.voucher_id = v.id AND r.kind = 'redemption' AND r.result = 'SUCCESS'
   AND NOT EXISTS (SELECT FROM redemptions_redemption b
                    WHERE b.undoes_id = r.id AND b.kind = 'rollback' AND b.result = 'SUCCESS')"""  # noqa: S608


def states(rows: str) -> str:
    """SQL of each code's cell and state. `rows` is SQL of the rows of the ledger, called `l`; `%(zone)s` is asked for."""
    return f"""
SELECT l.id AS ledger_id, coalesce(p.campaign_id, {STANDALONE}) AS campaign_id,
       date_trunc('week', p.created_at AT TIME ZONE %(zone)s::text)::date AS week, p.channel,
       coalesce(x.id, {NO_DISTRIBUTION}) AS distribution_id, coalesce(x.message <> 'none', false) AS message,
       l.released_at IS NULL AS live,
       coalesce(d.state = 'sent', false) AS delivered,
       CASE WHEN d.state = 'sent' THEN {bucket_sql("(d.state_at - p.created_at)")} END AS delivered_after,
       v.redeemed_quantity > 0 AS redeemed,
       CASE WHEN v.redeemed_quantity > 0 THEN {bucket_sql("(uses.first_at - p.created_at)")} END AS redeemed_after,
       uses.amount
  FROM {rows}
  JOIN publications_publication p ON p.id = l.publication_id
  JOIN codes_voucher v ON v.id = l.voucher_id
  LEFT JOIN distributions_distribution x ON x.id = p.actor_id AND p.actor_kind = 'run'
  LEFT JOIN distributions_delivery d ON d.publication_id = p.id
 CROSS JOIN LATERAL ({USES}) AS uses"""  # noqa: S608


def scoped(columns: str, rows: str) -> str:
    """SQL: the rows with a cell once more, in the cell of everything. `columns` are those beside the cell."""
    return f"""
SELECT scope.campaign_id, week, channel, scope.distribution_id, {columns}
  FROM {rows}
 CROSS JOIN LATERAL (VALUES (campaign_id, distribution_id), ({OF_EVERYTHING}::bigint, {NO_DISTRIBUTION}::bigint)) AS scope (campaign_id, distribution_id)"""  # noqa: S608


def sums(rows: str) -> str:
    """SQL of the tallies of these rows: a cell, a state, `message`, and `sign`, by which a row is added or taken away."""
    return f"""
SELECT {CELL}, sum(sign)::bigint AS published, coalesce(sum(sign) FILTER (WHERE message), 0)::bigint AS messages,
       coalesce(sum(sign) FILTER (WHERE delivered), 0)::bigint AS delivered,
       coalesce(sum(sign) FILTER (WHERE redeemed), 0)::bigint AS redeemed, sum(sign * amount) AS amount
  FROM ({scoped("sign, message, delivered, redeemed, amount", rows)} WHERE live) AS counted
 GROUP BY {CELL}"""  # noqa: S608


def times(rows: str) -> str:
    """The same of the times that the steps took."""
    return f"""
SELECT {CELL}, step, bucket, sum(sign)::bigint AS codes
  FROM ({scoped("sign, step, bucket", rows)}
         CROSS JOIN LATERAL (VALUES ({Step.DELIVERED.value}::smallint, delivered_after), ({Step.REDEEMED.value}::smallint, redeemed_after)) AS took (step, bucket)
         WHERE live AND bucket IS NOT NULL) AS counted
 GROUP BY {CELL}, step, bucket"""  # noqa: S608
