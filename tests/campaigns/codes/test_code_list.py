"""The list of all codes: who sees what, what finds what, and at what cost."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.codes.actions.extend_pool import extend_pool
from campaigns.codes.models import Voucher
from campaigns.codes.queries.find import vouchers_to_see
from campaigns.pages.filters import CodeFilter
from tests.support.factories import CampaignFactory, StandaloneVoucherFactory, VoucherFactory, published
from tests.support.plans import analyse

pytestmark = pytest.mark.django_db
URL = "/codes/"
YESTERDAY = timezone.now() - timedelta(days=1)


def found(reveals=True, **query):
    return {voucher.code for voucher in CodeFilter(query, vouchers_to_see(), reveals=reveals).qs}


@pytest.fixture
def published_code(transactional_db):
    voucher = VoucherFactory(code="ROAST-PUBLISHED")
    published(voucher)
    return voucher


def test_a_published_code_is_shown_to_an_operator_and_masked_for_a_viewer(published_code, signed_in):
    assert "ROAST-PUBLISHED" in signed_in("Operator").get(URL).content.decode()
    page = signed_in("Viewer").get(URL).content.decode()
    assert "ROAST-PUBLISHED" not in page
    assert "••••••ED" in page


@pytest.mark.parametrize("role", ["Viewer", "Operator", "Exporter", "Manager"])
def test_an_unpublished_code_is_masked_for_everybody(signed_in, role):
    VoucherFactory(code="ROAST-POOLED")

    page = signed_in(role).get(URL).content.decode()

    assert "ROAST-POOLED" not in page
    assert "••••••ED" in page


def test_a_published_code_is_found_by_its_beginning_as_typed_or_in_capitals(published_code):
    VoucherFactory(code="small")

    assert found(q="ROAST-P") == found(q="roast-p") == {"ROAST-PUBLISHED"}
    assert found(q="small") == {"small"}
    assert found(q="SMALL") == set()
    assert found(q="PUBLISHED") == set()
    assert found(q=published_code.public_id) == {"ROAST-PUBLISHED"}


def test_an_unpublished_code_is_found_by_the_whole_of_it_alone():
    """Else whoever can search could read a masked code, one character after the other."""
    VoucherFactory(code="ROAST-POOLED")

    assert found(q="ROAST-POOLE") == set()
    assert found(q="ROAST-POOLED") == {"ROAST-POOLED"}


def test_a_viewer_finds_codes_by_the_whole_of_them_alone(published_code):
    assert found(q="ROAST-P", reveals=False) == set()
    assert found(q="ROAST-PUBLISHED", reveals=False) == {"ROAST-PUBLISHED"}


def test_each_filter(published_code):
    campaign = CampaignFactory(name="Autumn")
    VoucherFactory(code="POOLED", campaign=campaign)
    VoucherFactory(code="DISABLED", campaign=campaign, active=False)
    VoucherFactory(code="EXPIRED", campaign=campaign, expiration_date=YESTERDAY)
    StandaloneVoucherFactory(code="ALONE", type="GIFT_VOUCHER", gift_amount=5)

    assert found(status="pool") == {"POOLED", "ALONE"}
    assert found(status="redeemable") == {"ROAST-PUBLISHED"}
    assert found(status="disabled") == {"DISABLED"}
    assert found(status="expired") == {"EXPIRED"}
    assert found(belongs="standalone") == found(type="GIFT_VOUCHER") == {"ALONE"}
    assert found(campaign="Autumn") == found(campaign=campaign.public_id) == {"POOLED", "DISABLED", "EXPIRED"}
    assert found(campaign="autu") == found(campaign="Autumn")
    assert found(campaign="winter") == set()


def test_deleted_codes_and_those_of_deleted_campaigns_are_not_listed():
    VoucherFactory(code="DELETED", deleted_at=YESTERDAY)
    VoucherFactory(code="HIDDEN", campaign__deleted_at=YESTERDAY)
    StandaloneVoucherFactory(code="ALONE")

    assert found() == {"ALONE"}


def test_a_code_without_a_value_of_its_own_shows_the_campaigns(signed_in):
    VoucherFactory(campaign__discount_value=15)
    VoucherFactory(discount_type="PERCENT", discount_value=99)

    page = signed_in("Viewer").get(URL).content.decode()

    assert "15% off" in page
    assert "99% off" in page


def test_the_type_ahead_of_campaigns_offers_names(signed_in):
    CampaignFactory(name="Autumn Roast")
    CampaignFactory(name="Deleted Roast", deleted_at=YESTERDAY)

    options = signed_in("Viewer").get("/campaigns/suggest", {"q": "roast"}).content.decode()

    assert 'data-value="Autumn Roast"' in options
    assert "Deleted" not in options


@pytest.mark.parametrize("rows", [1, 50])
def test_the_page_costs_the_same_queries_for_1_and_50_codes(signed_in, rows):
    for _ in range(rows):
        VoucherFactory()
    client = signed_in("Viewer")

    with CaptureQueriesContext(connection) as queries:
        assert client.get(URL).status_code == 200

    # session, user, settings, permissions of the user and of the groups, count, rows with their campaigns
    assert len(queries) == 7


def test_the_few_of_a_state_are_not_looked_for_among_all():
    extend_pool(CampaignFactory(), count=20_000)
    Voucher.objects.update(published_at=YESTERDAY)
    analyse("codes_voucher", "campaigns_campaign")

    for status, index in {"pool": "pool", "disabled": "disabled", "retired": "withdrawn"}.items():
        assert f"voucher_{index}" in CodeFilter({"status": status}, vouchers_to_see(), reveals=True).qs[:25].explain()


def test_a_state_that_no_index_finds_is_looked_for_among_the_newest_and_the_page_says_so(signed_in, monkeypatch):
    monkeypatch.setattr("campaigns.pages.filters.LOOKED_THROUGH", 2)
    old = VoucherFactory(expiration_date=YESTERDAY)
    VoucherFactory(campaign=old.campaign), VoucherFactory(campaign=old.campaign)
    client = signed_in("Manager")

    page = client.get("/codes/?status=expired").content.decode()
    further = re.search(r"beyond=(v_\w+)", page)[1]

    assert old.public_id not in page
    assert "Older entries have not been searched yet" in page
    assert old.public_id in client.get(f"/codes/?status=expired&beyond={further}").content.decode()
