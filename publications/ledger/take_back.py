"""Takes codes back from the publications that hold them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from campaigns.codes.balance import EVER_USED
from config.events.kinds import VOUCHER_RELEASED, VOUCHER_RETIRED
from config.events.note import noting
from publications.tallies.count_more_codes import count_released

# The publications first: two releases of one publication must not both see the other's code as live. Then the codes, so
# that a use which is just being counted is seen by the statements below.
LOCK_PUBLICATIONS = "SELECT FROM publications_publication WHERE id = ANY(%(publications)s) ORDER BY id FOR UPDATE"
LIVE = """publication_id = ANY(%(publications)s) AND released_at IS NULL
      AND (%(vouchers)s::bigint[] IS NULL OR voucher_id = ANY(%(vouchers)s))"""
LOCK_VOUCHERS = f"""
SELECT FROM codes_voucher WHERE id IN (SELECT voucher_id FROM publications_publishedvoucher WHERE {LIVE})
 ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - our own constant
RELEASE = f"""
WITH released AS (
UPDATE publications_publishedvoucher
   SET released_at = statement_timestamp(), released_by = %(released_by)s, reason = %(reason)s
 WHERE {LIVE} RETURNING id
), noted AS (
    {noting(VOUCHER_RELEASED, of="released")}
)
SELECT id FROM released
"""  # noqa: S608 - our own constants

# The code's own expiration is back where the publication had given it another; but what somebody has set since stays.
TAKE_OFF = f"""
WITH taken AS (
UPDATE codes_voucher v
   SET published_at = NULL, updated_at = now(),
       withdrawn_at = CASE WHEN %(back_to_pool)s AND NOT {EVER_USED} THEN NULL ELSE coalesce(v.withdrawn_at, now()) END,
       withdrawn_why = CASE WHEN {EVER_USED} THEN 'used' WHEN NOT %(back_to_pool)s THEN 'retired' END,
       expiration_date = CASE WHEN v.expiration_date = l.expiration_given THEN l.expiration_before
                              ELSE v.expiration_date END
  FROM publications_publishedvoucher l
 WHERE l.id = ANY(%(released)s) AND v.id = l.voucher_id
RETURNING v.id, v.withdrawn_why
), retired AS (
    SELECT id FROM taken WHERE withdrawn_why = 'retired'
)
{noting(VOUCHER_RETIRED, of="retired")}
"""  # noqa: S608 - our own constants
VOID = """
UPDATE publications_publication p SET voided_at = statement_timestamp()
 WHERE p.id = ANY(%(publications)s) AND p.voided_at IS NULL AND p.result = 'SUCCESS'
   AND NOT EXISTS (SELECT FROM publications_publishedvoucher l WHERE l.publication_id = p.id AND l.released_at IS NULL)
"""


def take_back(
    publications: Sequence[int],
    *,
    released_by: str,
    reason: str,
    back_to_pool: bool,
    vouchers: Sequence[int] | None = None,
) -> int:
    """Releases all live codes of these publications (keys), or only these codes (keys); returns how many. Runs in the
    caller's transaction.

    With `back_to_pool`, codes that were ever used are withdrawn all the same. The caller writes the audit entry and,
    last of all, raises the pool's version if codes went back.
    """
    values: dict[str, Any] = {
        "publications": list(publications),
        "vouchers": None if vouchers is None else list(vouchers),
        "released_by": released_by,
        "reason": reason,
        "back_to_pool": back_to_pool,
    }
    with connection.cursor() as cursor:
        cursor.execute(LOCK_PUBLICATIONS, values)
        cursor.execute(LOCK_VOUCHERS, values)
        cursor.execute(RELEASE, values)
        released = [key for (key,) in cursor.fetchall()]
        if released:
            cursor.execute(TAKE_OFF, {"released": released, "back_to_pool": back_to_pool})
            cursor.execute(VOID, values)
            count_released(released)
    return len(released)
