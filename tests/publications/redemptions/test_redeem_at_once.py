"""8 processes with 4 threads each redeem and roll back at once: what is counted is exact, and nothing waits for ever."""

import json
import threading
import time
from collections import Counter
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.models import F, Sum

from campaigns.codes.models import Voucher
from publications.dashboard.verify import verify
from publications.redemptions.actions.redeem import Use, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from tests.publications.redemptions.redeeming_client import THREADS
from tests.publications.redemptions.test_redeem import gift
from tests.support.factories import STAFF, StandaloneVoucherFactory, VoucherFactory, published
from tests.support.processes.forked import fork

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES = 8


@pytest.fixture(scope="module")
def clients(django_db_setup):
    """The client processes, on the database of the tests; they stay for all tests of this file."""
    program = "from tests.publications.redemptions.redeeming_client import main; main()"
    processes = [fork(program, DATABASE_POOL_SIZE=str(THREADS)) for _ in range(PROCESSES)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    yield processes
    for process in processes:
        process.stdin.close()
        process.wait(60)


def all_at_once(clients, **spec) -> Counter:
    """What each of the clients' calls ended with, by key. No call may end otherwise than by a refusal."""
    for client in clients:
        client.stdin.write(json.dumps(spec) + "\n")
        client.stdin.flush()
    answers = [json.loads(client.stdout.readline()) for client in clients]
    assert [answer["errors"] for answer in answers] == [[]] * PROCESSES
    return sum((Counter(answer["ended"]) for answer in answers), Counter())


def broken() -> set[str]:
    durable = "what was answered survives a crash of the database"  # the suite's own server is not
    return {finding.name for finding in verify() if finding.violations} - {durable}


def test_a_code_with_a_limit_of_100_is_used_exactly_100_times(clients):
    voucher = VoucherFactory(redemption_limit=100)

    ended = all_at_once(clients, vouchers=[voucher.pk], calls=10)

    assert ended == {"redeemed": 100, "quantity_exceeded": 220}
    assert Voucher.objects.get().redeemed_quantity == 100
    uses = Redemption.objects.filter(result="SUCCESS").values_list("redeemed_quantity", flat=True)
    assert sorted(uses) == list(range(1, 101))
    assert Redemption.objects.filter(result="FAILURE").aggregate(Sum("attempts"))["attempts__sum"] == 220
    assert broken() == set()


def test_a_gift_voucher_never_pays_more_than_it_holds(clients):
    card = gift("250.00")

    ended = all_at_once(clients, vouchers=[card.pk], amounts=[7, 199, 450, 1234], calls=12)

    paid = Redemption.objects.filter(result="SUCCESS").aggregate(Sum("amount"))["amount__sum"]
    held = Voucher.objects.get()
    assert (held.redeemed_amount, held.redeemed_quantity) == (paid, ended["redeemed"])
    assert Decimal(240) < paid <= Decimal(250)
    assert ended["redeemed"] + ended["gift_amount_exceeded"] == PROCESSES * THREADS * 12
    assert broken() == set()


def test_redeeming_against_rolling_back(clients):
    voucher = VoucherFactory(redemption_limit=5)

    ended = all_at_once(clients, vouchers=[voucher.pk], calls=10, roll_back=True)

    left = ended["redeemed"] - ended["rolled back"]
    assert ended["rolled back"] > 5 and ended["already_rolled_back"] > 0
    assert 0 <= Voucher.objects.get().redeemed_quantity == left <= 5
    assert broken() == set()


def test_several_codes_in_any_order_lock_nobody_out(clients):
    vouchers = [VoucherFactory(redemption_limit=30), StandaloneVoucherFactory(), StandaloneVoucherFactory()]

    ended = all_at_once(clients, vouchers=[voucher.pk for voucher in vouchers], calls=5, roll_back=True)

    left = ended["redeemed"] - ended["rolled back"]
    assert ended["rolled back"] > 0
    assert set(Voucher.objects.values_list("redeemed_quantity", flat=True)) == {left}
    assert broken() == set()


@pytest.mark.parametrize("verb", ["redeem", "redeem two", "roll back", "roll back two"])
def test_a_code_that_is_being_changed_is_waited_for_and_taken_as_it_is_then(verb):
    """Each statement here meets a row that was changed between its start and its lock."""
    card, other = gift("50.00", redemption_limit=9), StandaloneVoucherFactory()
    published(card)
    uses = [Use(card, Decimal(5)), Use(other)] if verb.endswith("two") else [Use(card, Decimal(5))]
    made = redeem_together(uses, by=STAFF) if verb.startswith("roll") else []
    outcome = []

    def act():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET enable_seqscan = off")  # the plan of a table with millions of codes
            if made:
                outcome.append(roll_back(made[0].head, by=STAFF))
            else:
                outcome.append(redeem_together(uses, by=STAFF)[0])
        except Exception as problem:
            outcome.append(problem)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET enable_seqscan")
            connection.close()

    acting = threading.Thread(target=act)
    with transaction.atomic():
        Voucher.objects.filter(pk=card.pk).update(redeemed_quantity=F("redeemed_quantity") + 3, redeemed_amount=40)
        acting.start()
        wait_for_a_lock()
    acting.join()

    held = Voucher.objects.get(pk=card.pk)
    if made:
        assert outcome[0].kind == "rollback", outcome
        assert (held.redeemed_quantity, held.redeemed_amount) == (3, 35)
    else:
        assert outcome[0].kind == "redemption", outcome
        assert (held.redeemed_quantity, held.redeemed_amount) == (4, 45)
        assert Redemption.objects.get(voucher=card).balance == 5


@pytest.mark.parametrize("verb", ["redeem", "roll back"])
def test_what_the_database_breaks_off_in_a_circle_of_locks_is_begun_again(verb):
    first, second = VoucherFactory(redemption_limit=9), VoucherFactory(redemption_limit=9)
    uses = [Use(first), Use(second)]
    made = redeem_together(uses, by=STAFF)
    outcome = []

    def act():
        try:
            outcome.append(
                redeem_together(uses, by=STAFF)[0] if verb == "redeem" else roll_back(made[0].stack, by=STAFF)
            )
        except Exception as problem:
            outcome.append(problem)
        finally:
            connection.close()

    acting = threading.Thread(target=act)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL deadlock_timeout = '1min'")  # so that it is the other whom the database notices
        Voucher.objects.select_for_update().get(pk=second.pk)
        acting.start()
        wait_for_a_lock()
        Voucher.objects.select_for_update().get(pk=first.pk)  # which the other holds
    acting.join()

    assert outcome[0].kind == ("redemption" if verb == "redeem" else "rollback"), outcome
    assert set(Voucher.objects.values_list("redeemed_quantity", flat=True)) == {2 if verb == "redeem" else 0}


def wait_for_a_lock(patience: float = 60) -> None:
    """Until somebody waits for this connection; a busy machine takes its time."""
    end = time.monotonic() + patience
    with connection.cursor() as cursor:
        while time.monotonic() < end:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")
