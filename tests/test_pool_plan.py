"""The planner serves the hand-out statement from the pool's own index, never by walking the primary key (ADR 0003)."""

import pytest
from django.db import connection

from publications.take_codes import NEXT, SEVERAL
from tests.factories import CampaignFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("taken", [0, 9_000])
def test_the_pool_index_serves_the_statement(analysed, taken):
    campaign = CampaignFactory(codes=10_000)
    CampaignFactory(codes=10_000)
    first = campaign.vouchers.order_by("pk").first().pk
    with connection.cursor() as cursor:
        cursor.execute("UPDATE campaigns_voucher SET published_at = now() WHERE id < %s", [first + taken])
        if analysed:
            cursor.execute("ANALYZE campaigns_voucher")

        cursor.execute(
            f"EXPLAIN {NEXT.format(limit=SEVERAL)}", {"campaign": campaign.pk, "after": first + taken, "count": 1}
        )
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert "Index Scan using voucher_pool" in plan
    assert "Sort" not in plan
