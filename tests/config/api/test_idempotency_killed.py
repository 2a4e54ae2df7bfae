"""Calls with an `Idempotency-Key` from 8 processes with 4 threads each, some killed in the middle: each happens once, none is lost."""

import json
import random
import signal
import threading
from collections import Counter

import pytest
from django.db import connection
from django.test import Client

from config.api.models import IdempotentCall
from customers.models import Event
from publications.redemptions.models import BalanceChange, Redemption
from tests.publications.ledger.test_ledger_at_once import broken
from tests.publications.redemptions.test_redeem import gift
from tests.support.api.calls import Api
from tests.support.factories import StandaloneVoucherFactory
from tests.support.processes.forked import fork

PROCESSES, THREADS, KILLED = 8, 4, 3
PROGRAM = "from tests.config.api.test_idempotency_killed import client; client()"


def client():
    """Makes all calls that it is told of, each thread in an order of its own, in a process of its own; a line for each answer."""
    spec = json.loads(input())

    def run(seed):
        try:
            make_calls(spec, seed, lambda name: print(name, flush=True))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[seed]) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def make_calls(spec, seed, told):
    shop, calls = Client(raise_request_exception=False, SERVER_NAME="localhost"), list(spec["calls"])
    random.Random(seed).shuffle(calls)
    for name, path, body in calls:
        headers = spec["headers"] | {"Idempotency-Key": name}
        answer = shop.post(f"/v1/{path}", body, "application/json", headers=headers)
        assert answer.status_code == 200, answer.content
        told(name)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("of_each", [4, pytest.param(60, marks=pytest.mark.long)])
def test_each_call_happens_once_while_callers_are_killed(of_each):
    card = gift("1000.00", code="CARD")
    single = StandaloneVoucherFactory(code="SINGLE", redemption_limit=of_each)
    shop = Api()
    calls = [
        (f"{kind}-{n}", path, body)
        for n in range(of_each)
        for kind, path, body in (
            ("use", "vouchers/SINGLE/redemption", {}),
            ("pay", "redemptions", {"redeemables": [{"object": "voucher", "id": "CARD", "gift": {"credits": 100}}]}),
            ("top up", "vouchers/CARD/balance", {"amount": 300}),
            ("event", "events", {"event": "viewed", "customer": {"source_id": "ada"}, "metadata": {"page": n}}),
        )
    ]
    spec = {"headers": shop.headers, "calls": calls}

    processes = [fork(PROGRAM, DATABASE_POOL_SIZE=str(THREADS)) for _ in range(PROCESSES)]
    for number, process in enumerate(processes):
        # Those that are to be killed go on repeating their calls until they are.
        endless = spec | {"calls": calls * (5_000 // len(calls))} if number < KILLED else spec
        process.stdin.write(json.dumps(endless) + "\n")
        process.stdin.flush()
    answered = []
    for process in processes[:KILLED]:
        answered += [process.stdout.readline().strip() for _ in range(3)]
        process.send_signal(signal.SIGKILL)
    ended = [process.wait(300) for process in processes]
    kept = dict(IdempotentCall.objects.values_list("name", "row_id"))
    make_calls(spec, 0, lambda name: None)  # whoever was killed comes back, and asks for everything again

    assert ended == [-signal.SIGKILL] * KILLED + [0] * (PROCESSES - KILLED)
    names = {name for name, *_ in calls}
    assert set(answered) <= kept.keys() == names
    assert dict(IdempotentCall.objects.values_list("name", "row_id")) == kept
    uses = Redemption.objects.filter(result="SUCCESS", kind="redemption", voucher__isnull=False)
    assert Counter(uses.values_list("voucher__code", flat=True)) == {"SINGLE": of_each, "CARD": of_each}
    assert BalanceChange.objects.count() == Event.objects.count() == of_each
    single.refresh_from_db()
    card.refresh_from_db()
    assert (single.redeemed_quantity, card.redeemed_quantity, card.redeemed_amount) == (of_each, of_each, of_each)
    assert card.gift_amount == 1000 + 3 * of_each
    assert broken() == []
