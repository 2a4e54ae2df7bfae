"""The reserve that an AUTO_UPDATE campaign keeps ahead: off by default, and never ordered twice."""

import pytest
from django.utils import timezone

from campaigns.codes.actions.extend_pool import fulfil_order
from campaigns.codes.actions.keep_reserve import keep_reserves
from campaigns.codes.models import CodeOrder, Voucher
from tests.support.factories import CampaignFactory, published

pytestmark = pytest.mark.django_db


def test_what_is_missing_is_ordered_and_only_that():
    campaign = CampaignFactory(auto_update=True, reserve=10, codes=4)

    (order,) = keep_reserves()

    assert (order.campaign, order.total, order.actor_label) == (campaign, 6, "Handout")
    assert keep_reserves() == []
    fulfil_order(order.pk)
    assert Voucher.objects.filter(campaign=campaign).count() == 10
    assert keep_reserves() == []


@pytest.mark.django_db(transaction=True)
def test_a_published_code_is_replaced():
    campaign = CampaignFactory(auto_update=True, reserve=2, codes=2)
    published(Voucher.objects.first())

    (order,) = keep_reserves()

    assert (order.campaign, order.total) == (campaign, 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"reserve": 0},
        {"auto_update": False},
        {"active": False},
        {"deleted_at": timezone.now()},
        {"expiration_date": timezone.now()},
    ],
)
def test_no_reserve_is_kept(fields):
    CampaignFactory(**({"auto_update": True, "reserve": 5} | fields))

    assert keep_reserves() == []


def test_a_full_code_space_is_not_tried_every_minute():
    CampaignFactory(name="Full", auto_update=True, reserve=200, code_charset="01", code_pattern="#")
    failed_lately = CampaignFactory(auto_update=True, reserve=5)
    CodeOrder.objects.create(campaign=failed_lately, total=5, status="failed", finished_at=timezone.now())

    assert keep_reserves() == []
