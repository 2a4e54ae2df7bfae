"""The torture of distributions: a run whose worker, database and whole server are killed at random moments.

    make torture            # or: .venv/bin/python -m tests.torture.distributions --runs 10 --recipients 5000 --kills 12

Each run starts `manage.py run` on a data folder of its own (durable, as in production) with a mail server in another
process, which is not killed and counts what it got. Then every recipient has at most one code and one message, the
counts add up, what nobody knows is shown as unknown, and `manage.py verify` is clean.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import shutil
import signal
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psycopg

from tests.support.mail_sink import Sink, mail_sink
from tests.support.running_handout import RunningHandout, manage
from tests.torture.hand_outs import Wrong, _descendants, _processes

MAKE = """
WITH campaign AS (
  INSERT INTO campaigns_campaign (name, kind, code_charset, metadata, discount_type, discount_value)
  VALUES ('torture', 'DISCOUNT_COUPONS', 'ABC', '{{}}', 'PERCENT', 10) RETURNING id
), codes AS (
  INSERT INTO codes_voucher (campaign_id, code) SELECT id, 'T-' || n FROM campaign, generate_series(1, {codes}) AS n
), people AS (
  INSERT INTO customers_customer (source_id, email, address, metadata)
  SELECT 's-' || n, 'c' || n || '@example.com', '{{}}', '{{}}' FROM generate_series(1, {recipients}) AS n RETURNING id
), segment AS (
  INSERT INTO segments_segment (name, type) VALUES ('everybody', 'static') RETURNING id
), members AS (
  INSERT INTO segments_segmentmember (segment_id, customer_id) SELECT segment.id, people.id FROM segment, people
)
INSERT INTO distributions_distribution (name, kind, status, audience, segment_id, campaign_id, message, subject, body,
                                       starts_at, actor_kind, actor_label)
SELECT 'torture', 'manual', 'scheduled', 'segment', segment.id, campaign.id, 'email', 'Hi', 'Your code: {{{{ code }}}}',
       now(), 'user', 'torture' FROM segment, campaign
"""


def torture(folder: Path, *, recipients: int, kills: list[str], seed: str) -> dict:
    """One run. Returns its figures; raises Wrong at the first thing that is."""
    with mail_sink(folder / "sink") as sink:
        handout = start(folder / "data", sink)
        try:
            with connect(handout) as database:
                database.execute(MAKE.format(codes=recipients, recipients=recipients))
            dice, killed = random.Random(seed), Counter()
            for n, kind in enumerate(kills):
                moment = recipients * (n + dice.random()) / (len(kills) + 1)
                wait_for(handout, sink, moment)
                if kind == "everything":
                    _kill_everything(handout)
                    handout = start(folder / "data", sink)
                    killed[kind] += 1
                elif pids := victims(handout, kind):
                    with suppress(ProcessLookupError):
                        os.kill(dice.choice(pids), signal.SIGKILL)
                        killed[kind] += 1
            wait_until_done(handout)
            figures = _compare(handout, sink, recipients)
            if (verified := manage(folder / "data", "verify")).returncode:
                raise Wrong(f"{verified.stdout}{verified.stderr}")
            return figures | {"verify": "clean", "killed": dict(killed)}
        finally:
            handout.__exit__()


def start(data_folder: Path, sink: Sink) -> RunningHandout:
    return RunningHandout(data_folder, EMAIL_URL=sink.url, SITE_URL="https://handout.example.com").wait_until_ready()


def connect(handout: RunningHandout, seconds: float = 60) -> psycopg.Connection:
    give_up = time.monotonic() + seconds
    while True:
        try:
            return handout.connect()
        except psycopg.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)


def victims(handout: RunningHandout, kind: str) -> list[int]:
    parents, commands = _processes()
    ours = _descendants(handout.process.pid, parents)
    if kind == "database":
        return [pid for pid in ours if parents[pid] == handout.process.pid and "postgres" in commands[pid]]
    if kind == "backend":
        return [pid for pid in ours if commands[pid].startswith("postgres: handout")]
    return [pid for pid in ours if "--queues messages" in commands[pid]]


def _kill_everything(handout: RunningHandout) -> None:
    """As when the power fails: the database and all that belongs to it die with `manage.py run`, in one moment."""
    parents, _ = _processes()
    for pid in [handout.process.pid, *_descendants(handout.process.pid, parents)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    handout.process.wait()


def wait_for(handout: RunningHandout, sink: Sink, messages: float, seconds: int = 300) -> None:
    give_up = time.monotonic() + seconds
    while sink.count() < messages:
        if handout.process.poll() is not None or time.monotonic() > give_up:
            raise Wrong(f"it stands still at {sink.count()} messages: {handout.said()[-2000:]}")
        time.sleep(0.01)


def wait_until_done(handout: RunningHandout, seconds: int = 420) -> None:
    """What a killed worker was sending becomes unknown when its successor starts, or within a minute and a half."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        with suppress(psycopg.Error), connect(handout) as database:
            (status,) = database.execute("SELECT status FROM distributions_distribution").fetchone()
            if status == "done":
                return
        time.sleep(0.2)
    raise Wrong(f"not done: {handout.said()[-3000:]}")


