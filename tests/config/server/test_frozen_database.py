"""The whole installation while its database, and then a process of its own, is frozen: nobody waits without end."""

from __future__ import annotations

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from config.processes.pulse import Pulses
from config.server.embedded_postgres import Server, database_settings
from config.server.management.commands.run import _web, _workers
from config.server.supervise import stop, supervise
from tests.support.running_handout import RunningHandout, _free_port, manage, processes_of

CALLS = 24  # more than one web process has threads

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def handout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frozen")
    (folder / "database").mkdir()
    server = Server(folder / "database", durable=False, say=lambda line: None)
    server.start()
    found = database_settings(folder / "database")
    address = f"postgres://{found['USER']}@/{found['NAME']}?host={found['HOST']}&port={found['PORT']}"
    with RunningHandout(folder / "data", DATABASE_URL=address, WORKERS="1") as handout:
        handout.database, handout.address = folder / "database", address
        yield handout
    server.stop()


def test_a_frozen_database_and_then_one_that_goes_on(handout):
    key = json.loads(
        manage(handout.data_folder, "create_api_key", "test", "--json", DATABASE_URL=handout.address).stdout
    )
    headers = {"X-App-Id": key["id"], "X-App-Token": key["token"], "Content-Type": "application/json"}

    def create(number: int) -> tuple[int, str | None, float]:
        body = json.dumps({"source_id": f"c-{number}"}).encode()
        began = time.monotonic()
        try:
            with urlopen(
                Request(f"http://127.0.0.1:{handout.port}/v1/customers", body, headers), timeout=120
            ) as answer:
                return answer.status, None, time.monotonic() - began
        except HTTPError as error:
            return error.code, error.headers["Retry-After"], time.monotonic() - began

    assert create(0)[0] == 200
    with ThreadPoolExecutor(CALLS) as callers:
        with stopped(processes_of(handout.database)):
            waiting = [callers.submit(create, number) for number in range(1, 1 + CALLS)]
            time.sleep(1)
            began = time.monotonic()
            alive = handout.get("/healthz")[0]
            alive_after = time.monotonic() - began
            ready = handout.get("/readyz")[0]
            ready_after = time.monotonic() - began
            answers = [call.result() for call in waiting]
            at_once = create(100)
        goes_on = handout.wait_until_healthy().get("/readyz")

    assert (alive, alive_after < 5) == (200, True)
    assert (ready, ready_after < 7) == (503, True)
    assert {(status, retry) for status, retry, _ in answers} == {(503, "1")}
    assert max(took for *_, took in answers) < 60
    assert (at_once[0], at_once[2] < 5) == (503, True)
    assert goes_on[0] == 200
    assert create(1)[0] == 200


def test_a_web_process_or_worker_that_stands_still_is_replaced(handout, monkeypatch):
    for name, value in {"DATABASE_URL": handout.address, "WORKERS": "1"}.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    parts = [_web("127.0.0.1", _free_port()), _workers()[0]]
    with closing(Pulses(seconds=8, say=said.append)) as pulses:
        for part in parts:
            part.start()
        rounds = supervise(parts, say=said.append)
        try:
            first = _look_until(rounds, pulses, lambda: len(pulses.known()) == 2)
            for pid in first:
                os.kill(pid, signal.SIGSTOP)
            second = _look_until(rounds, pulses, lambda: len(pulses.known()) == 2 and not pulses.known() & first)
        finally:
            stop(parts)

    assert not first & second
    assert sorted(line.partition(" (")[0] for line in said if "stood still" in line) == ["A web process", "A worker"]


def _look_until(rounds, pulses: Pulses, true) -> set[int]:
    deadline = time.monotonic() + 180
    while not true():
        assert time.monotonic() < deadline
        next(rounds)
        pulses.kill_the_still()
    return pulses.known()


@contextmanager
def stopped(processes):
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)
