"""What a failed attempt is called on the pages: what was really in the way, not only the API's key for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from publications.actions.publish import publish, publish_code
from publications.models import Publication
from publications.pages.filters import history
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused
from publications.refusals import FailureReason, PublishRefused
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db
YESTERDAY, TOMORROW = (timezone.now() + timedelta(days=days) for days in (-1, 1))
HOW = {"channel": "API", "origin": "api", "by": STAFF}


@pytest.mark.parametrize(
    ("campaign", "words"),
    [
        ({}, "Pool empty"),
        ({"expiration_date": YESTERDAY, "codes": 2}, "Campaign expired"),
        ({"auto_update": True, "code_pattern": "ONLY-#", "code_charset": "12"}, "No new codes"),
    ],
)
def test_of_a_pool(campaign, words):
    for code in ("ONLY-1", "ONLY-2"):
        VoucherFactory(code=code)
    with pytest.raises(PublishRefused):
        publish(CampaignFactory(**campaign), CustomerFactory(), **HOW)

    assert Publication.objects.get().get_failure_reason_display() == words


@pytest.mark.parametrize(
    ("voucher", "words"),
    [
        ({"active": False}, "Code disabled"),
        ({"expiration_date": YESTERDAY}, "Code expired"),
        ({"campaign__expiration_date": YESTERDAY}, "Campaign expired"),
        ({"redemption_limit": 1, "redeemed_quantity": 1, "used": True}, "Used up"),
        ({"withdrawn_why": "retired", "withdrawn_at": YESTERDAY}, "Retired"),
        ({"withdrawn_why": "held_back", "withdrawn_at": YESTERDAY}, "Held back"),
    ],
)
def test_of_a_code(voucher, words):
    with pytest.raises(PublishRefused):
        publish_code(VoucherFactory(**voucher), CustomerFactory(), **HOW)

    assert Publication.objects.get().get_failure_reason_display() == words


def test_of_a_code_that_is_taken_and_of_one_too_many():
    campaign, mara = CampaignFactory(join_once=True), CustomerFactory()
    first, second = VoucherFactory(campaign=campaign), VoucherFactory(campaign=campaign)
    published(first, mara)
    for voucher, customer in ((first, CustomerFactory()), (second, mara)):
        with pytest.raises(PublishRefused):
            publish_code(voucher, customer, **HOW)

    failures = Publication.objects.filter(result="FAILURE").order_by("pk")
    assert [failure.failure_reason for failure in failures] == ["already_published", "already_joined"]


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

    assert Redemption.objects.get().failure_in_words == words


def test_the_history_is_filtered_by_the_reason_and_the_report_with_it():
    empty, mara = CampaignFactory(), CustomerFactory()
    for act in (lambda: publish(empty, mara, **HOW), lambda: publish_code(VoucherFactory(active=False), mara, **HOW)):
        with pytest.raises(PublishRefused):
            act()
    first, second = Publication.objects.order_by("pk")

    assert list(history(filters={"result": "pool_empty"}).qs) == [first]
    assert list(history(filters={"result": "code_disabled"}, whole=True).qs) == [second]
    assert list(history(campaign=empty, filters={"result": "code_disabled"}).qs) == []
    assert not history(filters={"result": "nonsense"}).is_valid()


def test_every_attempt_that_is_kept_has_a_reason_of_its_own():
    kinds = [kind for kind in every_kind_of(PublishRefused) if kind.is_attempt and kind.key]
    unnamed = [kind.__name__ for kind in kinds if kind.reason == FailureReason.OTHER]

    assert unnamed == ["VoucherCannotBePublished", "VoucherWithdrawn"]  # the first is never raised, the second has two


def every_kind_of(kind: type[PublishRefused]):
    for below in kind.__subclasses__():
        yield below
        yield from every_kind_of(below)
