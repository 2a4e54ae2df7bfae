"""Keeps the tallies right when a publication gets more codes after it was counted: a hand-out grows as it goes."""

from __future__ import annotations

from django.db import connection

from publications.tallies.count_publications import hold_tallies
from publications.tallies.models import OF_EVERYTHING

STATEMENT = f"""
UPDATE publications_daytally t SET codes = t.codes + %(codes)s
  FROM publications_publication p
 WHERE p.id = %(publication)s AND t.campaign_id IN ({OF_EVERYTHING}, p.campaign_id)
   AND t.day = (p.created_at AT TIME ZONE %(zone)s::text)::date AND t.channel = p.channel AND t.result = p.result
"""  # noqa: S608 - our own constant


def count_more_codes(publication_id: int, *, codes: int) -> None:
    """Call it in the transaction that gave them, after the statement that did."""
    progress = hold_tallies()
    if publication_id > progress.counted_up_to:
        return  # it is counted later, as it is then
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, {"publication": publication_id, "codes": codes, "zone": progress.time_zone})
