"""The invariants of codes, publications and the ledger, for publications/dashboard/verify.py:
(name, kind of row, SQL of how many were examined, SQL of the broken rows)."""

from __future__ import annotations

from campaigns.codes.balance import EVER_USED
from publications.queries.day_use import TIME_ZONE

LEDGER = "SELECT count(*) FROM publications_publishedvoucher"
LIVE = LEDGER + " WHERE released_at IS NULL"
SUCCESSES = "SELECT count(*) FROM publications_publication WHERE result = 'SUCCESS'"
CODES = "SELECT count(*) FROM codes_voucher"

# Of a voucher `v`: it is published, but no live row of the ledger says to whom.
IS_ORPHANED = """v.published_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
                     WHERE l.voucher_id = v.id AND l.released_at IS NULL)"""

# Of a voucher `v`: its uses came with it. Its withdrawal is of the transaction that made it.
CAME_USED = "(v.withdrawn_why IS NOT DISTINCT FROM 'used' AND v.withdrawn_at <= v.created_at)"

# The audit entry of a release or withdrawal is the last thing in its transaction; that of a recall, which may take long, comes
# before its first one.
SOON_AFTER = "interval '10 minutes'"
RELEASE_ON_RECORD = f"""EXISTS (
    SELECT FROM staff_auditentry a
     WHERE a.created_at BETWEEN l.released_at AND l.released_at + {SOON_AFTER}
       AND a.campaign_id IS NOT DISTINCT FROM v.campaign_id
       AND (a.action IN ('code.released', 'code.retired', 'publication.released', 'hand_out_codes.returned') AND a.actor_label = l.released_by
            AND a.details->>'reason' = l.reason
            OR a.action IN ('distribution.codes_released', 'distribution.codes_retired')
               AND coalesce(a.details->>'asked_by', l.released_by) = l.released_by))
    OR EXISTS (
    SELECT FROM staff_auditentry a
     WHERE a.action = 'recall.started' AND a.created_at <= l.released_at AND a.actor_label = l.released_by
       AND a.details->>'reason' = l.reason)"""  # noqa: S608 - our own constant
# A file of codes to withdraw may be long; its entry is written at the end.
HELD_BACK_ON_RECORD = f"""EXISTS (
    SELECT FROM staff_auditentry a
     WHERE a.action IN ('code.held_back', 'codes.withdrawn') AND a.campaign_id IS NOT DISTINCT FROM v.campaign_id
           AND a.created_at BETWEEN v.withdrawn_at AND v.withdrawn_at + {SOON_AFTER}
        OR a.action = 'codes.listed_withdrawn'
           AND a.created_at BETWEEN v.withdrawn_at AND v.withdrawn_at + interval '1 day')"""  # noqa: S608 - our own constant

