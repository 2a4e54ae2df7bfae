"""Counts referrals: a code that one customer holds was redeemed by another.

Each redemption of a referral program's code is noted in the outbox (redemptions/use_codes.py); here it becomes a
referral, and that is noted in turn for the rules that reward it. Both in the transaction that takes the event off the
outbox, so whatever is killed: once.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from config.events.event import Event
from config.events.kinds import REFERRAL_CONVERTED, VOUCHER_REDEEMED
from publications.queries.holder import HOLDER_SQL

# A program's row is locked, so that its referees are numbered one at a time. Who redeems twice, in whatever order
# the two arrive here, counts once; who was given the code themselves, or holds it since, does not count, nor does a
# use that was taken back before it arrived here.
LOCK = """
SELECT FROM campaigns_campaign WHERE kind = 'REFERRAL_PROGRAM' AND id IN (
    SELECT campaign_id FROM redemptions_redemption WHERE id = ANY(%s))
 ORDER BY id FOR NO KEY UPDATE
"""
CONVERT = f"""
WITH redeemed AS (
    SELECT DISTINCT ON (r.campaign_id, r.customer_id) r.id, r.campaign_id, r.customer_id, {HOLDER_SQL} AS referrer_id
      FROM redemptions_redemption r
      JOIN campaigns_campaign c ON c.id = r.campaign_id AND c.kind = 'REFERRAL_PROGRAM'
      JOIN publications_publishedvoucher l ON l.voucher_id = r.voucher_id AND l.released_at IS NULL
      JOIN publications_publication p ON p.id = l.publication_id
     WHERE r.id = ANY(%s) AND r.kind = 'redemption' AND r.result = 'SUCCESS'
       AND {HOLDER_SQL} IS NOT NULL AND r.customer_id <> {HOLDER_SQL}
       AND NOT EXISTS (SELECT FROM redemptions_redemption back
                        WHERE back.undoes_id = r.id AND back.kind = 'rollback' AND back.result = 'SUCCESS')
       AND NOT EXISTS (SELECT FROM redemptions_referral f
                        WHERE f.campaign_id = r.campaign_id AND f.referee_id = r.customer_id)
     ORDER BY r.campaign_id, r.customer_id, r.id
), made AS (
    INSERT INTO redemptions_referral (campaign_id, referrer_id, referee_id, redemption_id, number)
    SELECT redeemed.campaign_id, referrer_id, redeemed.customer_id, redeemed.id,
           (SELECT count(*) FROM redemptions_referral f
             WHERE f.campaign_id = redeemed.campaign_id AND f.referrer_id = redeemed.referrer_id)
           + row_number() OVER (PARTITION BY redeemed.campaign_id, referrer_id ORDER BY redeemed.id)
      FROM redeemed ORDER BY redeemed.id
    RETURNING id
)
INSERT INTO events_outbox (kind, object_key) SELECT '{REFERRAL_CONVERTED}', id FROM made ORDER BY id
"""  # noqa: S608 - our own constants


def convert(events: Sequence[Event]) -> int:
    """How many of the events were new referrals."""
    redemptions = [event.object_key for event in events if event.kind == VOUCHER_REDEEMED]
    if not redemptions:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [redemptions])
        if not cursor.rowcount:
            return 0
        cursor.execute(CONVERT, [redemptions])
        return cursor.rowcount
