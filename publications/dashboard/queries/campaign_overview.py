"""The counts above the tabs of a campaign's page, and in them: what its rooms hold, in one query."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import connection

from campaigns.codes.pool import IN_POOL
from campaigns.codes.queries.count_codes import COUNTED, LARGE, CodeCount, kept_count
from campaigns.models import Campaign
from config.postgres.plan_for_values import plan_for_values


class Figures(NamedTuple):
    """Of a campaign. `publications` is counted up to 10,001."""

    publications: int
    exports: int


FIGURES = """
SELECT (SELECT count(*) FROM (SELECT FROM publications_publication WHERE campaign_id = %(campaign)s LIMIT 10001) AS p)
           AS publications,
       (SELECT count(*) FROM exports_export WHERE campaign_id = %(campaign)s) AS exports
"""


def figures_of(campaign: Campaign) -> Figures:
    with plan_for_values(), connection.cursor() as cursor:
        cursor.execute(FIGURES, {"campaign": campaign.pk})
        return Figures(*cursor.fetchone())


class Reached(NamedTuple):
    """The customers who hold, or held, a code of the campaign, and by how many codes."""

    customers: int
    codes: int
    in_all: bool = True  # False: among the first LARGE of the publications only, so "at least"

    @property
    def each(self) -> float:
        """Codes a customer."""
        return self.codes / self.customers if self.customers else 0


class Overview(NamedTuple):
    """What stands above a campaign's history, in one query."""

    figures: Figures
    last_failed_at: datetime | None
    codes: CodeCount
    reached: Reached


OVERVIEW = """
SELECT figures.*, (SELECT max(created_at) FROM publications_publication
                    WHERE campaign_id = %(campaign)s AND result = 'FAILURE'), more.*
  FROM ({figures}) AS figures, ({more}) AS more
"""
# A campaign that is not known to be large is counted here and now.
FRESH = OVERVIEW.format(
    figures=FIGURES,
    more=f"""
SELECT * FROM (SELECT {COUNTED} FROM codes_voucher v WHERE campaign_id = %(campaign)s) AS codes, (
    SELECT count(DISTINCT customer_id), coalesce(sum(voucher_count), 0), count(*) < %(large)s FROM (
        SELECT customer_id, voucher_count FROM publications_publication
         WHERE campaign_id = %(campaign)s AND result = 'SUCCESS' AND voided_at IS NULL AND customer_id IS NOT NULL
         LIMIT %(large)s) AS p) AS reached""",  # noqa: S608 - our own constants
)
# Of a large one it is only looked whether its pool has run out since.
KEPT = OVERVIEW.format(
    figures=FIGURES,
    more=f"SELECT EXISTS (SELECT FROM codes_voucher v WHERE v.campaign_id = %(campaign)s AND {IN_POOL})",  # noqa: S608
)


def overview_of(campaign: Campaign) -> Overview:
    codes = kept_count(campaign)
    with plan_for_values(), connection.cursor() as cursor:
        cursor.execute(KEPT if codes else FRESH, {"campaign": campaign.pk, "large": LARGE})
        publications, exports, last_failed_at, *more = cursor.fetchone()
    if codes:
        kept = campaign.kept_count
        codes = codes._replace(left=max(codes.left, 1) if more[0] else 0)
        reached = Reached(kept.customers, kept.customer_codes)
    else:
        codes, reached = CodeCount(*more[:4]), Reached(*more[4:])
    return Overview(Figures(publications, exports), last_failed_at, codes, reached)
