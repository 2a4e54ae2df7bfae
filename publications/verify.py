"""Checks every invariant over the whole database, with SQL over sets (docs/design.md, "What must always hold").

The constraints and triggers hold them already; this proves it, also for a restored backup or a hand-edited row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

from publications.distributions.what_must_hold import WHAT_MUST_HOLD
from publications.redemptions.what_is_left import EVER_USED
from publications.tallies.count_publications import summed


class Invariant(NamedTuple):
    """`examined` counts what was looked at, `violations` what broke the rule. Both are SQL with one number."""

    name: str
    examined: str
    violations: str


class Finding(NamedTuple):
    name: str
    examined: int
    violations: int


LEDGER = "SELECT count(*) FROM publications_publishedvoucher"
LIVE = LEDGER + " WHERE released_at IS NULL"
SUCCESSES = "SELECT count(*) FROM publications_publication WHERE result = 'SUCCESS'"

USES = "SELECT count(*) FROM publications_redemption WHERE result = 'SUCCESS' AND voucher_id IS NOT NULL"
ROLLBACKS = "SELECT count(*) FROM publications_redemption WHERE result = 'SUCCESS' AND kind = 'rollback'"

TALLIED = (
    "publications_publication JOIN publications_tallyprogress progress ON publications_publication.id <= counted_up_to"
)

TRIGGERS = """('voucher_keeps_its_publication', 'ledger_keeps_its_rows', 'audit_is_append_only', 'voucher_keeps_its_uses',
               'redemption_keeps_its_rows', 'redemption_keeps_what_counts', 'voucher_stays_withdrawn')"""
UNIQUE_INDEXES = """('ledger_voucher_live_once', 'publication_source_id_once', 'publication_join_once',
                     'publication_equal_failures', 'voucher_code_unique', 'customer_source_id_unique',
                     'redemption_undone_once', 'redemption_equal_failures', 'delivery_once',
                     'publications_delivery_publication_id_key')"""

INVARIANTS = [
    Invariant(
        "a voucher is in at most one live publication",
        LIVE,
        """SELECT count(*) FROM (SELECT 1 FROM publications_publishedvoucher WHERE released_at IS NULL
            GROUP BY voucher_id HAVING count(*) > 1) AS twice""",
    ),
    Invariant(
        "a published voucher stands in the ledger, and only a published one",
        "SELECT count(*) FROM campaigns_voucher",
        """SELECT count(*) FROM campaigns_voucher v
             FULL JOIN (SELECT voucher_id FROM publications_publishedvoucher WHERE released_at IS NULL) l
                    ON l.voucher_id = v.id
            WHERE (v.published_at IS NULL) <> (l.voucher_id IS NULL)""",
    ),
    Invariant(
        "a publication holds as many vouchers as it says",
        SUCCESSES,
        """SELECT count(*) FROM publications_publication p
             LEFT JOIN (SELECT publication_id, count(*) AS held FROM publications_publishedvoucher
                         GROUP BY publication_id) l ON l.publication_id = p.id
            WHERE coalesce(l.held, 0) <> p.voucher_count""",
    ),
    Invariant(
        "a successful publication gave out at least one voucher, a failed one none",
        "SELECT count(*) FROM publications_publication",
        """SELECT count(*) FROM publications_publication
            WHERE (result = 'SUCCESS') <> (voucher_count > 0)""",
    ),
    Invariant(
        "a publication is void exactly when all its vouchers were released",
        SUCCESSES,
        """SELECT count(*) FROM publications_publication p
             JOIN (SELECT publication_id, bool_and(released_at IS NOT NULL) AS all_released
                     FROM publications_publishedvoucher GROUP BY publication_id) l ON l.publication_id = p.id
            WHERE l.all_released <> (p.voided_at IS NOT NULL)""",
    ),
    Invariant(
        "a publication's vouchers belong to its campaign",
        LEDGER,
        """SELECT count(*) FROM publications_publishedvoucher l
             JOIN publications_publication p ON p.id = l.publication_id
             JOIN campaigns_voucher v ON v.id = l.voucher_id
            WHERE p.campaign_id IS DISTINCT FROM v.campaign_id""",
    ),
    Invariant(
        "the tallies of a day agree with the publications that they count",
        "SELECT count(*) FROM publications_daytally",
        f"""SELECT count(*) FROM ({summed(TALLIED, zone="progress.time_zone")}) AS counted
             FULL JOIN publications_daytally t USING (campaign_id, day, channel, result)
            WHERE (coalesce(counted.publications, 0), coalesce(counted.codes, 0), coalesce(counted.attempts, 0))
               <> (coalesce(t.publications, 0), coalesce(t.codes, 0), coalesce(t.attempts, 0))""",  # noqa: S608
    ),
    Invariant(
        "a source_id gave out codes once",
        "SELECT count(*) FROM publications_publication WHERE source_id IS NOT NULL AND result = 'SUCCESS'",
        """SELECT count(*) FROM (SELECT 1 FROM publications_publication
            WHERE source_id IS NOT NULL AND result = 'SUCCESS' GROUP BY source_id HAVING count(*) > 1) AS twice""",
    ),
    Invariant(
        "a join-once customer holds at most one code of the campaign",
        "SELECT count(*) FROM publications_publication WHERE join_once AND result = 'SUCCESS'",
        """SELECT count(*) FROM (SELECT 1 FROM publications_publication
            WHERE join_once AND result = 'SUCCESS' AND voided_at IS NULL
            GROUP BY campaign_id, customer_id HAVING count(*) > 1 OR max(voucher_count) > 1) AS twice""",
    ),
    Invariant(
        "a code that was used, and every withdrawn one, is out of the pool and says why",
        "SELECT count(*) FROM campaigns_voucher WHERE published_at IS NULL",
        f"""SELECT count(*) FROM campaigns_voucher v
            WHERE (v.withdrawn_at IS NULL) <> (v.withdrawn_why IS NULL)
               OR v.published_at IS NOT NULL AND v.withdrawn_why <> 'used'
               OR v.published_at IS NULL AND v.withdrawn_why IS DISTINCT FROM 'used' AND {EVER_USED}""",  # noqa: S608 - our own constant
    ),
    Invariant(
        "no code and no campaign is worth nothing from the start",
        "SELECT (SELECT count(*) FROM campaigns_voucher) + (SELECT count(*) FROM campaigns_campaign)",
        """SELECT (SELECT count(*) FROM campaigns_voucher
                    WHERE redemption_limit < 1 OR gift_amount < 0
                       OR gift_amount = 0 AND published_at IS NULL AND withdrawn_at IS NULL)
                + (SELECT count(*) FROM campaigns_campaign
                    WHERE redemption_limit < 1 OR gift_amount <= 0 OR kind = 'GIFT_VOUCHERS' AND gift_amount IS NULL)""",
    ),
    Invariant(
        "a code exists once",
        "SELECT count(*) FROM campaigns_voucher",
        "SELECT count(*) FROM (SELECT 1 FROM campaigns_voucher GROUP BY code HAVING count(*) > 1) AS twice",
    ),
    Invariant(
        "a release names its reason and who did it",
        LEDGER + " WHERE released_at IS NOT NULL",
        LEDGER + " WHERE released_at IS NOT NULL AND (coalesce(reason, '') = '' OR coalesce(released_by, '') = '')",
    ),
    Invariant(
        "a publication, an export and an audit entry name who did it",
        """SELECT (SELECT count(*) FROM publications_publication) + (SELECT count(*) FROM publications_export)
                + (SELECT count(*) FROM config_auditentry)""",
        """SELECT (SELECT count(*) FROM publications_publication WHERE actor_label = '')
                + (SELECT count(*) FROM publications_export WHERE actor_label = '')
                + (SELECT count(*) FROM config_auditentry WHERE actor_label = '')""",
    ),
    Invariant(
        "a finished hand-out's file has a row for each voucher that it published",
        "SELECT count(*) FROM publications_export WHERE kind = 'hand_out' AND status = 'done'",
        # One that was released before the file was written is not in it.
        """SELECT count(*) FROM publications_export e LEFT JOIN publications_publication p ON p.id = e.publication_id
            WHERE e.kind = 'hand_out' AND e.status = 'done'
              AND (coalesce(e.rows, 0) > coalesce(p.voucher_count, 0)
                   OR coalesce(e.rows, 0) < coalesce(p.voucher_count, 0)
                      - (SELECT count(*) FROM publications_publishedvoucher l
                          WHERE l.publication_id = e.publication_id AND l.released_at < e.finished_at))""",
    ),
    Invariant(
        "a finished order made exactly the ordered number of codes",
        "SELECT count(*) FROM campaigns_codeorder WHERE status = 'done'",
        "SELECT count(*) FROM campaigns_codeorder WHERE status = 'done' AND done <> total",
    ),
    Invariant(
        "an erased customer's row holds no personal data",
        "SELECT count(*) FROM customers_customer WHERE erased_at IS NOT NULL",
        """SELECT count(*) FROM customers_customer WHERE erased_at IS NOT NULL
              AND (source_id IS NOT NULL OR name <> '' OR email <> '' OR phone <> '' OR description <> ''
                   OR birthdate IS NOT NULL OR address <> '{}' OR metadata <> '{}')""",
    ),
    Invariant(
        "an erased customer's publications hold no personal data",
        """SELECT count(*) FROM publications_publication p JOIN customers_customer c ON c.id = p.customer_id
            WHERE c.erased_at IS NOT NULL""",
        """SELECT count(*) FROM publications_publication p JOIN customers_customer c ON c.id = p.customer_id
            WHERE c.erased_at IS NOT NULL AND (p.metadata IS NOT NULL OR p.request_hash IS NOT NULL)""",
    ),
    Invariant(
        "a code was used as often as its redemptions and rollbacks say",
        USES,
        # What an import brought along was there before the first of them.
        """SELECT count(*) FROM campaigns_voucher v
             JOIN (SELECT voucher_id, (min(ARRAY[id, redeemed_quantity]) FILTER (WHERE kind = 'redemption'))[2] - 1 AS before,
                          count(*) FILTER (WHERE kind = 'redemption') - count(*) FILTER (WHERE kind = 'rollback') AS uses
                     FROM publications_redemption WHERE result = 'SUCCESS' AND voucher_id IS NOT NULL
                    GROUP BY voucher_id) r ON r.voucher_id = v.id
            WHERE v.redeemed_quantity IS DISTINCT FROM r.before + r.uses""",
    ),
    Invariant(
        "a gift voucher paid what its redemptions took and its rollbacks did not give back",
        USES + " AND amount IS NOT NULL",
        """SELECT count(*) FROM campaigns_voucher v
             FULL JOIN (SELECT voucher_id, sum(CASE kind WHEN 'redemption' THEN amount ELSE -amount END) AS paid
                          FROM publications_redemption
                         WHERE result = 'SUCCESS' AND amount IS NOT NULL AND voucher_id IS NOT NULL
                         GROUP BY voucher_id) r ON r.voucher_id = v.id
            WHERE coalesce(r.paid, 0) <> coalesce(v.redeemed_amount, 0)""",
    ),
    Invariant(
        "no use was beyond the limit or the balance that its code had then",
        USES + " AND kind = 'redemption'",
        USES + " AND (redeemed_quantity > redemption_limit OR balance < 0)",
    ),
    Invariant(
        "a use was taken back once",
        ROLLBACKS,
        """SELECT count(*) FROM (SELECT 1 FROM publications_redemption
            WHERE result = 'SUCCESS' AND kind = 'rollback' GROUP BY undoes_id HAVING count(*) > 1) AS twice""",
    ),
    Invariant(
        "codes that were redeemed together were taken back together",
        "SELECT count(*) FROM publications_redemption WHERE kind = 'redemption' AND stack_id IS NOT NULL",
        """SELECT count(*) FROM publications_redemption r
             LEFT JOIN publications_redemption own ON own.undoes_id = r.id AND own.result = 'SUCCESS'
             LEFT JOIN publications_redemption all_of_it ON all_of_it.undoes_id = r.stack_id AND all_of_it.result = 'SUCCESS'
            WHERE r.kind = 'redemption' AND r.stack_id IS NOT NULL
              AND ((own.id IS NULL) <> (all_of_it.id IS NULL) OR own.stack_id IS DISTINCT FROM all_of_it.id)""",
    ),
    Invariant(
        "an erased customer's redemptions hold no personal data",
        """SELECT count(*) FROM publications_redemption r JOIN customers_customer c ON c.id = r.customer_id
            WHERE c.erased_at IS NOT NULL""",
        """SELECT count(*) FROM publications_redemption r JOIN customers_customer c ON c.id = r.customer_id
            WHERE c.erased_at IS NOT NULL AND (r.metadata IS NOT NULL OR r.reason IS NOT NULL
                  OR r."order" ?| ARRAY['id', 'source_id', 'metadata', 'items'])""",
    ),
    Invariant(
        "a redemption names who did it",
        "SELECT count(*) FROM publications_redemption",
        "SELECT count(*) FROM publications_redemption WHERE actor_label = ''",
    ),
    *(Invariant(*held) for held in WHAT_MUST_HOLD),
    Invariant(
        "the database's guards stand",
        "SELECT 17",
        f"""SELECT 17 - (SELECT count(*) FROM pg_trigger WHERE tgenabled = 'O' AND tgname IN {TRIGGERS})
                     - (SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                         WHERE indisunique AND indisvalid AND relname IN {UNIQUE_INDEXES})""",  # noqa: S608
    ),
    Invariant(
        "what was answered survives a crash of the database",
        "SELECT 3",
        """SELECT count(*) FROM (VALUES ('fsync'), ('synchronous_commit'), ('full_page_writes')) AS s (name)
            WHERE current_setting(s.name) = 'off'""",
    ),
]


def verify() -> Iterator[Finding]:
    """Checks one invariant after the other, and yields each as soon as it is known."""
    with connection.cursor() as cursor:
        for invariant in INVARIANTS:
            cursor.execute(invariant.examined)
            (examined,) = cursor.fetchone()
            cursor.execute(invariant.violations)
            (violations,) = cursor.fetchone()
            yield Finding(invariant.name, examined, violations)
