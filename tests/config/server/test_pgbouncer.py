"""Behind PgBouncer in transaction mode: the web processes go through it, whatever needs a session goes past it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import pytest

from config.processes.die_with_parent import die_with_parent
from config.server.embedded_postgres import Server, database_settings
from tests.support.processes.prepared_folder import copy_prepared
from tests.support.running_handout import RunningHandout, _free_port, manage

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = pytest.mark.skipif(not PGBOUNCER, reason="PgBouncer is not installed (apt-get install pgbouncer)")

INI = """
[databases]
handout = host={host} port={port} dbname=handout user=handout
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
ignore_startup_parameters = extra_float_digits
logfile = {folder}/pgbouncer.log
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """(through PgBouncer, direct) are the addresses of one database."""
    folder = tmp_path_factory.mktemp("pgbouncer")
    folder.chmod(0o777)
    copy_prepared(folder / "data", "postgres")
    server = Server(folder / "data", durable=False, say=lambda line: None)
    server.start()
    found, listen = database_settings(folder / "data"), _free_port()
    (folder / "pgbouncer.ini").write_text(
        INI.format(host=found["HOST"], port=found["PORT"], listen=listen, folder=folder)
    )
    owner = (folder / "data" / "postgres").owner()  # the server lets nobody else in
    become = ["-u", owner] if os.geteuid() == 0 else []
    if become:
        folder.chmod(0o777)
        for step in folder.parents:
            if step == Path(tempfile.gettempdir()):
                break
            step.chmod(0o755)
    bouncer = subprocess.Popen([PGBOUNCER, *become, folder / "pgbouncer.ini"], preexec_fn=die_with_parent)
    deadline = time.monotonic() + 60
    while socket.socket().connect_ex(("127.0.0.1", listen)):
        assert bouncer.poll() is None and time.monotonic() < deadline
        time.sleep(0.1)
    yield (
        f"postgres://handout@127.0.0.1:{listen}/handout",
        f"postgres://handout@/handout?host={found['HOST']}&port={found['PORT']}",
    )
    bouncer.terminate()
    bouncer.wait()
    server.stop()


def test_without_a_way_past_it_a_start_is_refused_in_one_line_and_leaves_no_lock(database, tmp_path):
    through, direct = database

    refused = [manage(tmp_path, "run", PORT=str(_free_port()), DATABASE_URL=through) for _ in range(2)]
    with psycopg.connect(direct) as connection:
        locks = connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()

    assert [run.returncode for run in refused] == [1, 1]
    assert {run.stderr for run in refused} == {
        "A pooler in transaction mode (PgBouncer) is in front of this database, but workers and migrations "
        "need their own sessions. Give them the direct address: WORKER_DATABASE_URL=postgres://user:password@host:5432/name\n"
    }
    assert locks == (0,)


def test_with_one_all_works(database, tmp_path):
    through, direct = database
    both = {"DATABASE_URL": through, "WORKER_DATABASE_URL": direct}
    with RunningHandout(tmp_path / "data", WORKERS="2", **both) as handout:
        made = json.loads(manage(tmp_path / "data", "create_api_key", "test", "--json", **both).stdout)
        headers = {"X-App-Id": made["id"], "X-App-Token": made["token"], "Content-Type": "application/json"}

        def call(path: str, body: dict | None = None) -> dict:
            sent = json.dumps(body).encode() if body else None
            with urlopen(Request(f"http://127.0.0.1:{handout.port}/v1/{path}", sent, headers), timeout=60) as answer:
                return json.loads(answer.read())

        call("campaigns", {
            "name": "Pooled", "type": "STATIC", "vouchers_count": 260,
            "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}},
        })  # fmt: skip
        _wait_until(lambda: call("campaigns/Pooled")["vouchers_count"] == 260)  # made by a worker

        def publication(n: int) -> dict:
            return {"campaign": "Pooled", "customer": {"source_id": f"c{n}"}, "source_id": f"order-{n}"}

        given = [call("publications", publication(n)) for n in range(40)]
        with ThreadPoolExecutor(40) as many:  # the express lane serves them, several at a time
            given += many.map(lambda n: call("publications", publication(n)), range(40, 240))
        given += call("publications/batch", {"publications": [publication(n) for n in range(240, 260)]})["publications"]
        export = call("exports", {"exported_object": "publication"})
        _wait_until(lambda: call(f"exports/{export['id']}")["status"] == "DONE")

    assert len({each["voucher"]["code"] for each in given}) == 260


def _wait_until(true) -> None:
    deadline = time.monotonic() + 180
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)
