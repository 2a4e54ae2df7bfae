"""Notes that published codes have expired which could still have been used, for whoever listens.

    by their own date      walked in the order of that date, by an index: the mark is (date, code)
    by their campaign's    each campaign that has ended since is walked once, by its codes

A mark moves in the transaction that notes the events, so each is noted once, whatever is killed. An expiry that is moved and
passes again is told again; one that is set to a moment long past is not. While nobody listens there is no mark, and nothing is
looked at but the list of listeners.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from campaigns.codes.balance import IS_SPENT, IS_USED_UP
from campaigns.codes.models import ExpiryWalk
from config.events.kinds import VOUCHER_EXPIRED
from config.events.note import listened_to

BATCH = 1_000  # codes that are looked at in one transaction
MOST_BATCHES = 20  # in one go; the next is seconds away

# What is written with a date that has just passed may be committed after the look at it.
PASSED = "now() - interval '10 seconds'"
BEGIN = f"""
INSERT INTO codes_expirywalk (of, at) SELECT 0, {PASSED} WHERE {listened_to(VOUCHER_EXPIRED)} ON CONFLICT DO NOTHING
"""
END = f"DELETE FROM codes_expirywalk WHERE NOT {listened_to(VOUCHER_EXPIRED)}"  # noqa: S608

# Of one that has a row already the end was moved, and has passed again.
CAMPAIGNS = f"""
INSERT INTO codes_expirywalk (of, at)
SELECT c.id, c.expiration_date FROM campaigns_campaign c JOIN codes_expirywalk since ON since.of = 0
 WHERE c.expiration_date > %s AND c.expiration_date <= {PASSED} AND c.deleted_at IS NULL
ON CONFLICT (of) DO UPDATE SET at = EXCLUDED.at, up_to = 0, is_over = false WHERE codes_expirywalk.at < EXCLUDED.at
"""  # noqa: S608

NOTE = f"""
INSERT INTO events_outbox (kind, object_key)
SELECT '{VOUCHER_EXPIRED}', v.id FROM batch b JOIN codes_voucher v ON v.id = b.id
  LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
 WHERE v.published_at IS NOT NULL AND v.deleted_at IS NULL AND NOT ({IS_USED_UP}) AND NOT ({IS_SPENT})
"""  # noqa: S608
OWN = f"""
WITH batch AS MATERIALIZED (
    SELECT id, expiration_date FROM codes_voucher
     WHERE expiration_date IS NOT NULL AND (expiration_date, id) > (%(at)s, %(up_to)s) AND expiration_date <= {PASSED}
     ORDER BY expiration_date, id LIMIT {BATCH}
), noted AS ({NOTE} ORDER BY v.id)
SELECT (SELECT count(*) FROM batch), expiration_date, id FROM batch ORDER BY expiration_date DESC, id DESC LIMIT 1
"""  # noqa: S608
CAMPAIGNS_OWN = f"""
WITH batch AS MATERIALIZED (
    SELECT id FROM codes_voucher WHERE campaign_id = %(of)s AND id > %(up_to)s ORDER BY id LIMIT {BATCH}
), noted AS ({NOTE} AND v.expiration_date IS NULL ORDER BY v.id)
SELECT count(*), max(id) FROM batch
"""  # noqa: S608


def note_expired() -> None:
    """May run anywhere, any number of times at once: two take turns."""
    with connection.cursor() as cursor:
        cursor.execute(END)
        cursor.execute(BEGIN)
    for _ in range(MOST_BATCHES):
        with transaction.atomic(), connection.cursor() as cursor:
            walk = ExpiryWalk.objects.select_for_update().filter(of=0).first()
            if walk is None:
                return
            more = _own(cursor, walk) or _campaigns(cursor)
        if not more:
            return


def _own(cursor: CursorWrapper, walk: ExpiryWalk) -> bool:
    """Whether there was any. Campaigns that have ended since are found by the mark as it was."""
    cursor.execute(CAMPAIGNS, [walk.at])
    cursor.execute(OWN, {"at": walk.at, "up_to": walk.up_to})
    if row := cursor.fetchone():
        _, walk.at, walk.up_to = row
        walk.save(update_fields=["at", "up_to"])
    return row is not None


def _campaigns(cursor: CursorWrapper) -> bool:
    walk = ExpiryWalk.objects.exclude(of=0).filter(is_over=False).order_by("of").first()
    if walk is None:
        return False
    cursor.execute(CAMPAIGNS_OWN, {"of": walk.of, "up_to": walk.up_to})
    count, last = cursor.fetchone()
    walk.up_to, walk.is_over = last or walk.up_to, count < BATCH
    walk.save(update_fields=["up_to", "is_over"])
    return True
