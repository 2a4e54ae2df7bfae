"""Short forms of filters find their few rows by an index, however long the history is."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory, published
from tests.support.plans import analyse, plan

pytestmark = pytest.mark.django_db

# 30,000 rows of others' beside three of each kind that are looked for. The newest are the others'.
PUBLICATIONS = """
INSERT INTO publications_publication
    (created_at, result, campaign_id, customer_id, channel, origin, actor_kind, actor_label, voucher_count, failure_code,
     failure_reason, failure_message, source_id)
  SELECT now() - n * interval '1 second', CASE WHEN n %% 3 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END, %(campaign)s, %(customer)s,
         'API', 'api', 'api_key', 'Shop', 0, CASE WHEN n %% 3 = 0 THEN 'voucher_already_published' END,
         CASE WHEN n %% 3 = 0 THEN 'already_published' ELSE '' END,
         CASE WHEN n %% 3 = 0 THEN 'Already' END, 'order-' || n
    FROM generate_series(1, 30000) AS n
"""
REDEMPTIONS = """
INSERT INTO redemptions_redemption
  (created_at, kind, result, voucher_id, campaign_id, customer_id, actor_kind, actor_label, redeemed_quantity, failure_code,
   failure_message)
SELECT now() - n * interval '1 second', 'redemption', CASE WHEN n %% 3 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END, %(voucher)s,
       %(campaign)s, %(customer)s, 'api_key', 'Shop', 1, CASE WHEN n %% 3 = 0 THEN 'quantity_exceeded' END,
       CASE WHEN n %% 3 = 0 THEN 'Used up' END
  FROM generate_series(1, 30000) AS n
"""


@pytest.fixture(scope="module")
def history(one_transaction):
    """The few that are looked for, beside the many."""
    few, many = CampaignFactory(name="Few"), CampaignFactory(name="Many")
    voucher = VoucherFactory(campaign=few, code="FEW-1")
    customer = CustomerFactory()
    published(voucher, customer)
    others = {"campaign": many.pk, "customer": CustomerFactory().pk, "voucher": VoucherFactory(campaign=many).pk}
    with connection.cursor() as cursor:
        cursor.execute(PUBLICATIONS, others)
        cursor.execute(REDEMPTIONS, others)
    analyse(
        *("publications_publication", "redemptions_redemption", "publications_publishedvoucher"),
        *("codes_voucher", "campaigns_campaign", "customers_customer"),
    )
    return {"voucher": voucher.public_id, "campaign": few.public_id, "customer": customer.public_id}


@pytest.mark.parametrize(
    "query",
    [
        *("publications?campaign_name=Few", "publications?parent_object_id={campaign}", "publications?campaign={campaign}"),
        *("publications?customer_id={customer}", "publications?voucher_code=FEW-1", "publications?voucher=FEW-1"),
        *("publications?related_object_id={voucher}", "publications?failure_code=voucher_expired"),
        *("publications?source_id=order-7", "publications?source_id=order-9", "publications?source_id=none"),
        *("redemptions?campaign_name=Few", "redemptions?related_object_parent_id={campaign}"),
        *("redemptions?voucher_code=FEW-1", "redemptions?related_object_id={voucher}"),
        *("redemptions?customer_id={customer}", "redemptions?failure_code=voucher_expired", "redemptions?campaign=Few"),
    ],
)  # fmt: skip
def test_no_list_reads_more_than_it_shows(history, query):
    resource = query.partition("?")[0]
    caller, table = Api(), f"{resource}_{resource.removesuffix('s')}"

    with CaptureQueriesContext(connection) as asked:
        answer = caller.get(query.format(**history))

    assert answer.status == 200
    plans = [
        plan(each["sql"], options="ANALYZE, COSTS off, TIMING off")
        for each in asked
        if f'FROM "{table}"' in each["sql"]
    ]
    assert len(plans) >= 2, "the page, and how many there are"
    for found in plans:
        assert f"Seq Scan on {table}" not in found
        assert read(found) < 500, found


def read(plan: str) -> float:
    """Rows that were read, those that a filter threw away included."""
    lines = [line.split() for line in plan.splitlines()]
    removed = sum(float(words[-1]) for words in lines if words[:3] == ["Rows", "Removed", "by"])
    return removed + sum(float(part[5:]) for words in lines for part in words if part.startswith("rows="))
