"""What a failed attempt is called on the pages: what was really in the way, not only the API's key for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from publications.models import Publication, Redemption
from publications.publish import publish, publish_code
from publications.redemptions.redeem import redeem
from publications.redemptions.refusals import RedemptionRefused
from publications.refusals import PublishRefused
from publications.state import reason_of_failure
from tests.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = (timezone.now() + timedelta(days=days) for days in (-1, 1))
HOW = {"channel": "API", "origin": "api", "by": STAFF}


@pytest.mark.parametrize(
    ("campaign", "words"),
    [
        ({}, "Pool empty"),
        ({"expiration_date": YESTERDAY, "codes": 2}, "Expired"),
        ({"auto_update": True, "code_pattern": "ONLY-#", "code_charset": "12"}, "No new codes"),
    ],
)
def test_of_a_pool(campaign, words):
    for code in ("ONLY-1", "ONLY-2"):
        VoucherFactory(code=code)
    with pytest.raises(PublishRefused):
        publish(CampaignFactory(**campaign), CustomerFactory(), **HOW)

    assert reason_of_failure(Publication.objects.get()) == words


@pytest.mark.parametrize(
    ("voucher", "words"),
    [
        ({"active": False}, "Disabled"),
        ({"expiration_date": YESTERDAY}, "Expired"),
        ({"campaign__expiration_date": YESTERDAY}, "Expired"),
    ],
)
def test_of_a_code(voucher, words):
    with pytest.raises(PublishRefused):
        publish_code(VoucherFactory(**voucher), CustomerFactory(), **HOW)

    assert reason_of_failure(Publication.objects.get()) == words


def test_of_a_code_that_is_taken_and_of_one_too_many():
    campaign, mara = CampaignFactory(join_once=True), CustomerFactory()
    first, second = VoucherFactory(campaign=campaign), VoucherFactory(campaign=campaign)
    published(first, mara)
    for voucher, customer in ((first, CustomerFactory()), (second, mara)):
        with pytest.raises(PublishRefused):
            publish_code(voucher, customer, **HOW)

    failures = Publication.objects.filter(result="FAILURE").order_by("pk")
    assert [reason_of_failure(failure) for failure in failures] == ["Already published", "Already joined"]


@pytest.mark.parametrize(
    ("voucher", "words"),
    [
        ({"active": False}, "Disabled"),
        ({"campaign__start_date": TOMORROW}, "Not started"),
        ({"expiration_date": YESTERDAY}, "Expired"),
        ({"redemption_limit": 1, "redeemed_quantity": 1, "used": True}, "Used up"),
    ],
)
def test_of_a_redemption(voucher, words):
    with pytest.raises(RedemptionRefused):
        redeem(VoucherFactory(**voucher), by=STAFF)

    assert reason_of_failure(Redemption.objects.get()) == words
