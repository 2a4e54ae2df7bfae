"""The invariants of the record of use, for publications/dashboard/verify.py:
(name, kind of row, SQL of how many were examined, SQL of the broken rows)."""

from __future__ import annotations

from publications.invariants import CAME_USED, CODES, HELD_BACK_ON_RECORD

USES = "SELECT count(*) FROM redemptions_redemption WHERE result = 'SUCCESS' AND voucher_id IS NOT NULL"
ROLLBACKS = "SELECT count(*) FROM redemptions_redemption WHERE result = 'SUCCESS' AND kind = 'rollback'"

# What each gift voucher had paid by the time of each use: numbers are drawn under the voucher's lock.
PAID = """SELECT id, voucher_id, balance, sum(CASE kind WHEN 'redemption' THEN amount ELSE -amount END)
                                        OVER (PARTITION BY voucher_id ORDER BY id) AS paid
            FROM redemptions_redemption WHERE result = 'SUCCESS' AND voucher_id IS NOT NULL AND amount IS NOT NULL"""

WHAT_MUST_HOLD = [
    (
        "a code was used, and paid, as its redemptions and rollbacks say",
        "v",
        USES,
        # What an import brought along was there before the first of them; nothing else may have been.
        f"""SELECT v.id FROM codes_voucher v
              LEFT JOIN (SELECT voucher_id,
                                (min(ARRAY[id, redeemed_quantity]) FILTER (WHERE kind = 'redemption'))[2] - 1 AS before,
                                count(*) FILTER (WHERE kind = 'redemption') - count(*) FILTER (WHERE kind = 'rollback') AS uses,
                                sum(CASE kind WHEN 'redemption' THEN amount ELSE -amount END) AS paid
                           FROM redemptions_redemption WHERE result = 'SUCCESS' AND voucher_id IS NOT NULL
                          GROUP BY voucher_id) r ON r.voucher_id = v.id
             WHERE (r.voucher_id IS NOT NULL OR v.redeemed_quantity > 0 OR v.redeemed_amount > 0)
               AND (v.redeemed_quantity IS DISTINCT FROM coalesce(r.before, v.redeemed_quantity) + coalesce(r.uses, 0)
                    OR v.redeemed_amount <> coalesce(r.paid, 0)
                    OR coalesce(r.before, v.redeemed_quantity) > 0 AND NOT {CAME_USED})""",  # noqa: S608 - our own constant
    ),
    (
        "no use was beyond the limit or the balance that its code had then",
        "r",
        USES + " AND kind = 'redemption'",
        """SELECT id FROM redemptions_redemption
            WHERE result = 'SUCCESS' AND voucher_id IS NOT NULL
              AND (redeemed_quantity > redemption_limit OR balance < 0)""",
    ),
    (
        "a use was taken back once",
        "r",
        ROLLBACKS,
        """SELECT undoes_id FROM redemptions_redemption
            WHERE result = 'SUCCESS' AND kind = 'rollback' GROUP BY undoes_id HAVING count(*) > 1""",
    ),
    (
        "codes that were redeemed together were taken back together",
        "r",
        "SELECT count(*) FROM redemptions_redemption WHERE kind = 'redemption' AND stack_id IS NOT NULL",
        """SELECT DISTINCT r.id FROM redemptions_redemption r
             LEFT JOIN redemptions_redemption own ON own.undoes_id = r.id AND own.result = 'SUCCESS'
             LEFT JOIN redemptions_redemption all_of_it ON all_of_it.undoes_id = r.stack_id AND all_of_it.result = 'SUCCESS'
            WHERE r.kind = 'redemption' AND r.stack_id IS NOT NULL
              AND ((own.id IS NULL) <> (all_of_it.id IS NULL) OR own.stack_id IS DISTINCT FROM all_of_it.id)""",
    ),
    (
        "an erased customer's redemptions hold no personal data",
        "r",
        """SELECT count(*) FROM redemptions_redemption r JOIN customers_customer c ON c.id = r.customer_id
            WHERE c.erased_at IS NOT NULL""",
        """SELECT r.id FROM redemptions_redemption r JOIN customers_customer c ON c.id = r.customer_id
            WHERE c.erased_at IS NOT NULL AND (r.metadata IS NOT NULL OR r.reason IS NOT NULL
                  OR r."order" ?| ARRAY['id', 'source_id', 'metadata', 'items'])""",
    ),
    (
        "a redemption names who did it",
        "r",
        "SELECT count(*) FROM redemptions_redemption",
        "SELECT id FROM redemptions_redemption WHERE actor_label = ''",
    ),
    (
        "a withdrawn code has the use, the release or the audit entry that withdrew it",
        "v",
        CODES + " WHERE withdrawn_at IS NOT NULL",
        # Uses that nothing explains are told of below, among the redemptions.
        f"""SELECT v.id FROM codes_voucher v
             WHERE v.withdrawn_at IS NOT NULL AND v.withdrawn_at > v.created_at
               AND CASE v.withdrawn_why
                   WHEN 'used' THEN v.redeemed_quantity = 0 AND v.redeemed_amount = 0
                       AND NOT EXISTS (SELECT FROM redemptions_redemption r
                                        WHERE r.voucher_id = v.id AND r.kind = 'redemption' AND r.result = 'SUCCESS')
                   WHEN 'retired' THEN
                       NOT EXISTS (SELECT FROM publications_publishedvoucher l
                                    WHERE l.voucher_id = v.id AND l.released_at IS NOT NULL)
                   ELSE NOT {HELD_BACK_ON_RECORD} END""",  # noqa: S608 - our own constants
    ),
    (
        "a referee counts once in a program, by somebody else, and a referrer's are numbered from 1",
        "cust",
        "SELECT count(*) FROM redemptions_referral",
        """SELECT referee_id FROM redemptions_referral WHERE referrer_id = referee_id
           UNION
           SELECT referee_id FROM redemptions_referral GROUP BY campaign_id, referee_id HAVING count(*) > 1
           UNION
           SELECT referrer_id FROM redemptions_referral GROUP BY campaign_id, referrer_id HAVING max(number) <> count(*)""",
    ),
    (
        "a gift voucher holds what the changes of its balance add up to",
        "v",
        "SELECT count(*) FROM redemptions_balancechange",
        """SELECT DISTINCT b.voucher_id
             FROM (SELECT voucher_id, amount, total, lag(total) OVER w AS before, lead(total) OVER w IS NULL AS is_last
                     FROM redemptions_balancechange WINDOW w AS (PARTITION BY voucher_id ORDER BY id)) AS b
             LEFT JOIN codes_voucher v ON v.id = b.voucher_id
            WHERE v.id IS NULL OR b.total <> b.before + b.amount OR b.is_last AND v.gift_amount IS DISTINCT FROM b.total""",
    ),
    (
        "a use noted the balance that it left",
        "r",
        USES + " AND balance IS NOT NULL",
        # What is on a code that was used changes by hand only (keep_offer.py): before and after that are all it ever held.
        f"""SELECT uses.id FROM ({PAID}) AS uses JOIN codes_voucher v ON v.id = uses.voucher_id AND v.deleted_at IS NULL
              LEFT JOIN campaigns_campaign c ON c.id = v.campaign_id
             WHERE uses.balance + uses.paid <> coalesce(v.gift_amount, c.gift_amount)
               AND NOT EXISTS (SELECT FROM redemptions_balancechange b WHERE b.voucher_id = v.id
                                  AND uses.balance + uses.paid IN (b.total, b.total - b.amount))""",  # noqa: S608 - our own constant
    ),
    (
        "a change of a balance noted what was left after it",
        "v",
        "SELECT count(*) FROM redemptions_balancechange",
        f"""WITH uses AS MATERIALIZED (
                SELECT * FROM ({PAID}) AS every WHERE voucher_id IN (SELECT voucher_id FROM redemptions_balancechange))
            SELECT DISTINCT b.voucher_id FROM redemptions_balancechange b
             WHERE b.total <> b.balance
               AND NOT EXISTS (SELECT FROM uses WHERE uses.voucher_id = b.voucher_id AND uses.paid = b.total - b.balance)""",  # noqa: S608 - our own constant
    ),
]
