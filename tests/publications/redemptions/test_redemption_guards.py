"""What the database refuses of the record of use, whoever asks: a stale save, a form, a script."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from campaigns.codes.models import Voucher
from publications.redemptions.actions.redeem import redeem
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import VoucherDisabled
from tests.publications.redemptions.test_redeem import counted, gift
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db


def refused(match):
    return pytest.raises(IntegrityError, match=match)


def test_a_stale_save_gives_no_use_back():
    stale = VoucherFactory(redemption_limit=5)
    redeem(stale, by=STAFF)

    with refused("only a rollback gives a use or its amount back"), transaction.atomic():
        stale.save()

    assert counted(stale)[0] == 1


def test_a_stale_save_gives_no_amount_back():
    stale = gift("50.00", redemption_limit=5)
    redeem(stale, amount=Decimal(5), by=STAFF)
    stale.redeemed_quantity = 1

    with refused("only a rollback gives a use or its amount back"), transaction.atomic():
        stale.save()

    assert counted(stale) == (1, "5.00")


@pytest.mark.django_db(transaction=True)
def test_a_rollback_of_before_is_no_leave_for_a_stale_save():
    stale = VoucherFactory(redemption_limit=5)
    roll_back(redeem(stale, by=STAFF), by=STAFF)
    redeem(stale, by=STAFF)

    with refused("only a rollback gives a use or its amount back"):
        stale.save()


@pytest.mark.parametrize(
    "change",
    [
        "amount = 1",
        "result = 'FAILURE'",
        "voucher_id = NULL",
        "redeemed_quantity = 9",
        "kind = 'rollback'",
        "created_at = now() - interval '1 day'",
    ],
)
def test_what_counts_of_a_redemption_cannot_be_changed(change):
    redeem(gift("50.00"), amount=Decimal(5), by=STAFF)

    with refused("append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE redemptions_redemption SET {change}")


def test_what_does_not_count_can():
    redemption = redeem(VoucherFactory(), order={"amount": 1}, metadata={"a": 1}, by=STAFF)

    Redemption.objects.filter(pk=redemption.pk).update(order=None, metadata=None)

    assert Redemption.objects.get().order is None


def test_a_redemption_cannot_be_deleted_but_a_failed_one():
    redemption = redeem(VoucherFactory(), by=STAFF)
    with pytest.raises(VoucherDisabled):
        redeem(VoucherFactory(active=False), by=STAFF)

    with refused("append-only"), transaction.atomic():
        Redemption.objects.filter(pk=redemption.pk).delete()
    Redemption.objects.filter(result="FAILURE").delete()

    assert Redemption.objects.get() == redemption


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"redeemed_quantity": 3, "redemption_limit": 2}, "redemption_within_limit"),
        ({"redeemed_quantity": 1, "balance": Decimal("-0.01")}, "redemption_within_balance"),
        ({"redeemed_quantity": 1, "amount": Decimal(0)}, "redemption_amount_positive"),
        ({"redeemed_quantity": 0}, "redemption_of_voucher_is_counted"),
        ({"redeemed_quantity": 1, "kind": "rollback"}, "redemption_kind_known"),
        ({"redeemed_quantity": 1, "reason": "Why?"}, "redemption_kind_known"),
        ({"redeemed_quantity": 1, "result": "FAILURE"}, "redemption_failure_has_reason"),
        ({"redeemed_quantity": 1, "failure_code": "x"}, "redemption_failure_has_reason"),
    ],
)
def test_nonsense_is_refused(fields, constraint):
    good = {"voucher": VoucherFactory(), "customer": CustomerFactory(), "kind": "redemption", "result": "SUCCESS"}
    Redemption.objects.create(**good, redeemed_quantity=2, redemption_limit=2, balance=Decimal(0))

    with refused(constraint), transaction.atomic():
        Redemption.objects.create(**{**good, **fields})


def test_a_voucher_is_never_below_zero():
    voucher = VoucherFactory()

    for nonsense in ({"redeemed_quantity": -1}, {"redeemed_amount": Decimal(-1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Voucher.objects.filter(pk=voucher.pk).update(**nonsense)
