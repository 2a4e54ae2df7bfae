"""Redeeming a code: what it counts, what it refuses, and what is kept of it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import (
    CampaignDisabled,
    GiftAmountExceeded,
    MissingAmount,
    NoGiftVoucher,
    QuantityExceeded,
    SameVoucherTwice,
    VoucherDisabled,
    VoucherExpired,
    VoucherGone,
    VoucherNotActive,
)
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, StandaloneVoucherFactory, VoucherFactory

pytestmark = pytest.mark.django_db


def gift(amount="50.00", **fields):
    return StandaloneVoucherFactory(
        type="GIFT_VOUCHER", discount_type=None, discount_value=None, gift_amount=amount, **fields
    )


def counted(voucher):
    found = Voucher.objects.get(pk=voucher.pk)
    return found.redeemed_quantity, str(found.redeemed_amount)


def test_a_use_is_counted_and_kept():
    customer, voucher = CustomerFactory(), VoucherFactory(redemption_limit=5, redeemed_quantity=2, used=True)

    redemption = redeem(
        voucher, customer=customer, order={"source_id": "A-1", "amount": 4200}, metadata={"till": 3}, by=STAFF
    )

    assert counted(voucher) == (3, "0.00")
    assert Redemption.objects.get() == redemption
    assert (redemption.voucher_id, redemption.campaign_id) == (voucher.pk, voucher.campaign_id)
    assert (redemption.kind, redemption.result, redemption.customer_id) == ("redemption", "SUCCESS", customer.pk)
    assert (redemption.redeemed_quantity, redemption.redemption_limit) == (3, 5)
    assert (redemption.amount, redemption.balance, redemption.stack_id) == (None, None, None)
    assert (redemption.order, redemption.metadata) == ({"source_id": "A-1", "amount": 4200}, {"till": 3})
    assert (redemption.actor_kind, redemption.actor_label) == ("user", "Test Staff")
    assert redemption.public_id.startswith("r_")


@pytest.mark.parametrize(("own", "campaigns", "uses"), [(None, 2, 2), (3, 1, 3), (1, None, 1), (None, None, 4)])
def test_the_limit_is_the_codes_own_or_its_campaigns(own, campaigns, uses):
    voucher = VoucherFactory(redemption_limit=own, campaign__redemption_limit=campaigns)

    done = 0
    for _ in range(4):
        try:
            redeem(voucher, by=STAFF)
            done += 1
        except QuantityExceeded:
            break

    assert done == uses
    assert counted(voucher)[0] == uses


def test_a_standalone_code_without_a_limit_has_none():
    voucher = StandaloneVoucherFactory()

    for _ in range(3):
        redeem(voucher, by=STAFF)

    assert counted(voucher)[0] == 3


def test_a_gift_voucher_pays_until_its_balance_is_used_up():
    voucher = gift("50.00")

    first = redeem(voucher, amount=Decimal("20.00"), by=STAFF)
    second = redeem(voucher, order={"amount": 3000}, by=STAFF)
    with pytest.raises(GiftAmountExceeded, match=r"balance is 0\.00; 0\.01 was requested"):
        redeem(voucher, amount=Decimal("0.01"), by=STAFF)

    assert [(str(use.amount), str(use.balance)) for use in (first, second)] == [("20.00", "30.00"), ("30.00", "0.00")]
    assert counted(voucher) == (2, "50.00")


def test_a_gift_vouchers_amount_is_its_campaigns_where_it_has_none():
    campaign = CampaignFactory(
        kind="GIFT_VOUCHERS", discount_type=None, discount_value=None, gift_amount=10, redemption_limit=None
    )
    plain = VoucherFactory(campaign=campaign, type="GIFT_VOUCHER")
    own = VoucherFactory(campaign=campaign, type="GIFT_VOUCHER", gift_amount=25)

    assert str(redeem(plain, amount=Decimal(4), by=STAFF).balance) == "6.00"
    assert str(redeem(own, amount=Decimal(4), by=STAFF).balance) == "21.00"


def test_the_amount_of_a_gift_voucher_must_be_said():
    with pytest.raises(MissingAmount):
        redeem(gift(), by=STAFF)
    with pytest.raises(MissingAmount):
        redeem(gift(), order={"amount": 0}, by=STAFF)
    with pytest.raises(NoGiftVoucher):
        redeem(VoucherFactory(), amount=Decimal(1), by=STAFF)

    assert Redemption.objects.count() == 0


LATER, EARLIER = timezone.now() + timedelta(days=1), timezone.now() - timedelta(days=1)


@pytest.mark.parametrize(
    ("fields", "refusal", "key"),
    [
        ({"active": False}, VoucherDisabled, "voucher_disabled"),
        ({"campaign__active": False}, CampaignDisabled, "voucher_disabled"),
        ({"start_date": LATER}, VoucherNotActive, "voucher_not_active"),
        ({"campaign__start_date": LATER}, VoucherNotActive, "voucher_not_active"),
        ({"expiration_date": EARLIER}, VoucherExpired, "voucher_expired"),
        ({"campaign__expiration_date": EARLIER}, VoucherExpired, "voucher_expired"),
        ({"redemption_limit": 2, "redeemed_quantity": 2, "used": True}, QuantityExceeded, "quantity_exceeded"),
    ],
)
def test_what_is_refused_is_kept_as_a_failure(fields, refusal, key):
    voucher, customer = VoucherFactory(code="NOT-NOW", **fields), CustomerFactory()

    with pytest.raises(refusal) as refused:
        redeem(voucher, customer=customer, order={"amount": 1}, metadata={"till": 3}, by=STAFF)

    failure = Redemption.objects.get()
    assert (refused.value.key, refused.value.details) == (key, "NOT-NOW")
    assert (failure.result, failure.failure_code, failure.failure_message) == ("FAILURE", key, refused.value.hint)
    assert (failure.public_id, failure.public_id[:3]) == (refused.value.failure_id, "rf_")
    assert (failure.voucher_id, failure.campaign_id) == (voucher.pk, voucher.campaign_id)
    assert (failure.customer_id, failure.order, failure.metadata) == (customer.pk, None, {"till": 3})
    assert counted(voucher) == (fields.get("redeemed_quantity", 0), "0.00")


@pytest.mark.parametrize("fields", [{"deleted_at": EARLIER}, {"campaign__deleted_at": EARLIER}])
def test_what_is_gone_cannot_be_used(fields):
    with pytest.raises(VoucherGone):
        redeem(VoucherFactory(**fields), by=STAFF)

    assert Redemption.objects.count() == 0


def test_the_expiration_that_a_publication_gave_overrides_the_campaigns():
    voucher = VoucherFactory(campaign__expiration_date=EARLIER, expiration_date=LATER)

    redeem(voucher, by=STAFF)

    assert counted(voucher)[0] == 1


def test_equal_failures_within_a_minute_are_one_row():
    voucher, customer = VoucherFactory(active=False), CustomerFactory()

    for by_whom in (customer, customer, customer, None):
        with pytest.raises(VoucherDisabled):
            redeem(voucher, customer=by_whom, by=STAFF)

    assert sorted(Redemption.objects.values_list("customer", "attempts"), key=str) == [(customer.pk, 3), (None, 1)]


def test_a_customer_as_sent_is_upserted_also_when_the_code_is_refused():
    with pytest.raises(VoucherDisabled):
        redeem(VoucherFactory(active=False), customer={"source_id": "crm-1", "name": "Mara"}, by=STAFF)
    redeem(VoucherFactory(), customer={"source_id": "crm-1", "email": "mara@example.com"}, by=STAFF)

    customer = Customer.objects.get()
    assert (customer.name, customer.email) == ("Mara", "mara@example.com")
    assert Redemption.objects.filter(customer=customer).count() == 2


def test_several_codes_of_one_order_are_a_stack():
    first, second, card = VoucherFactory(), StandaloneVoucherFactory(), gift("10.00")
    customer = CustomerFactory()

    uses = redeem_together(
        [Use(card, Decimal("7.50")), Use(first), Use(second)], customer=customer, order={"amount": 99}, by=STAFF
    )

    stack = Redemption.objects.get(voucher=None)
    assert [use.voucher_id for use in uses] == [card.pk, first.pk, second.pk]
    assert {use.stack_id for use in uses} == {stack.pk}
    assert {use.customer_id for use in [*uses, stack]} == {customer.pk}
    assert (stack.order, [use.order for use in uses]) == ({"amount": 99}, [None, None, None])
    assert [counted(voucher) for voucher in (first, second, card)] == [(1, "0.00"), (1, "0.00"), (1, "7.50")]


def test_of_several_codes_all_are_used_or_none():
    good, disabled, card = VoucherFactory(), VoucherFactory(active=False), gift("10.00")

    with pytest.raises(VoucherDisabled):
        redeem_together([Use(good), Use(card, Decimal(5)), Use(disabled)], by=STAFF)

    assert [counted(voucher)[0] for voucher in (good, card, disabled)] == [0, 0, 0]
    assert [(row.voucher_id, row.result) for row in Redemption.objects.all()] == [(disabled.pk, "FAILURE")]


def test_what_cannot_be_asked_of_several_codes():
    voucher = VoucherFactory(redemption_limit=5)

    with pytest.raises(SameVoucherTwice):
        redeem_together([Use(voucher), Use(Voucher.objects.get(pk=voucher.pk))], by=STAFF)
    with pytest.raises(MissingAmount):
        redeem_together([Use(voucher), Use(gift())], order={"amount": 100}, by=STAFF)

    assert counted(voucher)[0] == 0


def test_a_use_is_one_statement(django_assert_num_queries):
    voucher, customer = VoucherFactory(), CustomerFactory()

    with django_assert_num_queries(2):  # the statement, and its row read again
        redeem(voucher, customer=customer, by=STAFF)
    with django_assert_num_queries(2), pytest.raises(QuantityExceeded):  # and the failure's
        redeem(voucher, customer=customer, by=STAFF)
