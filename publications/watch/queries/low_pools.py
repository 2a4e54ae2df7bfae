"""Which campaigns will soon have no code left."""

from __future__ import annotations

from typing import Any

from campaigns.codes.pool import IN_POOL
from campaigns.models import Campaign

NEWEST = 200  # campaigns that are looked at
FEW = 1_000  # codes left; with more, a pool is not low, however large it was
TENTH = 10
SHOWN = 6

# Of each pool at most FEW entries are counted; whether that is under a tenth, one step into the index tells.
# `id + 0`: only the pool's own index serves that order (ADR 0003); else a pool is looked for in the whole table.
STATEMENT = f"""
SELECT campaign.*, pool.codes_left
  FROM (SELECT * FROM campaigns_campaign
         WHERE deleted_at IS NULL AND active AND NOT auto_update AND NOT standalone
           AND (expiration_date IS NULL OR expiration_date > now())
         ORDER BY created_at DESC, id DESC LIMIT {NEWEST}) AS campaign
 CROSS JOIN LATERAL (
       SELECT count(*) AS codes_left
         FROM (SELECT FROM codes_voucher v
                WHERE v.campaign_id = campaign.id AND {IN_POOL}
                ORDER BY v.id + 0 LIMIT {FEW + 1}) AS few) AS pool
 WHERE pool.codes_left <= {FEW}
   AND EXISTS (SELECT FROM codes_voucher AS voucher WHERE voucher.campaign_id = campaign.id
                ORDER BY voucher.id DESC OFFSET pool.codes_left * {TENTH} LIMIT 1)
 ORDER BY pool.codes_left, campaign.id
 LIMIT {SHOWN}
"""  # noqa: S608 - made of the numbers above


def low_pools() -> list[Any]:
    """Live campaigns with a fixed pool of which less than a tenth is left, the emptiest first; each has `.codes_left`."""
    return list(Campaign.objects.raw(STATEMENT))
