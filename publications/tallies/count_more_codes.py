"""Keeps the tallies right when a publication changes after being counted: a hand-out grows, codes are released."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection

from publications.tallies.count_publications import hold_tallies
from publications.tallies.models import OF_EVERYTHING

STATEMENT = f"""
UPDATE tallies_daytally t SET codes = t.codes + %(codes)s
  FROM publications_publication p
 WHERE p.id = %(publication)s AND t.campaign_id IN ({OF_EVERYTHING}, p.campaign_id)
   AND t.day = (p.created_at AT TIME ZONE %(zone)s::text)::date AND t.channel = p.channel AND t.result = p.result
"""  # noqa: S608 - our own constant


def count_more_codes(publication_id: int, *, codes: int) -> None:
    """Call it in the transaction that gave the codes, after the statement that did."""
    progress = hold_tallies()
    if publication_id > progress.counted_up_to:
        return  # it is counted later, as it is then
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, {"publication": publication_id, "codes": codes, "zone": progress.time_zone})


RELEASED = f"""
UPDATE tallies_daytally t SET codes = t.codes - released.codes
  FROM (SELECT scope, (p.created_at AT TIME ZONE %(zone)s::text)::date AS day, p.channel, p.result, count(*) AS codes
          FROM publications_publishedvoucher l
          JOIN publications_publication p ON p.id = l.publication_id AND p.id <= %(counted_up_to)s
         CROSS JOIN LATERAL (VALUES ({OF_EVERYTHING}), (p.campaign_id)) AS scopes (scope)
         WHERE l.id = ANY(%(ledger)s)
         GROUP BY 1, 2, 3, 4) AS released
 WHERE t.campaign_id = released.scope AND t.day = released.day AND t.channel = released.channel
   AND t.result = released.result
"""  # noqa: S608 - our own constant


def count_released(ledger: Sequence[int]) -> None:
    """`ledger`: the keys of the rows just released. Call it in the transaction that released them, after the statement
    that did. What is not counted yet is counted later, without them.
    """
    progress = hold_tallies()
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "ledger": list(ledger),
            "counted_up_to": progress.counted_up_to,
            "zone": progress.time_zone,
        }
        cursor.execute(RELEASED, values)
