"""Codes made inside the caller's transaction: exactly as many as wanted, or nothing and the arithmetic."""

import pytest
from django.db import transaction

from campaigns.codes.actions.extend_pool import CodeSpaceExhausted, extend_pool
from campaigns.codes.models import Voucher
from campaigns.models import Campaign

pytestmark = pytest.mark.django_db


def campaign(name="Autumn", **fields):
    return Campaign.objects.create(name=name, **fields)


def test_the_pool_gets_exactly_so_many_codes_and_a_new_version():
    autumn = campaign(code_prefix="ROAST-", code_length=6)

    assert extend_pool(autumn, count=500) == 500

    codes = Voucher.objects.filter(campaign=autumn, published_at=None, active=True, type="DISCOUNT_VOUCHER")
    assert codes.count() == 500
    assert all(code.startswith("ROAST-") and len(code) == 12 for code in codes.values_list("code", flat=True))
    autumn.refresh_from_db()
    assert autumn.pool_version == 1


def test_a_gift_campaign_makes_gift_codes():
    gifts = campaign(kind="GIFT_VOUCHERS", gift_amount=25)

    extend_pool(gifts, count=1)

    assert Voucher.objects.get().type == "GIFT_VOUCHER"


def test_two_places_of_digits_give_all_hundred_codes_and_not_one_more():
    tiny = campaign(code_charset="0123456789", code_pattern="##")

    extend_pool(tiny, count=60)
    extend_pool(tiny, count=40)

    assert sorted(Voucher.objects.values_list("code", flat=True)) == [f"{n:02}" for n in range(100)]
    with pytest.raises(CodeSpaceExhausted) as exhausted, transaction.atomic():
        extend_pool(tiny, count=1)
    assert str(exhausted.value) == (
        "10 characters in 2 random positions give 100 codes, and too few are free: found only 0 of 1. "
        "Give the campaign more random positions or more characters."
    )
    assert Voucher.objects.count() == 100


def test_codes_of_other_campaigns_and_deleted_ones_are_taken():
    first = campaign("First", code_charset="01", code_pattern="#")
    second = campaign("Second", code_charset="01", code_pattern="#")
    extend_pool(first, count=1)
    Voucher.objects.update(deleted_at="2026-01-01T00:00Z")

    extend_pool(second, count=1)

    assert sorted(Voucher.objects.values_list("code", flat=True)) == ["0", "1"]


def test_an_exhausted_space_leaves_nothing_half_made():
    tiny = campaign(code_charset="01", code_pattern="##")

    with pytest.raises(CodeSpaceExhausted), transaction.atomic():
        extend_pool(tiny, count=5)

    assert Voucher.objects.count() == 0
