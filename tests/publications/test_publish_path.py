"""What a call that publishes costs the database (docs/adr, 0017): its round trips, and a plan that is kept."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory
from tests.support.plans import analyse

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def publish():
    shop = Api("publish")
    CampaignFactory(name="Coffee", codes=20)
    CustomerFactory(source_id="12344")
    connection.close_pool()  # and with its sessions the plans that other tests' rows have led to
    analyse("codes_voucher", "campaigns_campaign", "customers_customer", "publications_publication")

    def call():
        assert shop.post("publications", {"campaign": "Coffee", "customer": "12344"}).status == 200

    call()  # notes that the key is in use
    return call


def test_it_is_three_round_trips(publish):
    with CaptureQueriesContext(connection) as queries:
        publish()

    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT", "WITH"]
    assert "ORDER BY" not in "".join(query["sql"] for query in queries[:2])  # by hand: the ORM's `.first()` orders


def test_the_plan_of_the_statement_is_kept(publish):
    for _ in range(8):
        publish()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE '%SKIP LOCKED%'"
        )
        kept, made_anew = cursor.fetchone()
    assert kept > 0
    assert made_anew <= 5  # so many are tried
