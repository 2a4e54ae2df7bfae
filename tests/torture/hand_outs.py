"""The exactly-once test: many client processes against a real installation that is killed again and again.

    make torture            # or: .venv/bin/python -m tests.torture.hand_outs --runs 10 --codes 5000 --kills 12

Each run starts `manage.py run` on a data folder of its own (durable, as in production), empties one pool from
8 processes with 4 threads each over HTTP, which redeem codes of that pool as well, while staff release some that were
just given; and meanwhile kills web processes, the database and its backends with SIGKILL. Then every answer that a
client got is compared with the database, and `manage.py verify` must be clean.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import psycopg

from config.processes.die_with_parent import die_with_parent
from config.server.embedded_postgres import database_settings
from tests.support.processes.prepared_folder import copy_prepared
from tests.support.root import ROOT


class Wrong(AssertionError):
    """Something was given twice, lost, or contradicts an answer."""


class Installation:
    """A running Handout with an API key and one campaign."""

    def __init__(self, folder: Path, *, codes: int, taken_before: int) -> None:
        self.folder = folder
        copy_prepared(folder, "postgres", "staticfiles")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = kept | {
            "HANDOUT_DATA": str(folder), "PORT": str(self.port), "DEMO": "0", "WORKERS": "2", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        self.log = (folder / "run.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=die_with_parent,  # a torture that is killed leaves nothing running
        )
        self.wait_until_ready()
        key = json.loads(self.manage("create_api_key", "torture", "--json"))
        self.app_id, self.token = key["id"], key["token"]
        self.campaign = self.make_campaign(codes, taken_before)

    def wait_until_ready(self, seconds: int = 120) -> None:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            if self.process.poll() is not None:
                raise Wrong(f"manage.py run ended: {(self.folder / 'run.log').read_text()[-2000:]}")
            with suppress(OSError), urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
                return
            time.sleep(0.1)
        raise Wrong(f"not ready within {seconds} s: {(self.folder / 'run.log').read_text()[-2000:]}")

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise Wrong(f"manage.py {arguments[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def connect(self) -> psycopg.Connection:
        database = database_settings(self.folder)
        return psycopg.connect(
            host=database["HOST"],
            port=database["PORT"],
            dbname=database["NAME"],
            user=database["USER"],
            autocommit=True,
        )

    def make_campaign(self, codes: int, taken_before: int) -> int:
        """A pool of `codes`, behind `taken_before` that were published earlier to a file."""
        with self.connect() as connection:
            (campaign,) = connection.execute(
                """INSERT INTO campaigns_campaign (name, kind, code_charset, metadata, discount_type, discount_value)
                   VALUES ('torture', 'DISCOUNT_COUPONS', 'ABC', '{}', 'PERCENT', 10) RETURNING id"""
            ).fetchone()
            connection.execute(
                """WITH made AS (
                     INSERT INTO codes_voucher (campaign_id, code, published_at)
                     SELECT %s, 'T-' || n, CASE WHEN n <= %s THEN now() END FROM generate_series(1, %s) AS n
                     RETURNING id, published_at
                   ), earlier AS (
                     INSERT INTO publications_publication (campaign_id, channel, origin, voucher_count, actor_label)
                     SELECT %s, 'CSV', 'csv', %s, 'torture' WHERE %s > 0 RETURNING id
                   )
                   INSERT INTO publications_publishedvoucher (publication_id, voucher_id)
                   SELECT earlier.id, made.id FROM earlier, made WHERE made.published_at IS NOT NULL""",
                [campaign, taken_before, taken_before + codes, campaign, taken_before, taken_before],
            )
        return campaign

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.log.close()

    def victims(self, kind: str) -> list[int]:
        """The processes of one kind below `manage.py run`: web workers, the database server, or its backends."""
        parents, commands = _processes()
        ours = _descendants(self.process.pid, parents)
        if kind == "database":
            return [pid for pid in ours if parents[pid] == self.process.pid and "postgres" in commands[pid]]
        if kind == "backend":
            return [pid for pid in ours if commands[pid].startswith("postgres: handout")]
        return [pid for pid in ours if "granian" in commands[pid] and "granian" in commands.get(parents[pid], "")]


def _processes() -> tuple[dict[int, int], dict[int, str]]:
    parents, commands = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                pid = int(entry.name)
                parents[pid] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                commands[pid] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return parents, commands


def _descendants(root: int, parents: dict[int, int]) -> list[int]:
    found, queue = [], [root]
    while queue:
        parent = queue.pop()
        children = [pid for pid, of in parents.items() if of == parent]
        found += children
        queue += children
    return found


@contextmanager
def installation(**options):
    folder = Path(tempfile.mkdtemp(prefix="handout-torture-"))
    installed = None
    try:
        installed = Installation(folder, **options)
        yield installed
    finally:
        if installed:
            installed.stop()
        shutil.rmtree(folder, ignore_errors=True)


def torture(*, processes: int, threads: int, codes: int, taken_before: int, kills: list[str], seed: str) -> dict:
    """One run. Returns its figures; raises Wrong at the first thing that is."""
    with installation(codes=codes, taken_before=taken_before) as installed:
        spec = {
            "port": installed.port, "id": installed.app_id, "token": installed.token, "campaign": "torture",
            "threads": threads, "shared": max(codes // 5, 1), "seed": seed,
            "pool": [taken_before + 1, taken_before + codes],
        }  # fmt: skip
        (installed.folder / "spec.json").write_text(json.dumps(spec))
        clients = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.torture.client", str(installed.folder / "spec.json"), str(number)],
                cwd=ROOT,
            )
            for number in range(processes)
        ]
        staff = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.staff", str(installed.campaign)],
            cwd=ROOT,
            env=installed.environment,
        )
        try:
            while len(list(installed.folder.glob("ready-*"))) < processes:
                time.sleep(0.05)
            (installed.folder / "go").touch()
            killed = _kill_at_random_moments(installed, clients, kills, codes, seed)
            for client in clients:
                if client.wait(300):
                    raise Wrong("a client failed")
        finally:
            for client in [*clients, staff]:
                client.kill()
                client.wait()
        installed.wait_until_ready()
        figures = _compare(installed, _answers(installed.folder), codes)
        installed.manage("verify")
        return figures | {"killed": dict(killed)}


def _kill_at_random_moments(installed, clients, kills: list[str], codes: int, seed: str) -> Counter:
    """The n-th kill comes at a random place within the n-th equal part of the codes, as answered to the clients."""
    dice = random.Random(seed)
    killed: Counter = Counter()
    for n, kind in enumerate(kills):
        moment = codes * (n + dice.random()) / (len(kills) + 1)
        while _given(installed.folder) < moment and any(client.poll() is None for client in clients):
            time.sleep(0.005)
        if victims := installed.victims(kind):
            with suppress(ProcessLookupError):
                os.kill(dice.choice(victims), signal.SIGKILL)
                killed[kind] += 1
    return killed


def _given(folder: Path) -> int:
    return sum(path.read_bytes().count(b'"publication": "') for path in folder.glob("answers-*.jsonl"))


def _answers(folder: Path) -> list[dict]:
    return [json.loads(line) for path in folder.glob("answers-*.jsonl") for line in path.read_text().splitlines()]


def _compare_answers(given: list[dict], holders: dict[str, str]) -> tuple[set[str], set[str]]:
    """The codes and publications that somebody was told of. Raises Wrong."""
    publications_of_code, codes_of_publication = defaultdict(set), defaultdict(set)
    codes_of_source_id, codes_of_member = defaultdict(set), defaultdict(set)
    for answer in given:
        wanted = 2 if answer["kind"] == "two" else 1
        if len(answer["codes"]) != wanted:
            raise Wrong(f"{wanted} asked, answered with {answer}")
        codes_of_publication[answer["publication"]].add(tuple(answer["codes"]))
        for code in answer["codes"]:
            publications_of_code[code].add(answer["publication"])
            if holders.get(code) != answer["customer"]:
                raise Wrong(f"answered with {code} for {answer['customer']}, the database says {holders.get(code)}")
        if answer["kind"] == "source_id":
            codes_of_source_id[answer["source_id"]] |= set(answer["codes"])
        if answer["kind"] == "join_once":
            codes_of_member[answer["customer"]] |= set(answer["codes"])
    for what, table in {
        "a code in two publications": publications_of_code,
        "a publication with two sets of codes": codes_of_publication,
        "a source_id with two codes": codes_of_source_id, "a join-once customer with two codes": codes_of_member,
    }.items():  # fmt: skip
        if twice := [key for key, values in table.items() if len(values) > 1]:
            raise Wrong(f"{what}: {twice[:5]}")
    return set(publications_of_code), set(codes_of_publication)


def _compare(installed: Installation, answers: list[dict], codes: int) -> dict:
    redeemed = Counter(
        code for answer in answers for code in answer["codes"] if answer["kind"] == "redeem" and answer["status"] == 200
    )
    answers = [answer for answer in answers if answer["kind"] != "redeem"]
    given = [answer for answer in answers if answer["status"] == 200]
    with installed.connect() as connection:
        holders = dict(
            connection.execute(
                """SELECT v.code, c.source_id FROM codes_voucher v
                     JOIN publications_publishedvoucher l ON l.voucher_id = v.id
                     JOIN publications_publication p ON p.id = l.publication_id
                     JOIN customers_customer c ON c.id = p.customer_id WHERE v.campaign_id = %s""",
                [installed.campaign],
            ).fetchall()
        )
        left, used, retired, worthless = connection.execute(
            """SELECT count(*) FILTER (WHERE published_at IS NULL AND withdrawn_at IS NULL),
                      count(*) FILTER (WHERE withdrawn_why = 'used' AND ledger = 0),
                      count(*) FILTER (WHERE withdrawn_at IS NOT NULL AND ledger = 1),
                      count(*) FILTER (WHERE ledger > 1 OR published_at IS NOT NULL AND withdrawn_at IS NOT NULL)
                 FROM (SELECT v.*, (SELECT count(*) FROM publications_publishedvoucher l WHERE l.voucher_id = v.id) AS ledger
                         FROM codes_voucher v WHERE v.campaign_id = %s) AS v""",
            [installed.campaign],
        ).fetchone()
        (doubled,) = connection.execute(
            """SELECT (SELECT count(*) FROM (SELECT 1 FROM publications_publication WHERE source_id IS NOT NULL
                        AND result = 'SUCCESS' GROUP BY source_id HAVING count(*) > 1) AS a)
                    + (SELECT count(*) FROM (SELECT 1 FROM publications_publication WHERE join_once
                        AND result = 'SUCCESS' GROUP BY customer_id HAVING count(*) > 1) AS b)"""
        ).fetchone()

    codes_told, publications_told = _compare_answers(given, holders)
    if worthless:
        raise Wrong(f"{worthless} codes were given to somebody after they had been used or released")
    if twice := [code for code, times in redeemed.items() if times > 1]:
        raise Wrong(f"redeemed more than once: {twice[:5]}")
    if doubled:
        raise Wrong(f"{doubled} source_ids or join-once customers stand twice in the database")
    unexpected = Counter(
        (answer["status"], answer["key"])
        for answer in answers
        if answer["status"] not in (0, 200) and answer["key"] != "no_voucher_suitable_for_publication"
    )
    if unexpected:
        raise Wrong(f"unexpected answers: {unexpected}")

    untold = len(holders) - len(codes_told)
    could_be_untold = sum(2 if answer["kind"] == "two" else 1 for answer in answers if answer["cut"])
    if untold > could_be_untold:
        raise Wrong(f"{untold} codes were given without an answer, only {could_be_untold} calls were cut off")
    if len(holders) + used + left != codes or left > 1:  # one may be left over where only "two" were still asked for
        raise Wrong(f"{codes} codes, {len(holders)} given, {used} used by others, {left} left")
    return {
        "answers": len(answers), "publications": len(publications_told), "codes": len(holders), "left": left,
        "used before": used, "retired": retired, "redeemed": len(redeemed),
        "repeats": len(given) - len(publications_told), "cut off": sum(answer["cut"] for answer in answers),
        "given unheard": untold, "given twice": 0, "lost": 0,
    }  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=10)
    arguments.add_argument("--codes", type=int, default=5000)
    arguments.add_argument("--kills", type=int, default=12)
    arguments.add_argument("--seed", default=secrets.token_hex(4))
    given = arguments.parse_args()
    pattern = ["web", "database", "web", "backend"]
    for run in range(1, given.runs + 1):
        started = time.monotonic()
        figures = torture(
            processes=8, threads=4, codes=given.codes, taken_before=given.codes * 10, seed=f"{given.seed}-{run}",
            kills=[pattern[n % 4] for n in range(given.kills)],
        )  # fmt: skip
        print(f"run {run} (seed {given.seed}-{run}, {time.monotonic() - started:.0f} s): {figures}", flush=True)
    print(f"{given.runs} runs, nothing given twice, nothing lost.")


if __name__ == "__main__":
    main()
