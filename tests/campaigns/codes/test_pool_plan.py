"""The planner serves the hand-out statement from the pool's own index, never by walking the primary key (ADR 0003)."""

import pytest
from django.db import connection

from campaigns.codes.pool import CAMPAIGN_GIVES, NOT_RESERVED
from publications.ledger.statements import NEXT, ONE_POOL
from tests.support.factories import CampaignFactory
from tests.support.plans import analyse, forget_statistics, plan

pytestmark = pytest.mark.django_db

TABLES = ("codes_voucher", "campaigns_campaign", "staff_projectsettings")
FILL = """
INSERT INTO codes_voucher (campaign_id, code, unit_type)
SELECT %s, 'P' || %s || '-' || n, '' FROM generate_series(1, 10000) AS n"""


@pytest.mark.parametrize("analysed", ["never", "while it was small", "now"])
@pytest.mark.parametrize("taken", [0, 9_000])
def test_the_pool_index_serves_the_statement(analysed, taken):
    # What earlier tests have rolled back still fills pages: of so many with six rows the planner expects nothing.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE codes_voucher CASCADE")
    campaign, other = CampaignFactory(codes=3), CampaignFactory(codes=3)
    if analysed == "while it was small":
        analyse(*TABLES)
    with connection.cursor() as cursor:
        for each in (campaign, other):
            cursor.execute(FILL, [each.pk, each.pk])
        first = campaign.vouchers.order_by("pk").first().pk
        cursor.execute("UPDATE codes_voucher SET published_at = now() WHERE id < %s", [first + taken])
    if analysed == "now":
        analyse(*TABLES)
    if analysed == "never":
        forget_statistics(*TABLES)

    asked = {"campaign": campaign.pk, "after": first + taken, "codes": 1}
    found = plan(NEXT.format(**ONE_POOL, gives=CAMPAIGN_GIVES, below=NOT_RESERVED, limit="%(codes)s"), asked)

    assert "Index Scan using voucher_pool" in found
    (condition,) = [line for line in found.splitlines() if "Index Cond: ((campaign_id" in line]
    assert "((id + 0) < (" in condition  # what is reserved is never read
    assert "Sort" not in found
