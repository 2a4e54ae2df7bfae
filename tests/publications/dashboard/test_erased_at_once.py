"""A customer is erased while something is being written of them: nothing personal is left, and what happened stays."""

import threading
from functools import partial

import pytest
from django.db import connection, transaction

from campaigns.codes.actions.delete_code import delete_code
from campaigns.codes.models import Voucher
from customers.actions.upsert import CustomerNotFound, upsert_customer
from customers.models import Customer
from publications.dashboard.erase_customer import erase_customer
from publications.dashboard.verify import verify
from publications.redemptions.actions.redeem import Use, redeem, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused
from tests.publications.redemptions.test_redeem_at_once import broken, wait_for_a_lock
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db(transaction=True)

ORDER = {"id": "ord-1", "source_id": "mara-1", "amount": 900, "metadata": {"to": "Mara"}, "items": [{"sku_id": "m"}]}
PERSONAL = {"order": ORDER, "metadata": {"to": "Mara"}, "by": STAFF}
AMOUNT_ALONE = {"amount": 900}


def redeeming(mara):
    voucher = VoucherFactory()
    return lambda: redeem(voucher, customer=mara, **PERSONAL)


def redeeming_two(mara):
    uses = [Use(VoucherFactory()), Use(VoucherFactory())]
    return lambda: redeem_together(uses, customer=mara, **PERSONAL)


def failing(mara):
    voucher = VoucherFactory(active=False)
    return lambda: redeem(voucher, customer=mara, **PERSONAL)


def rolling_back(mara):
    redemption = redeem(VoucherFactory(), customer=mara, **PERSONAL)
    return lambda: roll_back(redemption, reason="Mara returned it", **PERSONAL)


def rolling_back_for_another(mara):
    redemption, other = redeem(VoucherFactory(), customer=mara, **PERSONAL), CustomerFactory()
    return lambda: roll_back(redemption, reason="Mara returned it", customer=other, **PERSONAL)


def rolling_back_two(mara):
    stack = redeem_together([Use(VoucherFactory()), Use(VoucherFactory())], customer=mara, **PERSONAL)[0].stack
    return lambda: roll_back(stack, reason="Mara returned it", **PERSONAL)


def failing_to_roll_back(mara):
    redemption = redeem(VoucherFactory(), customer=mara, **PERSONAL)
    roll_back(redemption, by=STAFF)
    return lambda: roll_back(redemption, reason="Mara returned it", **PERSONAL)


VERBS = [
    redeeming, redeeming_two, failing, rolling_back, rolling_back_for_another, rolling_back_two, failing_to_roll_back,
]  # fmt: skip


def personal_rows() -> list[int]:
    """Redemptions in which anything of Mara is left."""
    rows = Redemption.objects.values_list("pk", "metadata", "reason", "order")
    return [pk for pk, *told in rows if "Mara" in str(told) or "mara" in str(told) or "ord-1" in str(told)]


def at_once(*verbs):
    """What went wrong otherwise than by a refusal."""
    problems, ready = [], threading.Barrier(len(verbs))

    def act(verb):
        try:
            ready.wait()
            verb()
        except RedemptionRefused:
            pass
        except Exception as problem:
            problems.append(repr(problem))
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=[verb]) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return problems


def while_erased(mara, verb):
    """Runs the verb while an erasure of Mara is not committed yet; returns what it ended with."""
    outcome = []

    def act():
        try:
            outcome.append(verb())
        except Exception as problem:
            outcome.append(problem)
        finally:
            connection.close()

    acting = threading.Thread(target=act)
    with transaction.atomic():
        erase_customer(mara, by=STAFF)
        acting.start()
        wait_for_a_lock()
    acting.join()
    return outcome[0]


@pytest.mark.parametrize("verb", VERBS)
def test_what_waits_for_an_erasure_writes_nothing_personal(verb):
    mara = CustomerFactory(name="Mara")
    act, before = verb(mara), Redemption.objects.count()

    outcome = while_erased(mara, act)

    assert not isinstance(outcome, Exception) or isinstance(outcome, RedemptionRefused), outcome
    assert Redemption.objects.count() > before, "that it happened stays on record"
    assert personal_rows() == []
    assert broken() == set()


