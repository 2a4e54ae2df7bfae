"""The invariants of distributions, for publications/dashboard/verify.py:
(name, kind of row, SQL of how many were examined, SQL of the broken rows)."""

from __future__ import annotations

from django.db import connection

DELIVERIES = "SELECT count(*) FROM distributions_delivery"

WHAT_MUST_HOLD = [
    (
        "a distribution has one delivery for each customer and firing",
        "delivery",
        DELIVERIES,
        """SELECT max(id) FROM distributions_delivery
            GROUP BY distribution_id, customer_id, firing HAVING count(*) > 1""",
    ),
    (
        "a delivery's publication is its own, its customer's, and of its distribution's campaign",
        "delivery",
        DELIVERIES + " WHERE publication_id IS NOT NULL",
        """SELECT d.id FROM distributions_delivery d
             JOIN publications_publication p ON p.id = d.publication_id
             JOIN distributions_distribution x ON x.id = d.distribution_id
            WHERE p.customer_id IS DISTINCT FROM d.customer_id OR p.result <> 'SUCCESS'
               OR x.kind = 'manual' AND p.campaign_id IS DISTINCT FROM x.campaign_id
           UNION
           SELECT max(id) FROM distributions_delivery WHERE publication_id IS NOT NULL
            GROUP BY publication_id HAVING count(*) > 1""",
    ),
    (
        "who was tried by a run of a campaign has a publication, who waits has none",
        "delivery",
        DELIVERIES + " WHERE state <> 'skipped'",
        """SELECT d.id FROM distributions_delivery d JOIN distributions_distribution x ON x.id = d.distribution_id
            WHERE d.state = 'pending' AND d.publication_id IS NOT NULL
               OR d.state NOT IN ('pending', 'skipped') AND d.publication_id IS NULL
                  AND x.kind = 'manual' AND x.campaign_id IS NOT NULL AND NOT x.remind""",
    ),
    (
        "a distribution reminds of a code once, and only whoever holds it",
        "delivery",
        DELIVERIES + " WHERE reminds_id IS NOT NULL",
        """SELECT max(id) FROM distributions_delivery WHERE reminds_id IS NOT NULL AND reason <> 'code_extended'
            GROUP BY distribution_id, reminds_id HAVING count(*) > 1
           UNION
           SELECT d.id FROM distributions_delivery d JOIN publications_publishedvoucher l ON l.id = d.reminds_id
             JOIN publications_publication p ON p.id = l.publication_id
            WHERE d.customer_id IS DISTINCT FROM coalesce(l.settled_to_id, p.customer_id)
           UNION
           SELECT d.id FROM distributions_delivery d JOIN distributions_distribution x ON x.id = d.distribution_id
            WHERE x.remind AND d.state <> 'skipped' AND d.reminds_id IS NULL""",
    ),
    (
        "a publication of a distribution has its delivery",
        "pub",
        "SELECT count(*) FROM publications_publication WHERE actor_kind = 'run' AND actor_id IS NOT NULL",
        """SELECT p.id FROM publications_publication p
             LEFT JOIN distributions_delivery d ON d.publication_id = p.id
            WHERE p.actor_kind = 'run' AND p.actor_id IS NOT NULL  -- demo data name a run that never was
              AND (d.id IS NULL OR d.distribution_id <> p.actor_id)""",
    ),
    (
        "a distribution that is done has nobody waiting",
        "dist",
        "SELECT count(*) FROM distributions_distribution WHERE status = 'done'",
        """SELECT x.id FROM distributions_distribution x WHERE x.status = 'done'
              AND (NOT x.audience_complete
                   OR EXISTS (SELECT FROM distributions_delivery d WHERE d.distribution_id = x.id
                                 AND (d.state IN ('pending', 'sending') OR d.state = 'published' AND x.message <> 'none')))""",
    ),
    (
        "codes are reserved only for distributions that have still to take them",
        "camp",
        "SELECT count(*) FROM codes_reservation",
        """SELECT DISTINCT r.campaign_id FROM codes_reservation r LEFT JOIN distributions_distribution x ON x.id = r.taker
            WHERE x.id IS NULL OR x.status NOT IN ('scheduled', 'running', 'paused', 'held')
               OR x.campaign_id IS DISTINCT FROM r.campaign_id""",
    ),
    (
        "a border stands only where codes are reserved",
        "camp",
        "SELECT count(*) FROM campaigns_campaign WHERE reserved_from IS NOT NULL",
        """SELECT c.id FROM campaigns_campaign c WHERE c.reserved_from IS NOT NULL
              AND NOT EXISTS (SELECT FROM codes_reservation r WHERE r.campaign_id = c.id)""",
    ),
    (
        "an erased customer's deliveries hold no address, and none of their messages is kept",
        "",
        """SELECT count(*) FROM distributions_delivery d JOIN customers_customer c ON c.id = d.customer_id
            WHERE c.erased_at IS NOT NULL""",
        """SELECT 'delivery' AS kind, d.id AS key FROM distributions_delivery d
             JOIN customers_customer c ON c.id = d.customer_id WHERE c.erased_at IS NOT NULL AND d.email <> ''
           UNION ALL
           SELECT 'kept message', m.id FROM distributions_keptmessage m
             JOIN customers_customer c ON c.id = m.customer_id WHERE c.erased_at IS NOT NULL""",
    ),
]


def what_waits_for_a_person() -> list[str]:
    """Sentences for staff. Nothing is broken; somebody should look."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT count(*) FILTER (WHERE state = 'unknown'),
                      count(*) FILTER (WHERE state = 'sending' AND state_at < now() - interval '20 minutes')
                 FROM distributions_delivery WHERE state IN ('unknown', 'sending')"""
        )
        unknown, stuck = cursor.fetchone()
    notes = []
    if unknown:
        notes.append(f"{_messages(unknown)} of unknown fate: decide about each on the page of its distribution")
    if stuck:
        notes.append(f"{_messages(stuck)} being sent for more than 20 minutes: does the worker for messages run?")
    return notes


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count:,} messages"