WHAT_MUST_HOLD = [
    (
        "a voucher is in at most one live publication",
        "v",
        LIVE,
        """SELECT voucher_id FROM publications_publishedvoucher WHERE released_at IS NULL
            GROUP BY voucher_id HAVING count(*) > 1""",
    ),
    (
        "a published voucher stands in the ledger, and only a published one",
        "v",
        CODES,
        """SELECT coalesce(v.id, l.voucher_id) FROM codes_voucher v
             FULL JOIN (SELECT DISTINCT voucher_id FROM publications_publishedvoucher WHERE released_at IS NULL) l
                    ON l.voucher_id = v.id
            WHERE (v.published_at IS NULL) <> (l.voucher_id IS NULL)""",
    ),
    (
        "a published code reads as it did when it was given out",
        "v",
        LEDGER + " WHERE code IS NOT NULL",
        """SELECT DISTINCT v.id FROM publications_publishedvoucher l JOIN codes_voucher v ON v.id = l.voucher_id
            WHERE l.code <> v.code""",
    ),
    (
        "a publication holds as many vouchers as it says",
        "pub",
        SUCCESSES,
        # A code that lost its row in the ledger is told of above, by name.
        f"""SELECT p.id FROM publications_publication p
              LEFT JOIN (SELECT publication_id, count(*) AS held FROM publications_publishedvoucher
                          GROUP BY publication_id) l ON l.publication_id = p.id
             WHERE coalesce(l.held, 0) <> p.voucher_count AND (p.result = 'FAILURE' OR p.voucher_count > 0)
               AND p.voucher_count - coalesce(l.held, 0) IS DISTINCT FROM nullif((
                   SELECT count(*) FROM codes_voucher v
                    WHERE (v.campaign_id = p.campaign_id OR v.campaign_id IS NULL AND p.campaign_id IS NULL)
                      AND (v.published_at = p.created_at OR p.origin = 'csv' AND v.published_at > p.created_at)
                      AND {IS_ORPHANED}), 0)""",  # noqa: S608 - our own constant
    ),
    (
        "a successful publication gave out at least one voucher, a failed one none",
        "pub",
        "SELECT count(*) FROM publications_publication",
        "SELECT id FROM publications_publication WHERE (result = 'SUCCESS') <> (voucher_count > 0)",
    ),
    (
        "a publication is void exactly when all its vouchers were released",
        "pub",
        SUCCESSES,
        """SELECT p.id FROM publications_publication p
             JOIN (SELECT publication_id, bool_and(released_at IS NOT NULL) AS all_released
                     FROM publications_publishedvoucher GROUP BY publication_id) l ON l.publication_id = p.id
            WHERE l.all_released <> (p.voided_at IS NOT NULL)""",
    ),
    (
        "a publication's vouchers belong to its campaign",
        "v",
        LEDGER,
        # A live row whose voucher is gone is told of above.
        """SELECT DISTINCT l.voucher_id FROM publications_publishedvoucher l
             LEFT JOIN publications_publication p ON p.id = l.publication_id
             LEFT JOIN codes_voucher v ON v.id = l.voucher_id
            WHERE p.id IS NULL AND v.id IS NOT NULL
               OR v.id IS NULL AND l.released_at IS NOT NULL
               OR p.id IS NOT NULL AND v.id IS NOT NULL AND p.campaign_id IS DISTINCT FROM v.campaign_id""",
    ),
    (
        "a source_id gave out codes once",
        "pub",
        "SELECT count(*) FROM publications_publication WHERE source_id IS NOT NULL AND result = 'SUCCESS'",
        """SELECT max(id) FROM publications_publication
            WHERE source_id IS NOT NULL AND result = 'SUCCESS' GROUP BY source_id HAVING count(*) > 1""",
    ),
    (
        "a join-once customer holds at most one code of the campaign",
        "cust",
        "SELECT count(*) FROM publications_publication WHERE join_once AND result = 'SUCCESS'",
        """SELECT customer_id FROM publications_publication
            WHERE join_once AND result = 'SUCCESS' AND voided_at IS NULL
            GROUP BY campaign_id, customer_id HAVING count(*) > 1 OR max(voucher_count) > 1""",
    ),
    (
        "no customer was given more codes of a campaign than its limit",
        "cust",
        "SELECT count(*) FROM publications_publication p JOIN campaigns_campaign c ON c.id = p.campaign_id WHERE c.codes_per_customer IS NOT NULL",
        # Given since the limit is what it is, and held still. A call that was under way just then may have missed it.
        """SELECT p.customer_id FROM publications_publication p
             JOIN campaigns_campaign c ON c.id = p.campaign_id AND c.codes_per_customer IS NOT NULL
             JOIN publications_publishedvoucher l ON l.publication_id = p.id AND l.released_at IS NULL
            WHERE p.result = 'SUCCESS' AND p.customer_id IS NOT NULL AND p.origin <> 'import'
              AND p.created_at > interval '1 minute' + coalesce((
                  SELECT max(a.created_at) FROM staff_auditentry a WHERE a.campaign_id = c.id AND a.action = 'campaign.changed'
                     AND a.details->'changes' ? 'codes_per_customer'), c.created_at - interval '1 minute')
            GROUP BY p.customer_id, c.id, c.codes_per_customer HAVING count(*) > c.codes_per_customer""",
    ),
    (
        "of a limit a day at least as many codes are counted as were given since",
        "limit a day",
        "SELECT count(*) FROM staff_limit WHERE day IS NOT NULL",
        # A publication that grows over midnight counts on the day it grows.
        f"""SELECT u.id FROM staff_limit u
              LEFT JOIN campaigns_campaign c ON u.subject = 'campaign:' || c.id
              LEFT JOIN api_apikey k ON u.subject = 'api_key:' || k.id
             WHERE u.day IS NOT NULL
               AND u.used < (
                   SELECT coalesce(sum(p.voucher_count), 0) FROM publications_publication p
                    WHERE p.result = 'SUCCESS' AND p.origin <> 'import' AND p.created_at > u.since
                      AND (p.created_at AT TIME ZONE {TIME_ZONE})::date = u.day
                      AND CASE WHEN c.id IS NOT NULL THEN p.campaign_id = c.id
                               WHEN k.id IS NOT NULL THEN p.actor_kind = 'api_key' AND p.actor_id = k.id
                               ELSE u.subject = 'channel:' || p.channel END)""",  # noqa: S608 - our own constant
    ),
    (
        "every limit that staff set is looked at",
        "limit",
        "SELECT count(*) FROM staff_limit",
        """SELECT coalesce(u.id, 0) FROM staff_limit u FULL JOIN (
                  SELECT 'customers:' || id AS subject, codes_per_customer AS most FROM campaigns_campaign WHERE codes_per_customer IS NOT NULL
                   UNION ALL SELECT 'campaign:' || id, codes_per_day FROM campaigns_campaign WHERE codes_per_day IS NOT NULL
                   UNION ALL SELECT 'api_key:' || id, codes_per_day FROM api_apikey WHERE codes_per_day IS NOT NULL
                   UNION ALL SELECT 'channel:' || channel, number::int FROM staff_projectsettings, jsonb_each_text(channel_limits) AS of_channel (channel, number)
              ) AS wanted USING (subject)
            WHERE u.most IS DISTINCT FROM wanted.most""",
    ),
    (
        "a code that was used, and every withdrawn one, is out of the pool and says why",
        "v",
        CODES + " WHERE published_at IS NULL",
        f"""SELECT v.id FROM codes_voucher v
            WHERE (v.withdrawn_at IS NULL) <> (v.withdrawn_why IS NULL)
               OR v.published_at IS NOT NULL AND v.withdrawn_why <> 'used'
               OR v.published_at IS NULL AND v.withdrawn_why IS DISTINCT FROM 'used' AND {EVER_USED}""",  # noqa: S608 - our own constant
    ),
    (
        "no code and no campaign is worth nothing from the start",
        "",
        "SELECT (SELECT count(*) FROM codes_voucher) + (SELECT count(*) FROM campaigns_campaign)",
        """SELECT 'v' AS kind, id AS key FROM codes_voucher
            WHERE redemption_limit < 1 OR gift_amount < 0
               OR gift_amount = 0 AND published_at IS NULL AND withdrawn_at IS NULL
           UNION ALL
           SELECT 'camp', id FROM campaigns_campaign
            WHERE redemption_limit < 1 OR gift_amount <= 0 OR kind = 'GIFT_VOUCHERS' AND gift_amount IS NULL""",
    ),
    (
        "a code exists once",
        "v",
        CODES,
        "SELECT max(id) FROM codes_voucher GROUP BY code HAVING count(*) > 1",
    ),
    (
        "a release names its reason and who did it",
        "v",
        LEDGER + " WHERE released_at IS NOT NULL",
        """SELECT voucher_id FROM publications_publishedvoucher
            WHERE released_at IS NOT NULL AND (coalesce(reason, '') = '' OR coalesce(released_by, '') = '')""",
    ),
    (
        "a release has its audit entry",
        "v",
        LEDGER + " WHERE released_at IS NOT NULL",
        f"""SELECT l.voucher_id FROM publications_publishedvoucher l
              LEFT JOIN codes_voucher v ON v.id = l.voucher_id
             WHERE l.released_at IS NOT NULL AND l.reason <> '' AND l.released_by <> '' AND v.id IS NOT NULL
               AND NOT ({RELEASE_ON_RECORD})""",  # noqa: S608 - our own constant
    ),
    (
        "a code was settled only where its publication names nobody",
        "v",
        LEDGER + " WHERE settled_to_id IS NOT NULL",
        """SELECT l.voucher_id FROM publications_publishedvoucher l JOIN publications_publication p ON p.id = l.publication_id
            WHERE l.settled_to_id IS NOT NULL AND p.customer_id IS NOT NULL""",
    ),
    (
        "a finished order made exactly the ordered number of codes",
        "order of codes",
        "SELECT count(*) FROM codes_codeorder WHERE status = 'done'",
        "SELECT id FROM codes_codeorder WHERE status = 'done' AND done <> total",
    ),
    (
        "an erased customer's row holds no personal data",
        "cust",
        "SELECT count(*) FROM customers_customer WHERE erased_at IS NOT NULL",
        """SELECT id FROM customers_customer WHERE erased_at IS NOT NULL
              AND (source_id IS NOT NULL OR name <> '' OR email <> '' OR phone <> '' OR description <> ''
                   OR birthdate IS NOT NULL OR address <> '{}' OR metadata <> '{}')""",
    ),
    (
        "an erased customer's publications hold no personal data",
        "pub",
        """SELECT count(*) FROM publications_publication p JOIN customers_customer c ON c.id = p.customer_id
            WHERE c.erased_at IS NOT NULL""",
        """SELECT p.id FROM publications_publication p JOIN customers_customer c ON c.id = p.customer_id
            WHERE c.erased_at IS NOT NULL AND (p.metadata IS NOT NULL OR p.request_hash IS NOT NULL)""",
    ),
]
