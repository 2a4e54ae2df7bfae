"""Reports read from another database where one is configured: a replica (docs/scaling.md)."""

from __future__ import annotations

import json
import time
from urllib.request import Request, urlopen

from config.server.embedded_postgres import database_settings
from tests.support.running_handout import RunningHandout, manage


def test_a_report_reads_the_replica_and_nothing_else_does(tmp_path):
    folder = tmp_path / "data"
    found = database_settings(folder)
    # A database of its own stands for a replica that lags behind: what it does not know, a report does not hold.
    replica = f"postgres://{found['USER']}@/replica?host={found['HOST']}&port={found['PORT']}"
    with RunningHandout(folder, REPORTS_DATABASE_URL=replica) as handout:
        with handout.connect() as connection:
            connection.autocommit = True
            connection.execute("CREATE DATABASE replica")
        manage(folder, "migrate", DATABASE_URL=replica).check_returncode()
        headers = handout.make_key() | {"Content-Type": "application/json"}

        def call(path: str, body: dict | None = None) -> dict:
            sent = None if body is None else json.dumps(body).encode()
            with urlopen(Request(f"http://127.0.0.1:{handout.port}{path}", sent, headers), timeout=60) as answer:
                return json.loads(answer.read())

        call("/v1/customers", {"source_id": "12344"})
        export = call("/v1/exports", {"exported_object": "customer"})
        deadline = time.monotonic() + 60
        while handout.sql("SELECT status FROM exports_export") != [("done",)]:
            assert time.monotonic() < deadline
            time.sleep(0.2)

        assert call("/v1/customers")["total"] == 1
        assert call(f"/v1/exports/{export['id']}")["status"] == "DONE"
        assert handout.sql("SELECT rows FROM exports_export") == [(0,)]
