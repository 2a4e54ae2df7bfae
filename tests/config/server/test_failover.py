"""A standby that takes over is found by itself. The whole of it, under load: tests/torture/failover.py."""

from __future__ import annotations

import time

import psycopg
import pytest
from psycopg_pool import ConnectionPool

from config.environment import Environment
from config.postgres.lines import Line
from tests.support.postgres_pair import Pair


@pytest.fixture
def pair(tmp_path):
    with Pair(tmp_path, synchronous=True) as pair:
        yield pair


def test_after_a_failover_the_next_connection_is_to_the_new_primary_and_has_all_that_was_committed(pair, monkeypatch):
    monkeypatch.setenv("URL", pair.address)
    found = Environment().db("URL")
    where = found["OPTIONS"] | {
        "host": found["HOST"],
        "port": found["PORT"],
        "dbname": found["NAME"],
        "user": found["USER"],
    }
    with ConnectionPool(kwargs=where | {"autocommit": True}, min_size=1, connection_class=Line, open=True) as pool:
        with pool.connection() as connection:
            connection.execute("CREATE TABLE given AS SELECT 1 AS code")
            first = connection.info.port
        pair.fail_over()
        deadline = time.monotonic() + 60
        while True:
            try:
                with pool.connection(timeout=5) as connection:
                    connection.execute("INSERT INTO given VALUES (2)")
                    codes, second = (
                        connection.execute("SELECT array_agg(code) FROM given").fetchone()[0],
                        connection.info.port,
                    )
                    break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline

    assert (first, second) == (pair.primary.port, pair.standby.port)
    assert codes == [1, 2]
