"""The invariant of the tallies, for publications/dashboard/verify.py.

A tally is a sum: it differs where it was edited, but also where a row that it counts is gone. Each is told once. So a
difference is left out that codes without a publication, or publications without codes, explain: those are told by name
(publications/invariants.py). And one over all campaigns is left out that follows from a campaign's.
"""

from __future__ import annotations

from publications.invariants import IS_ORPHANED
from publications.tallies.count_publications import summed
from publications.tallies.models import OF_EVERYTHING

TALLIED = "publications_publication JOIN tallies_tallyprogress progress ON publications_publication.id <= counted_up_to"

# `publications`, `codes`, `attempts` of `off`: how many more are tallied than there are. The looks at codes and ledger
# are subqueries of what differs: a sound database pays nothing for them.
OFF = f"""
WITH off AS MATERIALIZED (
    SELECT campaign_id, day, channel, result, reason,
           coalesce(t.publications, 0) - coalesce(counted.publications, 0) AS publications,
           coalesce(t.codes, 0) - coalesce(counted.codes, 0) AS codes,
           coalesce(t.attempts, 0) - coalesce(counted.attempts, 0) AS attempts
      FROM ({summed(TALLIED, zone="progress.time_zone")}) AS counted
      FULL JOIN tallies_daytally t USING (campaign_id, day, channel, result, reason)
     WHERE (coalesce(counted.publications, 0), coalesce(counted.codes, 0), coalesce(counted.attempts, 0))
        <> (coalesce(t.publications, 0), coalesce(t.codes, 0), coalesce(t.attempts, 0))
), orphaned AS MATERIALIZED (
    SELECT v.campaign_id, (v.published_at AT TIME ZONE (SELECT time_zone FROM tallies_tallyprogress))::date AS day,
           count(*) AS codes
      FROM codes_voucher v WHERE {IS_ORPHANED} GROUP BY 1, 2
), lacking AS MATERIALIZED (
    SELECT p.campaign_id, (p.created_at AT TIME ZONE (SELECT time_zone FROM tallies_tallyprogress))::date AS day,
           sum(p.voucher_count - coalesce(l.held, 0)) AS codes
      FROM publications_publication p
      LEFT JOIN (SELECT publication_id, count(*) AS held FROM publications_publishedvoucher GROUP BY publication_id) l
             ON l.publication_id = p.id
     WHERE p.voucher_count > coalesce(l.held, 0) GROUP BY 1, 2
), told AS MATERIALIZED (
    SELECT off.*,
           coalesce((SELECT sum(o.codes) FROM orphaned o WHERE o.day = off.day
                        AND (off.campaign_id = {OF_EVERYTHING} OR o.campaign_id = off.campaign_id)), 0) AS orphaned,
           coalesce((SELECT sum(o.codes) FROM lacking o WHERE o.day = off.day
                        AND (off.campaign_id = {OF_EVERYTHING} OR o.campaign_id = off.campaign_id)), 0) AS lacking
      FROM off
), total AS MATERIALIZED (
    SELECT day, channel, result, reason, sum(publications) AS publications, sum(codes) AS codes, sum(attempts) AS attempts
      FROM off WHERE campaign_id <> {OF_EVERYTHING} GROUP BY 1, 2, 3, 4
)
SELECT 'of ' || told.day || ', ' || told.channel || ', ' || told.result || ', '
       || CASE WHEN told.campaign_id = {OF_EVERYTHING} THEN 'all campaigns' ELSE 'campaign ' || told.campaign_id END
  FROM told LEFT JOIN total USING (day, channel, result, reason)
 WHERE NOT (told.result = 'SUCCESS' AND told.attempts = told.publications
            AND (told.publications BETWEEN 1 AND orphaned AND told.codes BETWEEN told.publications - lacking AND orphaned
                 OR told.publications = 0 AND told.codes BETWEEN -lacking AND -1))
   AND NOT (told.campaign_id = {OF_EVERYTHING}
            AND ((told.publications, told.codes, told.attempts)
                 IS NOT DISTINCT FROM (total.publications, total.codes, total.attempts)
                 OR EXISTS (SELECT FROM off WHERE off.campaign_id <> {OF_EVERYTHING}
                               AND (off.day, off.channel, off.result, off.reason)
                                   = (told.day, told.channel, told.result, told.reason)
                               AND (off.publications, off.codes, off.attempts)
                                   = (told.publications, told.codes, told.attempts))))
"""  # noqa: S608 - our own constants

WHAT_MUST_HOLD = [
    (
        "the tallies of a day agree with the publications that they count",
        "tally",
        "SELECT count(*) FROM tallies_daytally",
        OFF,
    ),
]
