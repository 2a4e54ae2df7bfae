"""One client process of the test of redemptions at once: threads that redeem and roll back through the verbs.

Reads a line of JSON from its input, does what it says in all threads together, answers with a line of JSON, and so on.
"""

import json
import os
import random
import sys
import threading
from collections import Counter
from decimal import Decimal

from django.db import connection

from campaigns.codes.models import Voucher
from config.actor import SYSTEM
from publications.redemptions.actions.redeem import Use, redeem_together
from publications.redemptions.actions.roll_back import roll_back
from publications.redemptions.models import Redemption
from publications.redemptions.refusals import RedemptionRefused

THREADS = 4


def work(spec: dict, thread: int) -> Counter:
    """`calls` redemptions of all `vouchers` together, each in an order of its own; how each ended, by key.

    `amounts`: hundredths, one is drawn for each call. `roll_back`: after each call, any redemption is rolled back,
    which others try as well.
    """
    dice = random.Random(f"{os.getpid()}-{thread}")
    ended: Counter = Counter()
    vouchers = list(Voucher.objects.select_related("campaign").filter(pk__in=spec["vouchers"]))

    def attempt(name, verb, *args, **kwargs):
        try:
            verb(*args, by=SYSTEM, **kwargs)
            ended[name] += 1
        except RedemptionRefused as refused:
            ended[refused.key] += 1

    for _ in range(spec["calls"]):
        dice.shuffle(vouchers)
        amount = Decimal(dice.choice(spec["amounts"])) / 100 if "amounts" in spec else None
        attempt("redeemed", redeem_together, [Use(voucher, amount) for voucher in vouchers])
        if spec.get("roll_back"):
            some = Redemption.objects.filter(kind="redemption", result="SUCCESS", stack=None).order_by("-pk")[:5]
            if some:
                attempt("rolled back", roll_back, dice.choice(list(some)))
    connection.close()
    return ended


def main() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        spec, ended, errors = json.loads(line), [], []

        def run(thread, spec=spec, ended=ended, errors=errors):
            try:
                ended.append(work(spec, thread))
            except Exception as error:
                errors.append(repr(error))

        threads = [threading.Thread(target=run, args=[thread]) for thread in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(json.dumps({"ended": sum(ended, Counter()), "errors": errors}), flush=True)
