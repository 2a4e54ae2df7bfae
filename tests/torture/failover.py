"""The torture of a failover: the primary dies under full load, its standby takes over, and everything goes on by itself.

    make torture            # or: .venv/bin/python -m tests.torture.failover --seconds 20

Two installations of `manage.py run` with one DATABASE_URL that names both servers. Clients publish on both, one by one and
in batches, and add to a gift voucher; the express lane serves most of those that publish. They repeat what was not answered, with the same source_id or Idempotency-Key, and note what was. Then every answer is
compared with the database: with synchronous replication (synchronous_standby_names) none may be lost; without, on a standby
that is a second behind, those that were are counted.
"""

from __future__ import annotations

import argparse
import http.client
import json
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

from tests.support.postgres_pair import Pair
from tests.support.running_handout import RunningHandout, manage
from tests.torture.hand_outs import Wrong

CODES = 60_000
GIFT = "added"
FILL = f"""
WITH made AS (
  INSERT INTO campaigns_campaign (name, kind, code_charset, metadata, discount_type, discount_value)
  VALUES ('torture', 'DISCOUNT_COUPONS', 'ABC', '{{}}', 'PERCENT', 10),
         ('ordered', 'DISCOUNT_COUPONS', 'ABCDEFGHIJKLMNOP', '{{}}', 'PERCENT', 10) RETURNING id, name
), gift AS (
  INSERT INTO codes_voucher (code, type, gift_amount) VALUES ('GIFT', 'GIFT_VOUCHER', 1)
)
INSERT INTO codes_voucher (campaign_id, code)
SELECT id, 'T-' || n FROM made, generate_series(1, {CODES}) AS n WHERE name = 'torture'
"""
ORDERED = 100_000
BEHIND = 1.0  # seconds
ORDER = f"""
from campaigns.codes.actions.extend_pool import order_codes
from campaigns.models import Campaign
from config.actor import SYSTEM
order_codes(Campaign.objects.get(name="ordered"), count={ORDERED}, by=SYSTEM)
"""