@pytest.mark.parametrize("verb", VERBS)
def test_at_once_in_many_rounds(verb):
    for _ in range(25):
        mara = CustomerFactory(name="Mara")
        act = verb(mara)

        assert at_once(act, partial(erase_customer, mara, by=STAFF)) == []

    assert Customer.objects.filter(erased_at=None, name="Mara").count() == 0
    assert personal_rows() == []
    assert broken() == set()


def test_of_an_order_the_amounts_stay():
    mara = CustomerFactory(name="Mara")

    while_erased(mara, redeeming(mara))

    assert Redemption.objects.get().order == AMOUNT_ALONE
    assert Voucher.objects.get().redeemed_quantity == 1


def test_a_rollback_long_after_the_erasure_keeps_no_reason():
    mara = CustomerFactory(name="Mara")
    back = rolling_back(mara)
    erase_customer(mara, by=STAFF)

    rollback = back()

    assert (rollback.reason, rollback.metadata, rollback.order) == (None, None, AMOUNT_ALONE)
    assert [finding.name for finding in verify() if finding.violations and "erased" in finding.name] == []


def test_of_somebody_who_lives_everything_is_kept():
    mara = CustomerFactory(name="Mara")
    redemption = redeem(VoucherFactory(), customer=mara, **PERSONAL)

    rollback = roll_back(redemption, reason="Mara returned it", **PERSONAL)

    assert (redemption.order, redemption.metadata) == (ORDER, {"to": "Mara"})
    assert (rollback.order, rollback.metadata, rollback.reason) == (ORDER, {"to": "Mara"}, "Mara returned it")


CHANGED = {"name": "Mara again", "address": {"city": "Madrid"}, "metadata": {"to": "Mara"}}


def test_an_update_by_id_that_waits_for_the_erasure_finds_nobody():
    mara = CustomerFactory(name="Mara", source_id="mara-1")

    outcome = while_erased(mara, lambda: upsert_customer({"id": mara.public_id, **CHANGED}))

    assert isinstance(outcome, CustomerNotFound)
    assert (outcome.reference, Customer.objects.get().name) == (mara.public_id, "")


def test_a_source_id_that_waits_for_the_erasure_is_not_given_to_the_erased():
    mara = CustomerFactory(name="Mara", source_id=None)

    outcome = while_erased(mara, lambda: upsert_customer({"id": mara.public_id, "source_id": "mara-1"}))

    assert isinstance(outcome, CustomerNotFound)
    assert Customer.objects.get().source_id is None


def test_an_upsert_by_source_id_that_waits_for_the_erasure_makes_another_customer():
    mara = CustomerFactory(name="Mara", source_id="mara-1")

    outcome = while_erased(mara, lambda: upsert_customer({"source_id": "mara-1", **CHANGED}))

    assert outcome != mara
    assert Customer.objects.get(erased_at=None) == outcome
    assert (outcome.name, outcome.source_id) == ("Mara again", "mara-1")


def test_upserts_and_erasures_of_one_source_id_at_once():
    """Each round: two who send data, one who erases whoever has the source_id then."""
    for number in range(40):
        CustomerFactory(source_id="mara-1", name="Mara")
        more = {"name": f"Mara {number}", "metadata": {"n": number}}
        problems = at_once(
            partial(upsert_customer, {"source_id": "mara-1", **more}),
            partial(upsert_customer, {"source_id": "mara-1", "name": "Mara again"}),
            lambda: erase_customer(Customer.objects.get(source_id="mara-1"), by=STAFF),
        )

        assert problems == []
        for left in Customer.objects.filter(source_id="mara-1"):
            erase_customer(left, by=STAFF)
    assert not Customer.objects.filter(erased_at=None).exists()


def test_a_code_that_is_erased_while_its_redemption_fails():
    for _ in range(40):
        voucher = VoucherFactory(active=False)

        fail, erase = partial(redeem, voucher, by=STAFF), partial(delete_code, voucher, force=True, by=STAFF)
        assert at_once(fail, erase) == []

        kept = Voucher.objects.filter(pk=voucher.pk).exists()
        assert kept == Redemption.objects.filter(voucher=voucher.pk).exists()
