"""The history's filter by result, in the words of its pills: success, released, failed."""

import pytest
from django.db import connection

from publications.actions.publish import publish
from publications.actions.release import release
from publications.models import PublishedVoucher
from publications.pages.filters import history
from tests.publications.history.test_history_filter import failed
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, published
from tests.support.plans import analyse

pytestmark = pytest.mark.django_db

MANY = """
WITH made AS (INSERT INTO codes_voucher (campaign_id, code, unit_type, published_at)
              SELECT %s, 'MANY-' || n, '', now() FROM generate_series(1, 10000) AS n RETURNING id, code)
INSERT INTO publications_publishedvoucher (publication_id, voucher_id, code) SELECT %s, id, code FROM made"""


def test_each_result_finds_what_the_pill_says():
    campaign = CampaignFactory(codes=3)
    kept, given_up = published(), published()
    partly = publish(campaign, CustomerFactory(), count=2, channel="API", origin="api", by=STAFF)
    for voucher in (given_up.vouchers[0], partly.vouchers[0]):
        release(voucher, by=STAFF, reason="Wrong person")
    failure = failed(kept.vouchers[0])

    found = {result: list(history(filters={"result": result}).qs) for result in ("SUCCESS", "RELEASED", "FAILURE", "")}

    assert found == {
        "SUCCESS": [partly, kept],
        "RELEASED": [partly, given_up],
        "FAILURE": [failure],
        "": [failure, partly, given_up, kept],
    }


def test_the_filter_is_offered_and_kept_in_a_report(signed_in):
    campaign = CampaignFactory(codes=1)

    page = signed_in("Viewer").get("/publications/", {"result": "RELEASED"}).content.decode()
    of_campaign = history(campaign=campaign, filters={"result": "RELEASED"}, whole=True)

    assert '<option value="RELEASED" selected>Released</option>' in page
    assert of_campaign.is_valid()


def test_among_the_many_codes_of_a_hand_out_the_released_ones_are_found_by_their_index():
    hand_out = published()
    released = hand_out.vouchers[0]
    release(released, by=STAFF, reason="Wrong person")
    with connection.cursor() as cursor:
        cursor.execute(MANY, [hand_out.campaign_id, hand_out.pk])
    analyse("publications_publishedvoucher")

    rows = PublishedVoucher.objects.filter(publication=hand_out, released_at__isnull=False)

    assert "ledger_released" in rows.explain()
    assert [row.voucher for row in rows] == [released]
