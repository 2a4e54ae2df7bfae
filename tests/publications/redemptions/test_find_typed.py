"""A code as somebody types it: blanks, dashes and case are forgiven, look-alikes where only one can be meant."""

import pytest

from publications.redemptions.queries.find_typed import SHAPES, find_typed
from tests.support.factories import (
    CampaignFactory,
    CustomerFactory,
    StandaloneVoucherFactory,
    VoucherFactory,
    published,
)
from tests.support.plans import analyse, plan

pytestmark = pytest.mark.django_db


def found(typed, *, sees_unpublished=True):
    voucher = find_typed(typed, sees_unpublished=sees_unpublished)
    return voucher and voucher.code


@pytest.mark.parametrize(
    "typed", ["ROAST-77AB", " roast-77ab ", "roast 77 ab", "ROAST77AB", "R-O-A-S-T-7-7-A-B", "roast–77ab"]
)
def test_blanks_dashes_and_case(typed):
    VoucherFactory(code="ROAST-77AB")

    assert found(typed) == "ROAST-77AB"


@pytest.mark.parametrize("typed", ["SPRING20", "spring20", "spring 20", "SPRING-20"])
def test_a_code_of_no_campaign(typed):
    StandaloneVoucherFactory(code="SPRING20")

    assert found(typed) == "SPRING20"


@pytest.mark.parametrize(
    ("charset", "code", "typed", "meant"),
    [
        ("0123456789", "X-10010010", "x l00i0o1o", True),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "X-OLOXOAOB", "X-0L0X0A0B", True),
        ("01OI23456789", "X-0101OIO2", "x-o1o10i02", False),  # several are meant
        ("abcdABCD", "X-abcdABCD", "X-abcdABCD", True),
        ("abcdABCD", "X-abcdABCD", "x abcdabcd", False),
    ],
)
def test_look_alikes_where_the_alphabet_has_one_of_them(charset, code, typed, meant):
    VoucherFactory(code=code, campaign=CampaignFactory(code_charset=charset, code_prefix="X-", code_length=8))

    assert found(typed) == (code if meant else None)


def test_a_literal_part_may_be_misread_as_well():
    VoucherFactory(code="GOLD-2345", campaign=CampaignFactory(code_pattern="GOLD-####"))

    assert found("go1d 2345") == "GOLD-2345"


def test_what_was_typed_exactly_comes_first_and_what_may_be_two_is_neither():
    StandaloneVoucherFactory(code="AB-C")
    StandaloneVoucherFactory(code="ABC")

    assert (found("AB-C"), found("ABC")) == ("AB-C", "ABC")
    assert found("abc") == "ABC"


@pytest.mark.parametrize("typed", ["", " ", "-", "\x00", "ROAST-77", "%", "x" * 300])
def test_what_is_no_code_finds_nothing(typed):
    VoucherFactory(code="ROAST-77AB")

    assert found(typed) is None


def test_an_unpublished_code_is_found_by_who_may_know_of_it():
    voucher = VoucherFactory(code="ROAST-77AB")
    assert found("roast77ab", sees_unpublished=False) is None

    published(voucher, CustomerFactory())

    assert found("roast77ab", sees_unpublished=False) == "ROAST-77AB"


def test_it_takes_three_queries(django_assert_num_queries):
    CampaignFactory.create_batch(30, codes=1)

    with django_assert_num_queries(3):
        found("nothing like it")


def test_a_campaign_without_codes_costs_no_look_through_those_of_others():
    CampaignFactory(codes=2_000)
    CampaignFactory()
    analyse("codes_voucher", "campaigns_campaign")

    shown = plan(SHAPES, [9], options="ANALYZE, TIMING OFF")

    assert "Index Scan using voucher_of_campaign" in shown
    assert "Rows Removed by Filter" not in shown.split("codes_voucher v", 1)[1]
