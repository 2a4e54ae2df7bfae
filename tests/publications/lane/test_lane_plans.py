"""Each statement of the express lane has its plan, whatever the planner knows of the tables: by indexes, and kept."""

import re

import pytest
from django.db import connection

from publications.lane.lane import MOST
from publications.ledger.give import MOST_OF_EACH, _values
from publications.ledger.requests import Codes, PublishRequest
from publications.ledger.statements import several
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory
from tests.support.plans import analyse, forget_statistics, plan

OF_EACH = "one of each campaign"
SIZES = [*(1 << n for n in range(MOST.bit_length())), OF_EACH]
TABLES = (
    "codes_voucher", "campaigns_campaign", "publications_publication", "publications_publishedvoucher", "customers_customer",
)  # fmt: skip


@pytest.fixture
def batch(db):
    """`batch(codes, size)`: the text and the values of a batch, of a campaign of so many codes; or of each of many campaigns one."""

    def of(codes, size):
        campaigns, customer = [CampaignFactory().pk for _ in range(8 if size == OF_EACH else 1)], CustomerFactory()
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO codes_voucher (campaign_id, code)
                   SELECT (%s::bigint[])[1 + n %% %s], 'X' || n FROM generate_series(1, %s) AS n""",
                [campaigns, len(campaigns), codes],
            )
        asked = campaigns if size == OF_EACH else campaigns * size
        requests = [PublishRequest(campaign, customer.pk, "API", "api", STAFF) for campaign in asked]
        text = several(
            Codes.NEXT_OF_EACH if size == OF_EACH else Codes.NEXT, vouchers=True, waits=False,
            limit=str(MOST_OF_EACH if size == OF_EACH else size),
        )  # fmt: skip
        return text, _values(requests) | {"after": 0, "publication": None}

    return of


@pytest.mark.django_db  # in a transaction, into which autovacuum does not see
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("codes", "analysed"), [(60, False), (60, True), (20_000, True)])
def test_the_pool_is_walked_by_its_index_and_nothing_large_is_scanned(batch, codes, analysed, size):
    text, values = batch(codes, size)
    (analyse if analysed else forget_statistics)(*TABLES)

    found = plan(text, values)

    # A table of which it knows that it is a page or two, it may read as it likes: it plans anew when it knows more.
    if not analysed or codes > 60:
        assert "Index Scan using voucher_pool on codes_voucher v" in found, found
    assert not re.search(f"Seq Scan on publications_{'|Seq Scan on codes_voucher' if codes > 60 else ''}", found), found


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [1, 8, 64, OF_EACH])
def test_the_plan_of_each_is_kept(batch, size):
    text, values = batch(200, size)
    connection.close()
    connection.close_pool()  # and with its sessions what other tests' rows have led to
    analyse(*TABLES)

    with connection.cursor() as cursor:
        for _ in range(8):
            cursor.execute(text, values)
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %s",
            ["%SKIP LOCKED%json_to_recordset%"],
        )
        ((kept, made_anew),) = cursor.fetchall()

    assert kept > 0
    assert made_anew <= 5  # so many are tried
