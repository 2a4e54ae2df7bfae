"""Two installations, as on two machines, serve one database (docs/scaling.md)."""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from config.server.embedded_postgres import Server, database_settings
from tests.support.running_handout import RunningHandout, manage

CODES = 60
CAMPAIGN = {
    "name": "Two machines",
    "type": "STATIC",
    "vouchers_count": CODES,
    "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}},
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Web server, worker and data folder twice; the database and the folder of files are shared."""
    folder = tmp_path_factory.mktemp("machines")
    with ExitStack() as stack:
        (folder / "shared").mkdir()
        server = Server(folder / "shared", durable=False, say=lambda line: None)
        server.start()
        stack.callback(server.stop)
        found = database_settings(folder / "shared")
        shared = {
            "DATABASE_URL": f"postgres://{found['USER']}@/{found['NAME']}?host={found['HOST']}&port={found['PORT']}",
            "FILES_FOLDER": str(folder / "files"),
            "SECRET_KEY": "the same on every machine, " * 3,
            "WORKERS": "1",
        }
        # At the same moment: one of them migrates, and the other waits for it.
        machines = []
        for name in ("first", "second"):
            (folder / name).mkdir()
            machines.append(RunningHandout(folder / name / "data", **shared))
        for machine in machines:
            stack.enter_context(machine)
        yield Shop(machines)


class Shop:
    """Calls either machine, with one key."""

    def __init__(self, machines: list[RunningHandout]) -> None:
        self.first, self.second = self.machines = machines
        database = {"DATABASE_URL": self.first.environment["DATABASE_URL"]}
        key = json.loads(manage(self.first.data_folder, "create_api_key", "shop", "--json", **database).stdout)
        self.headers = {"X-App-Id": key["id"], "X-App-Token": key["token"], "Content-Type": "application/json"}

    def call(self, machine: RunningHandout, path: str, body: dict | None = None) -> tuple[int, bytes]:
        sent = None if body is None else json.dumps(body).encode()
        asked = Request(f"http://127.0.0.1:{machine.port}{path}", data=sent, headers=self.headers)
        try:
            with urlopen(asked, timeout=60) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    def ask_until(self, machine: RunningHandout, path: str, done) -> dict:
        deadline = time.monotonic() + 60
        while not done(found := json.loads(self.call(machine, path)[1])):
            assert time.monotonic() < deadline, found
            time.sleep(0.2)
        return found

    def take_all(self, machine: RunningHandout, given: list[str]) -> None:
        number = 0
        while True:
            number += 1
            customer = {"source_id": f"{threading.get_ident()}-{number}"}
            status, content = self.call(machine, "/v1/publications", {"campaign": "Two machines", "customer": customer})
            if status == 400:
                assert json.loads(content)["key"] == "no_voucher_suitable_for_publication"
                return
            given.append(json.loads(content)["voucher"]["code"])


def test_each_code_is_given_once_whichever_machine_is_asked(shop):
    assert shop.call(shop.first, "/v1/campaigns", CAMPAIGN)[0] == 200
    made = f"/v1/campaigns/{CAMPAIGN['name'].replace(' ', '%20')}"
    shop.ask_until(shop.second, made, lambda campaign: campaign["vouchers_count"] == CODES)

    given: list[str] = []
    callers = [threading.Thread(target=shop.take_all, args=(machine, given)) for machine in shop.machines * 2]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert (len(given), len(set(given))) == (CODES, CODES)


def test_a_file_ordered_on_one_machine_is_taken_from_the_other(shop):
    ordered = json.loads(shop.call(shop.first, "/v1/exports", {"exported_object": "publication"})[1])

    done = shop.ask_until(shop.second, f"/v1/exports/{ordered['id']}", lambda export: export["status"] == "DONE")

    address = done["result"]["url"]
    status, content = shop.call(shop.second, address[address.index("/v1/") :])
    # a heading, the codes, and each caller's last attempt
    assert (status, content.count(b"\r\n")) == (200, 1 + CODES + 4)
