"""What the database refuses of campaigns and codes, whoever writes: values, counters and dates that make no sense."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.refusals import QuantityExceeded
from tests.support.factories import STAFF, CampaignFactory, StandaloneVoucherFactory, published

pytestmark = pytest.mark.django_db
EARLY, LATE = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "columns",
    [
        {"discount_type": "AMOUNT", "discount_value": 0},
        {"discount_type": "PERCENT", "discount_value": 100},
        {"discount_type": None, "discount_value": None, "gift_amount": 1},
        {"discount_type": None, "discount_value": None, "gift_amount": 0, "used": True},
        {"redeemed_quantity": 2, "redeemed_amount": 1, "used": True},
        {"start_date": EARLY, "expiration_date": LATE},
        {"start_date": LATE},
        {"redeemed_quantity": 0, "redemption_limit": 1},
    ],
)
def test_a_code_that_makes_sense_is_taken(columns):
    assert StandaloneVoucherFactory(**columns).pk


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"discount_type": "AMOUNT", "discount_value": -1}, "voucher_value_not_negative"),
        ({"gift_amount": -1}, "voucher_gift_amount_positive"),
        ({"gift_amount": -1, "used": True}, "voucher_gift_amount_positive"),
        ({"gift_amount": 0}, "voucher_gift_amount_positive"),
        ({"redemption_limit": 0}, "voucher_limit_positive"),
        ({"redeemed_quantity": 1}, "voucher_used_left_the_pool"),
        ({"redeemed_amount": 1}, "voucher_used_left_the_pool"),
        ({"withdrawn_at": EARLY}, "voucher_withdrawn_says_why"),
        ({"withdrawn_why": "used"}, "voucher_withdrawn_says_why"),
        ({"withdrawn_at": EARLY, "withdrawn_why": "whim"}, "voucher_withdrawn_says_why"),
        (
            {"withdrawn_at": EARLY, "withdrawn_why": "retired", "published_at": EARLY},
            "voucher_withdrawn_is_not_published",
        ),
        ({"discount_value": 101}, "voucher_percent_up_to_100"),
        ({"discount_value": 0}, "voucher_percent_up_to_100"),
        ({"start_date": LATE, "expiration_date": EARLY}, "voucher_expires_after_start"),
        ({"start_date": LATE, "expiration_date": LATE}, "voucher_expires_after_start"),
        ({"redeemed_quantity": -1}, "redeemed_quantity"),
        ({"redemption_limit": -1}, "redemption_limit"),
    ],
)
def test_a_code_that_makes_no_sense_is_refused(columns, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        StandaloneVoucherFactory(**columns)

    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"discount_type": "AMOUNT", "discount_value": -1}, "campaign_discount_not_negative"),
        ({"start_date": LATE, "expiration_date": EARLY}, "campaign_expires_after_start"),
        ({"reserve": -1}, "reserve"),
        ({"redemption_limit": 0}, "campaign_limit_positive"),
        ({"gift_amount": 0}, "campaign_gift_amount_positive"),
        ({"kind": "GIFT_VOUCHERS", "gift_amount": None}, "campaign_gift_has_amount"),
    ],
)
def test_a_campaign_that_makes_no_sense_is_refused(columns, constraint):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        CampaignFactory(**columns)

    assert not Campaign.objects.exists()


def test_a_code_may_be_given_that_expires_before_it_starts():
    """A campaign's duration counts from the publication, also where that is before the code's start."""
    campaign = CampaignFactory(activity_duration="P1D")
    voucher = Voucher.objects.create(campaign=campaign, code="SOON", start_date=LATE)

    published(voucher)

    assert Voucher.objects.get().expiration_date < LATE


def test_a_counter_that_is_at_its_end_is_used_up():
    """As an import of an older version may have brought it."""
    voucher = StandaloneVoucherFactory(used=True, redeemed_quantity=2**31 - 1)

    with pytest.raises(QuantityExceeded):
        redeem(voucher, by=STAFF)
