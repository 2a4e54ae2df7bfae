"""Rolling a redemption back: it gives back exactly what was taken, once."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from campaigns.codes.models import Voucher
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import AlreadyRolledBack, NothingToRollBack, PartOfStack, QuantityExceeded
from tests.publications.redemptions.test_redeem import counted, gift
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db


def test_the_code_may_be_used_once_more():
    voucher, customer = VoucherFactory(redemption_limit=1), CustomerFactory()
    redemption = redeem(voucher, customer=customer, order={"amount": 4200}, by=STAFF)

    rollback = roll_back(redemption, reason="Order cancelled", metadata={"case": 7}, by=STAFF)

    assert counted(voucher) == (0, "0.00")
    assert (rollback.kind, rollback.result, rollback.undoes_id) == ("rollback", "SUCCESS", redemption.pk)
    assert (rollback.reason, rollback.metadata, rollback.customer_id) == ("Order cancelled", {"case": 7}, customer.pk)
    assert (rollback.voucher_id, rollback.campaign_id) == (voucher.pk, voucher.campaign_id)
    assert rollback.public_id.startswith("rr_")
    assert redeem(voucher, by=STAFF).redeemed_quantity == 1


def test_a_gift_voucher_has_its_amount_again():
    card = gift("50.00")
    first, second = redeem(card, amount=Decimal("20.00"), by=STAFF), redeem(card, amount=Decimal("12.34"), by=STAFF)

    rollback = roll_back(first, by=STAFF)

    assert counted(card) == (1, "12.34")
    assert (str(rollback.amount), rollback.reason) == ("20.00", None)
    assert str(redeem(card, amount=Decimal("37.66"), by=STAFF).balance) == "0.00"
    assert str(second.balance) == "17.66"


def test_it_happens_once():
    voucher = VoucherFactory(redemption_limit=5)
    redemption = redeem(voucher, by=STAFF)
    redeem(voucher, by=STAFF)
    roll_back(redemption, by=STAFF)

    for _ in range(2):
        with pytest.raises(AlreadyRolledBack) as refused:
            roll_back(redemption, by=STAFF)

    failure = Redemption.objects.get(result="FAILURE")
    assert counted(voucher)[0] == 1
    assert (failure.kind, failure.failure_code, failure.attempts) == ("rollback", "already_rolled_back", 2)
    assert (failure.undoes_id, failure.public_id) == (redemption.pk, refused.value.failure_id)
    assert failure.public_id.startswith("rrf_")


def test_the_database_refuses_a_second_rollback():
    rollback = roll_back(redeem(VoucherFactory(), by=STAFF), by=STAFF)

    with pytest.raises(IntegrityError, match="redemption_undone_once"), transaction.atomic():
        Redemption.objects.create(kind="rollback", result="SUCCESS", undoes_id=rollback.undoes_id)


def test_a_stack_is_rolled_back_as_a_whole():
    card, voucher = gift("10.00"), VoucherFactory()
    uses = redeem_together([Use(voucher), Use(card, Decimal("2.50"))], by=STAFF)

    with pytest.raises(PartOfStack, match=uses[0].stack.public_id):
        roll_back(uses[0], by=STAFF)
    rollback = roll_back(uses[0].stack, reason="Cancelled", by=STAFF)

    assert (counted(card), counted(voucher)) == ((0, "0.00"), (0, "0.00"))
    assert rollback.voucher_id is None
    assert {(part.undoes_id, part.voucher_id, part.amount, part.reason) for part in rollback.children.all()} == {
        (uses[0].pk, voucher.pk, None, "Cancelled"),
        (uses[1].pk, card.pk, Decimal("2.50"), "Cancelled"),
    }
    with pytest.raises(AlreadyRolledBack):
        roll_back(uses[0].stack, by=STAFF)
    assert (counted(card), counted(voucher)) == ((0, "0.00"), (0, "0.00"))


def test_only_what_succeeded_can_be_rolled_back():
    voucher = VoucherFactory()
    rollback = roll_back(redeem(voucher, by=STAFF), by=STAFF)
    redeem(voucher, by=STAFF)
    with pytest.raises(QuantityExceeded):
        redeem(voucher, by=STAFF)
    failure = Redemption.objects.get(result="FAILURE")

    for nothing in (rollback, failure):
        with pytest.raises(NothingToRollBack, match=nothing.public_id):
            roll_back(nothing, by=STAFF)
    assert counted(voucher)[0] == 1


def test_a_code_that_expired_or_was_disabled_since_is_given_back_all_the_same():
    voucher = VoucherFactory()
    redemption = redeem(voucher, by=STAFF)
    Voucher.objects.filter(pk=voucher.pk).update(active=False, expiration_date=timezone.now())

    roll_back(redemption, by=STAFF)

    assert counted(voucher)[0] == 0
