"""Memory of the web processes and of the workers under mixed load (line 10 of docs/benchmarks.md).

    .venv/bin/python -m bench.memory [--minutes 30]

Publishes, reads lists and pages, hands out files and makes reports all the while, and prints what the processes hold
after the first minute, then each minute, and at the end.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import time
from threading import Event, Thread

import django

from bench.http_load import load, request
from bench.installation import Installation, installation, machine
from bench.load_data import add_campaign, add_customers
from bench.pages import in_django

PARTS = {"web": "granian", "worker": "procrastinate"}


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--minutes", type=int, default=30)
    chosen = options.parse_args()
    with installation() as handout:
        handout.join()
        django.setup()
        print(machine())
        add_customers(handout, 100_000)
        add_campaign(handout, "Bench", auto_update=True, codes=1_000_000)
        handout.settle()
        stop = Event()
        threads = [Thread(target=work, args=(handout, stop)) for work in (calls, files)]
        for thread in threads:
            thread.start()
        try:
            held = watch(handout, chosen.minutes)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        for part, (first, *_, last) in held.items():
            print(
                f"10 {part:10} {first:5.0f} MB after 1 minute   {last:5.0f} MB after {chosen.minutes}   ratio {last / first:.2f}"
            )


def watch(handout: Installation, minutes: int) -> dict[str, list[float]]:
    held: dict[str, list[float]] = {part: [] for part in PARTS}
    for minute in range(1, minutes + 1):
        time.sleep(60)
        for part, named in PARTS.items():
            held[part].append(handout.memory(named))
        print(
            f"   minute {minute:3}: " + ", ".join(f"{part} {values[-1]:.0f} MB" for part, values in held.items()),
            flush=True,
        )
    return held


def calls(handout: Installation, stop: Event) -> None:
    """Four callers: most publish, some read the lists and pages that a Manager looks at."""
    cookie = json.loads(in_django(handout, SESSION))
    shop = {"Content-Type": "application/json", "X-App-Id": handout.key["id"], "X-App-Token": handout.key["token"]}
    paths = [
        "/",
        "/campaigns/",
        "/customers/",
        "/publications/",
        "/codes/",
        "/publications/?q=c12",
        "/search?q=c99",
        "/exports/",
    ]
    lists = ["/v1/publications", "/v1/vouchers", "/v1/customers?limit=100", "/v1/campaigns"]
    pages, reads, dice, names = itertools.cycle(paths), itertools.cycle(lists), random.Random(1), itertools.count()

    def next_request() -> bytes:
        kind = dice.random()
        if kind < 0.02:
            return request("GET", next(pages), headers=cookie)
        if kind < 0.1:
            return request("GET", next(reads), headers=shop)
        body = {"campaign": {"name": "Bench"}, "customer": {"source_id": f"c{dice.randrange(100_000) + 1}"}}
        if kind < 0.15:
            body["customer"] = {"source_id": f"new-{next(names)}", "name": "Somebody new"}
        return request("POST", "/v1/publications", json.dumps(body).encode(), shop)

    while not stop.is_set():
        done = load(handout.port, next_request, connections=4, seconds=5)
        assert set(done.statuses) == {200}, done.statuses


SESSION = """
import json
from django.contrib.auth.models import User
from django.test import Client
browser = Client()
browser.force_login(User.objects.get(username="admin"))
print(json.dumps({"Cookie": f"sessionid={browser.cookies['sessionid'].value}"}))
"""


def files(handout: Installation, stop: Event) -> None:
    """One report or hand-out after the other."""
    from campaigns.models import Campaign
    from config.actor import SYSTEM
    from publications.exports.actions.hand_out import order_hand_out
    from publications.exports.report import order_report

    campaign = Campaign.objects.get(name="Bench")
    orders = itertools.cycle(
        [
            lambda: order_report("publications", campaign=campaign, by=SYSTEM),
            lambda: order_hand_out(campaign, count=5_000, by=SYSTEM, for_whom="Print shop"),
            lambda: order_report("customers", by=SYSTEM),
            lambda: order_report("codes", campaign=campaign, by=SYSTEM),
        ]
    )
    while not stop.is_set():
        export = next(orders)()
        while not export.finished_at and not stop.wait(0.5):
            export.refresh_from_db()
        assert export.status != "failed", export.error


if __name__ == "__main__":
    main()