class Caller(threading.Thread):
    def __init__(self, name: str, port: int, headers: dict, answers: list, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.label, self.port, self.headers, self.answers, self.stop = name, port, headers, answers, stop

    def run(self) -> None:
        number, connection = 0, None
        while not self.stop.is_set():
            number += 1
            path, body, headers = self.call(number)
            status = 0
            while status != 200 and not self.stop.is_set():
                try:
                    connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                    connection.request("POST", path, json.dumps(body), self.headers | headers)
                    response = connection.getresponse()
                    status, content = response.status, response.read()
                except (OSError, http.client.HTTPException):
                    connection, status = None, 0
                told = self.told(number, json.loads(content)) if status == 200 else None
                if told is None:
                    status = 0
                    time.sleep(0.05)
                else:
                    self.answers += [(time.monotonic(), source_id, code) for source_id, code in told]

    def call(self, number: int) -> tuple[str, dict, dict]:
        """Its path, body and headers. Of ten a batch, and one that adds a cent to the gift voucher."""
        name = f"{self.label}-{number}"
        if number % 10 == 5:
            return "/v1/publications/batch", {"publications": [_publication(f"{name}-{n}") for n in range(3)]}, {}
        if number % 10 == 9:
            return "/v1/vouchers/GIFT/balance", {"amount": 1}, {"Idempotency-Key": name}
        return "/v1/publications", _publication(name), {}

    def told(self, number: int, answer: dict) -> list[tuple[str, str]] | None:
        """What was given to which source_id; of the gift voucher, by which key something was added. None: not to all."""
        if number % 10 == 9:
            return [(f"{self.label}-{number}", GIFT)]
        given = answer.get("publications", [answer])
        return (
            [(each["source_id"], each["voucher"]["code"]) for each in given]
            if all("voucher" in x for x in given)
            else None
        )


def _publication(name: str) -> dict:
    return {"campaign": "torture", "customer": {"source_id": name}, "source_id": name}


def torture(folder: Path, *, synchronous: bool, seconds: float, threads: int = 16) -> dict:
    """One failover in the middle of `seconds`. Returns its figures; raises Wrong at the first thing that is."""
    with Pair(folder, synchronous=synchronous) as pair, ExitStack() as stack:
        shared = {
            "DATABASE_URL": pair.address,
            "FILES_FOLDER": str(folder / "files"),
            "SECRET_KEY": "the same " * 8,
            "WORKERS": "1",
        }
        machines = [RunningHandout(folder / name, **shared) for name in ("machine-a", "machine-b")]
        for machine in machines:
            stack.enter_context(machine)
        made = json.loads(manage(folder / "machine-a", "create_api_key", "torture", "--json", **shared).stdout)
        headers = {"X-App-Id": made["id"], "X-App-Token": made["token"], "Content-Type": "application/json"}
        with pair.primary.connect() as connection:
            connection.execute(FILL)
        if (ordered := manage(folder / "machine-a", "shell", "-c", ORDER, **shared)).returncode:
            raise Wrong(ordered.stderr)

        answers: list[tuple[float, str, str]] = []
        stop = threading.Event()
        callers = [
            Caller(f"{machine.port}-{n}", machine.port, headers, answers, stop)
            for machine in machines
            for n in range(threads)
        ]
        for caller in callers:
            caller.start()
        time.sleep(seconds / 2)
        if not synchronous:
            pair.leave_behind(BEHIND)
        killed = time.monotonic()
        pair.fail_over()
        promoted = time.monotonic()
        _wait_until_answered(answers, promoted, machines)
        time.sleep(seconds / 2)
        stop.set()
        for caller in callers:
            caller.join(60)
        for machine in machines:
            machine.wait_until_healthy()
        with pair.standby.connect() as connection:
            figures = _compare(connection, answers, synchronous=synchronous)
            _wait_for_the_order(connection)
        if (verified := manage(folder / "machine-a", "verify", **shared)).returncode:
            raise Wrong(verified.stdout + verified.stderr)
        times = [moment for moment, _, _ in answers]
        gap = max(later - earlier for earlier, later in pairwise(times))
        before = sum(moment < killed for moment in times)
        return {
            "replication": "synchronous" if synchronous else "asynchronous", "answered": len(answers),
            "a second before": round(before / (seconds / 2)), **figures, "seconds to promote": round(promoted - killed, 1),
            "seconds without answers": round(gap, 1), "verify": "clean",
        }  # fmt: skip


def _wait_until_answered(answers, since: float, machines) -> None:
    deadline = time.monotonic() + 180
    while not answers or answers[-1][0] < since:
        if time.monotonic() > deadline:
            raise Wrong(f"no answer within 180 s after the failover: {machines[0].said()[-3000:]}")
        time.sleep(0.1)


def _compare(connection, answers, *, synchronous: bool) -> dict:
    holders = dict(
        connection.execute(
            """SELECT p.source_id, v.code FROM publications_publication p
                 JOIN publications_publishedvoucher l ON l.publication_id = p.id JOIN codes_voucher v ON v.id = l.voucher_id
                WHERE p.source_id IS NOT NULL"""
        ).fetchall()
    )
    kept = connection.execute("SELECT name FROM api_idempotentcall").fetchall()
    holders |= {name: GIFT for (name,) in kept}
    (added,) = connection.execute("SELECT count(*) FROM redemptions_balancechange").fetchone()
    if added != len(kept):
        raise Wrong(f"{added} additions by {len(kept)} keys")
    lost = [source_id for _, source_id, code in answers if holders.get(source_id) != code]
    told = defaultdict(set)
    for _, source_id, code in answers:
        if code != GIFT:
            told[code].add(source_id)
    twice = [code for code, people in told.items() if len(people) > 1]
    if synchronous and (lost or twice):
        raise Wrong(f"{len(lost)} answered and lost {lost[:5]}, {len(twice)} codes given twice {twice[:5]}")
    return {"answered and lost": len(lost), "given twice": len(twice), "added to the gift voucher": added}


def _wait_for_the_order(connection) -> None:
    """A worker was at it when the primary died."""
    order = "SELECT status, done FROM codes_codeorder"
    deadline = time.monotonic() + 240
    while (found := connection.execute(order).fetchone()) != ("done", ORDERED):
        if time.monotonic() > deadline:
            raise Wrong(f"the order of codes did not end: {found}")
        time.sleep(0.5)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=20)
    given = arguments.parse_args()
    for synchronous in (True, False):
        folder = Path(tempfile.mkdtemp(prefix="handout-failover-"))
        try:
            print(torture(folder, synchronous=synchronous, seconds=given.seconds), flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print("With synchronous replication nothing answered was lost, and nothing given twice.")


if __name__ == "__main__":
    main()
