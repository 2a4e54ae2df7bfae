"""What a code can still be used for, in SQL, for the statements that decide. In Python: campaigns/codes/state.py."""

from __future__ import annotations

from django.db import connection

from campaigns.codes.models import Voucher

LARGEST = 2**31 - 1  # that the counter of uses holds: an old import may have brought it

# Of a voucher `v`, its campaign `c` joined.
BALANCE = "coalesce(v.gift_amount, c.gift_amount, 0) - v.redeemed_amount"
IS_USED_UP = f"v.redeemed_quantity >= coalesce(v.redemption_limit, c.redemption_limit, {LARGEST})"
IS_SPENT = f"v.type = 'GIFT_VOUCHER' AND {BALANCE} <= 0"

# Of a voucher `v` alone: somebody used it, here or before it was imported. A rollback does not undo that: the code was
# seen. To be asked under the row's lock, so that no use goes unnoticed.
EVER_USED = """(v.redeemed_quantity > 0 OR v.redeemed_amount > 0 OR coalesce(v.gift_amount, 1) = 0 OR v.withdrawn_why IS NOT DISTINCT FROM 'used'
        OR EXISTS (SELECT FROM redemptions_redemption u
                    WHERE u.voucher_id = v.id AND u.kind = 'redemption' AND u.result = 'SUCCESS'))"""


def was_ever_used(voucher: Voucher) -> bool:
    """EVER_USED, as the database has it now."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM codes_voucher v WHERE v.id = %s AND {EVER_USED}", [voucher.pk])  # noqa: S608
        return cursor.fetchone() is not None