def _compare(handout: RunningHandout, sink: Sink, recipients: int) -> dict:
    with connect(handout) as database:
        states = dict(database.execute("SELECT state, count(*) FROM distributions_delivery GROUP BY state").fetchall())
        rows = database.execute(
            """SELECT c.email, v.code, d.state FROM customers_customer c
                 LEFT JOIN publications_publication p ON p.customer_id = c.id
                 LEFT JOIN publications_publishedvoucher l ON l.publication_id = p.id
                 LEFT JOIN codes_voucher v ON v.id = l.voucher_id
                 LEFT JOIN distributions_delivery d ON d.customer_id = c.id"""
        ).fetchall()
        (taken,) = database.execute("SELECT count(*) FROM codes_voucher WHERE published_at IS NOT NULL").fetchone()
    mails = sink.mails()
    code_of = {email: code for email, code, _ in rows}
    state_of = {email: state for email, _, state in rows}
    got = Counter(address for address, _ in mails)
    if len(rows) != recipients or taken != recipients or len(set(code_of.values())) != recipients:
        raise Wrong(f"{recipients} recipients have {len(rows)} publications and {taken} codes")
    if twice := [address for address, count in got.items() if count > 1]:
        raise Wrong(f"two messages to {twice[:5]}")
    if wrong := [(address, code) for address, code in mails if code_of[address] != code]:
        raise Wrong(f"a message with another's code: {wrong[:5]}")
    if unsent := [email for email, state in state_of.items() if state == "sent" and not got[email]]:
        raise Wrong(f"recorded as sent and never received: {unsent[:5]}")
    if untold := [email for email in got if state_of[email] not in ("sent", "unknown")]:
        raise Wrong(f"received and not recorded: {[(email, state_of[email]) for email in untold[:5]]}")
    if sum(states.values()) != recipients or set(states) - {"sent", "unknown"}:
        raise Wrong(f"{states} do not add up to {recipients}")
    return {
        "recipients": recipients, "codes given": taken, "messages received": len(mails),
        "most per recipient": max(got.values()), "sent": states["sent"], "unknown": states.get("unknown", 0),
        "of them received": sum(1 for email in got if state_of[email] == "unknown"),
    }  # fmt: skip


KINDS = ["worker", "database", "worker", "backend", "worker", "everything"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=10)
    arguments.add_argument("--recipients", type=int, default=5000)
    arguments.add_argument("--kills", type=int, default=12)
    arguments.add_argument("--seed", default=secrets.token_hex(4))
    given = arguments.parse_args()
    for run in range(1, given.runs + 1):
        started = time.monotonic()
        folder = Path(tempfile.mkdtemp(prefix="handout-torture-"))
        try:
            figures = torture(
                folder, recipients=given.recipients, seed=f"{given.seed}-{run}",
                kills=[KINDS[n % len(KINDS)] for n in range(given.kills)],
            )  # fmt: skip
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(f"run {run} (seed {given.seed}-{run}, {time.monotonic() - started:.0f} s): {figures}", flush=True)
    print(f"{given.runs} runs: nobody got two codes or two messages.")


if __name__ == "__main__":
    main()
