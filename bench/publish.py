"""Publishing over HTTP against pgbench running the same statement (lines 1, 2, 2b and 3 of docs/benchmarks.md).

.venv/bin/python -m bench.publish [--rows 1000000] [--seconds 10] [--repeats 3]
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread

import django

from bench.http_load import Load, load, request
from bench.installation import Installation, installation, machine, percentile
from bench.load_data import add_campaign, add_customers, take

CUSTOMERS = 100_000


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000_000, help="codes in the campaign")
    options.add_argument("--seconds", type=float, default=10)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--only", default="", help="names of lines, comma-separated")
    chosen = options.parse_args()
    with installation() as handout:
        print(machine())
        Bench(handout, chosen.rows, chosen.seconds, chosen.repeats).run(chosen.only)


class Bench:
    def __init__(self, handout: Installation, rows: int, seconds: float, repeats: int) -> None:
        self.handout, self.rows, self.seconds, self.repeats = handout, rows, seconds, repeats
        self.random = random.Random(1)
        self.names = itertools.count()
        add_customers(handout, CUSTOMERS)
        self.campaign = add_campaign(handout, "Bench", codes=rows)
        add_campaign(handout, "Limit", codes=rows, first=rows)
        handout.settle()

    def run(self, only: str) -> None:
        self.publish(seconds=2)  # processes start, caches fill
        base = self.against_pgbench("1  publish, 64 connections", 64)
        if not only or "1b" in only.split(","):
            self.against_pgbench("1b publish, 8 connections", 8)

        def line(name: str, measure: Callable[[], Load]) -> None:
            if not only or name.split()[0] in only.split(","):
                self.report(name, [measure() for _ in range(self.repeats)], base, "line 1")

        line("1c publish, 512 connections", lambda: self.publish(connections=512))
        if not only or "1c" in only.split(","):
            for n in range(64):
                add_campaign(self.handout, f"Bench {n}", codes=self.rows // 50, first=(10 + n) * self.rows)
        line("1c publish, 64 campaigns", lambda: self.publish(campaigns=[f"Bench {n}" for n in range(64)]))
        line("1e batches of 1,000", self.publish_batches)
        line("3a repeats of a source_id", lambda: self.publish(source_id="order-{n}", among=500))
        line("3b repeats of join once", lambda: self.publish(join_once=True, customers=200))
        add_campaign(self.handout, "Endless", auto_update=True)
        line("3c AUTO_UPDATE, empty pool", lambda: self.publish("Endless"))
        if not only or "2" in only.split(","):
            take(self.handout, self.campaign, round(self.rows * 0.9) - self.taken())
            line("2  after 90 % are taken", self.publish)
            with self.handout.connect() as old:
                old.autocommit = False
                old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
                old.execute("SELECT count(*) FROM campaigns_campaign")
                line("2  and an old transaction open", self.publish)
                add_campaign(self.handout, "Empty", codes=self.rows, first=3 * self.rows)
                ((empty,),) = self.handout.sql("SELECT id FROM campaigns_campaign WHERE name = 'Empty'")
                take(self.handout, empty, self.rows)
                line("2b empty pool, old transaction", lambda: self.publish("Empty", expected=400))
            with self.exports("Empty"):
                line("2  and while a report is made", self.publish)
            line("2b empty pool", lambda: self.publish("Empty", expected=400))

    def against_pgbench(self, name: str, connections: int) -> float:
        """The rate. Both are measured in turns, with as many clients."""
        limits, rates = [], []
        for _ in range(self.repeats):
            limits.append(
                self.handout.pgbench(self.statement("Limit"), clients=connections, seconds=round(self.seconds))
            )
            rates.append(self.publish(connections=connections))
        self.report(name, rates, statistics.median(limits), "pgbench, same statement")
        return statistics.median(load.rate for load in rates)

    @contextmanager
    def exports(self, campaign: str) -> Iterator[None]:
        """Meanwhile the worker makes reports of all codes of that campaign, one after the other."""
        from campaigns.models import Campaign
        from config.actor import SYSTEM
        from publications.exports.report import order_report

        over, made = Event(), []

        def order() -> None:
            while not over.is_set():
                made.append(order_report("codes", campaign=Campaign.objects.get(name=campaign), by=SYSTEM))
                while made[-1].status in ("queued", "running") and not over.is_set():
                    time.sleep(0.1)
                    made[-1].refresh_from_db()

        orders = Thread(target=order)
        orders.start()
        try:
            yield
        finally:
            over.set()
            orders.join()
            made[-1].refresh_from_db()
            assert made[-1].status in ("running", "done"), made[-1].error
            print(f"{'':32} {len(made)} reports of {self.rows:,} codes were ordered meanwhile", flush=True)

    def taken(self) -> int:
        ((count,),) = self.handout.sql(
            f"SELECT count(*) FROM publications_publication WHERE campaign_id = {self.campaign}"
        )
        return count

    def publish(
        self, campaign: str = "Bench", *, source_id: str = "", among: int = 1, customers: int = CUSTOMERS,
        join_once: bool = False, expected: int = 200, seconds: float = 0, connections: int = 64,
        campaigns: Sequence[str] = (),
    ) -> Load:  # fmt: skip
        key = self.handout.key
        headers = {"Content-Type": "application/json", "X-App-Id": key["id"], "X-App-Token": key["token"]}

        def next_request() -> bytes:
            body: dict = {"campaign": {"name": self.random.choice(campaigns) if campaigns else campaign}}
            n = self.random.randrange(among if source_id else customers) + 1
            body["customer"] = {"source_id": f"c{n}"}
            if source_id:
                body["source_id"] = source_id.format(n=n)
            if join_once:
                body["join_once"] = True
            return request("POST", "/v1/publications", json.dumps(body).encode(), headers)

        done = load(self.handout.port, next_request, connections=connections, seconds=seconds or self.seconds)
        assert set(done.statuses) == {expected}, done.statuses
        return done

    def publish_batches(self, size: int = 1_000) -> Load:
        """A call counts as its codes. Every item has a source_id of its own, as the batch demands."""
        key = self.handout.key
        headers = {"Content-Type": "application/json", "X-App-Id": key["id"], "X-App-Token": key["token"]}

        def next_request() -> bytes:
            items = [
                {
                    "campaign": "Bench",
                    "customer": f"c{self.random.randrange(CUSTOMERS) + 1}",
                    "source_id": f"b{next(self.names)}",
                }
                for _ in range(size)
            ]
            body = json.dumps({"publications": items, "atomic": True}).encode()
            return request("POST", "/v1/publications/batch", body, headers)

        done = load(self.handout.port, next_request, connections=4, seconds=self.seconds)
        assert set(done.statuses) == {200}, done.statuses
        return done._replace(calls=done.calls * size)

    def statement(self, campaign: str) -> str:
        """The product's own statement, as a script of pgbench: each client looks only above what it took last."""
        self.handout.join()
        django.setup()
        from publications.ledger.requests import Codes
        from publications.ledger.statements import ONE_CODE

        ((key,),) = self.handout.sql(f"SELECT id FROM campaigns_campaign WHERE name = '{campaign}'")
        ((first,),) = self.handout.sql("SELECT min(id) FROM customers_customer")
        values = {
            "campaign": str(key), "after": ":after", "customer": ":customer", "moment": "NULL",
            "channel": "'API'", "origin": "'api'", "source_id": "NULL", "request_hash": "NULL", "metadata": "NULL",
            "join_once": "false", "actor_kind": "'api_key'", "actor_id": "1", "actor_label": "'bench'", "activity": "NULL",
        }  # fmt: skip
        statement = ONE_CODE[Codes.NEXT] % values
        return f"\\set customer random({first}, {first + CUSTOMERS - 1})\n{statement.strip()}, v.id AS after \\gset\n"

    def report(self, name: str, loads: list[Load], limit: float, against: str) -> None:
        rate = statistics.median(load.rate for load in loads)
        latencies = [latency * 1000 for load in loads for latency in load.latencies]
        memory = self.handout.memory("granian")
        print(
            f"{name:32} {rate:8,.0f}/s   {limit:8,.0f}/s ({against})   ratio {rate / limit:6.1%}"
            f"   p50 {percentile(latencies, 0.5):5.1f} ms   p99 {percentile(latencies, 0.99):5.1f} ms   {memory:4.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
