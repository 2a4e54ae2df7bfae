"""`manage.py verify` sees each invariant of the record of use broken: each is broken on purpose, past the guards."""

from decimal import Decimal

import pytest

from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import verify
from publications.redemptions.actions.change_balance import change_balance
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from tests.publications.dashboard.test_verify import broken, run
from tests.publications.redemptions.test_redeem import gift
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

LOOSEN = """
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE redemptions_redemption DISABLE TRIGGER USER;
ALTER TABLE redemptions_balancechange DISABLE TRIGGER USER;
ALTER TABLE codes_voucher DISABLE TRIGGER USER;
DROP INDEX redemption_undone_once;
ALTER TABLE redemptions_redemption DROP CONSTRAINT redemption_within_limit;
ALTER TABLE redemptions_redemption DROP CONSTRAINT redemption_within_balance;
"""


@pytest.fixture
def uses():
    """A little of everything: a code that was used before it was imported, a gift voucher, a stack, rollbacks."""
    imported, card = (
        VoucherFactory(code="IMPORTED", used=True, redeemed_quantity=3, redemption_limit=9),
        gift("50.00", code="CARD"),
    )
    customer = CustomerFactory()
    redeem(imported, customer=customer, order={"amount": 1}, by=STAFF)
    roll_back(redeem(imported, customer=customer, by=STAFF), reason="Returned", by=STAFF)
    redeem(card, amount=Decimal("7.50"), by=STAFF)
    change_balance(card, Decimal("10.00"), by=STAFF)
    stack = redeem_together([Use(VoucherFactory()), Use(card, Decimal(20))], by=STAFF)[0].stack
    roll_back(stack, by=STAFF)
    redeem_together([Use(VoucherFactory()), Use(VoucherFactory())], by=STAFF)
    erase_customer(customer, by=STAFF)
    VoucherFactory(code="IN-POOL")
    VoucherFactory(code="CAME-USED", used=True, redeemed_quantity=2, redemption_limit=5)
    published(VoucherFactory(code="NEVER-USED"))


def test_a_sound_record_breaks_nothing(uses):
    assert broken() == set()
    examined = {finding.name: finding.examined for finding in verify()}
    assert examined["a code was used, and paid, as its redemptions and rollbacks say"] == 10
    assert examined["a use was taken back once"] == 4
    assert examined["an erased customer's redemptions hold no personal data"] == 3


@pytest.mark.parametrize(
    ("sql", "invariant"),
    [
        (
            "UPDATE codes_voucher SET redeemed_quantity = 3 WHERE code = 'IMPORTED'",
            "a code was used, and paid, as its redemptions and rollbacks say",
        ),
        (
            "DELETE FROM redemptions_redemption WHERE kind = 'rollback'",
            "a code was used, and paid, as its redemptions and rollbacks say",
        ),
        (
            "UPDATE codes_voucher SET redeemed_amount = 0",
            "a code was used, and paid, as its redemptions and rollbacks say",
        ),
        (
            "UPDATE codes_voucher SET redeemed_amount = 1 WHERE code = 'IMPORTED'",
            "a code was used, and paid, as its redemptions and rollbacks say",
        ),
        (
            "DELETE FROM redemptions_redemption WHERE stack_id IS NULL AND voucher_id IS NOT NULL",
            "a code was used, and paid, as its redemptions and rollbacks say",
        ),
        (
            "UPDATE codes_voucher SET redeemed_quantity = 1 WHERE code = 'NEVER-USED'",
            "a code was used, and paid, as its redemptions and rollbacks say",
        ),
        (
            """UPDATE codes_voucher SET redeemed_quantity = 1, withdrawn_at = now() + interval '1 s', withdrawn_why = 'used'
                WHERE code = 'IN-POOL'""",
            "a code was used, and paid, as its redemptions and rollbacks say",
        ),
        (
            "UPDATE redemptions_redemption SET redemption_limit = 0 WHERE redemption_limit IS NOT NULL",
            "no use was beyond the limit or the balance that its code had then",
        ),
        (
            "UPDATE redemptions_redemption SET balance = -1 WHERE amount IS NOT NULL AND kind = 'redemption'",
            "no use was beyond the limit or the balance that its code had then",
        ),
        (
            """INSERT INTO redemptions_redemption (kind, undoes_id, voucher_id)
               SELECT kind, undoes_id, voucher_id FROM redemptions_redemption WHERE kind = 'rollback' LIMIT 1""",
            "a use was taken back once",
        ),
        (
            """INSERT INTO redemptions_redemption (kind, undoes_id, voucher_id)
               SELECT 'rollback', r.id, r.voucher_id FROM redemptions_redemption r
                WHERE r.stack_id IS NOT NULL AND r.kind = 'redemption' ORDER BY id DESC LIMIT 1""",
            "codes that were redeemed together were taken back together",
        ),
        (
            "UPDATE redemptions_redemption SET balance = balance + 1 WHERE amount = 7.5",
            "a use noted the balance that it left",
        ),
        (
            "UPDATE redemptions_balancechange SET balance = balance - 3",
            "a change of a balance noted what was left after it",
        ),
        (
            "UPDATE redemptions_balancechange SET total = total + 1, balance = balance + 1",
            "a gift voucher holds what the changes of its balance add up to",
        ),
        ("DELETE FROM redemptions_balancechange", "a use noted the balance that it left"),
        ("UPDATE redemptions_redemption SET actor_label = ''", "a redemption names who did it"),
        (
            "UPDATE redemptions_redemption SET metadata = '{}'",
            "an erased customer's redemptions hold no personal data",
        ),
    ],
)
def test_a_broken_invariant_is_found(uses, sql, invariant):
    run(LOOSEN)

    run(sql)

    assert invariant in broken()


def test_erasing_a_customer_leaves_the_amounts_of_their_orders():
    customer = CustomerFactory()
    order = {"source_id": "A-1", "amount": 900, "status": "PAID", "metadata": {"a": "Mara"}, "items": [{"price": 900}]}
    redemption = redeem(VoucherFactory(), customer=customer, order=order, metadata={"for": "Mara"}, by=STAFF)
    other = redeem(VoucherFactory(), customer=CustomerFactory(), order=order, metadata={"for": "Priya"}, by=STAFF)
    roll_back(redemption, customer=CustomerFactory(), order=order, reason="Mara returned it", by=STAFF)

    erase_customer(customer, by=STAFF)

    rows = Redemption.objects.exclude(pk=other.pk)
    assert (
        list(rows.values_list("order", "metadata", "reason")) == [({"amount": 900, "status": "PAID"}, None, None)] * 2
    )
    other.refresh_from_db()
    assert (other.order, other.metadata) == (order, {"for": "Priya"})
