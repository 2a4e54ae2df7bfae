"""Finds the codes of which a rule reminds: those that expire in so many days, and that nobody has used."""

from __future__ import annotations

from typing import NamedTuple

from django.db import connection

from config.staff.models import ProjectSettings
from publications.automation.actions.fire import Candidate
from publications.automation.models import Rule
from publications.distributions.reminders import ENDS, UNUSED
from publications.queries.holder import HOLDER_SQL

BATCH = 5_000  # codes of the campaign that are looked at in one go, whatever they are

NEXT = "SELECT count(*), max(id) FROM (SELECT id FROM codes_voucher WHERE campaign_id = %s AND id > %s ORDER BY id LIMIT %s) AS batch"

# When it is time is told from the last day of the code in the project's time zone: so many days before it, at the time that
# the rule names. What lies before the rule was activated, or before the code was published, has passed. Who was not told
# since Handout stood still is told late, as long as the code can be used.
FIND = f"""
WITH held AS MATERIALIZED (
    SELECT l.id, {HOLDER_SQL} AS customer, {ENDS} AS ends, p.created_at AS published_at
      FROM codes_voucher v JOIN campaigns_campaign c ON c.id = v.campaign_id
      JOIN publications_publishedvoucher l ON l.voucher_id = v.id AND l.released_at IS NULL
      JOIN publications_publication p ON p.id = l.publication_id
     WHERE v.campaign_id = %(campaign)s AND v.id > %(after)s AND v.id <= %(up_to)s
       AND v.published_at IS NOT NULL AND v.active AND {UNUSED} AND {ENDS} > now()
), timed AS (
    SELECT h.*, (h.ends AT TIME ZONE %(zone)s)::date AS last_day FROM held h WHERE h.customer IS NOT NULL
), due AS (
    SELECT t.*, (t.last_day - %(days)s + %(at)s::time) AT TIME ZONE %(zone)s AS due_at FROM timed t
)
SELECT d.id, d.customer, d.last_day, (d.last_day + 1)::timestamp AT TIME ZONE %(zone)s FROM due d
 WHERE d.due_at <= now() AND d.due_at > %(since)s AND d.due_at > d.published_at
   AND NOT EXISTS (SELECT FROM distributions_delivery r
                    WHERE r.reminds_id = d.id AND r.distribution_id = %(rule)s AND r.reason <> 'code_extended')
 ORDER BY d.id
"""  # noqa: S608 - our own constants


class Found(NamedTuple):
    candidates: list[Candidate]
    up_to: int | None  # the last code that was looked at; None: there are no more


def expiring_codes(rule: Rule) -> Found:
    """One batch, behind the mark of the rule's walk."""
    minute, hour, *_ = rule.cron.split()
    with connection.cursor() as cursor:
        cursor.execute(NEXT, [rule.campaign_id, rule.walk_up_to, BATCH])
        count, last = cursor.fetchone()
        if not count:
            return Found([], None)
        cursor.execute(
            FIND,
            {
                "campaign": rule.campaign_id,
                "after": rule.walk_up_to,
                "up_to": last,
                "zone": ProjectSettings.current().time_zone,
                "days": rule.days_before,
                "at": f"{hour}:{minute}",
                "since": rule.activated_at,
                "rule": rule.pk,
            },
        )
        candidates = [Candidate(f"code {row} {day}", who, row, by) for row, who, day, by in cursor.fetchall()]
    return Found(candidates, last if count == BATCH else None)
