"""A database that says nothing any more holds up nobody for ever (config/postgres/lines.py)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from config.postgres import lines
from config.postgres.lines import AsyncLine, Line, Watch
from config.server.embedded_postgres import Server, database_settings
from tests.support.proxy import Proxy
from tests.support.running_handout import processes_of


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("silent")
    server = Server(folder, durable=False, say=lambda line: None)
    server.start()
    yield folder
    server.stop()


@pytest.fixture
def proxy(server):
    found = database_settings(server)
    with Proxy(f"{found['HOST']}/.s.PGSQL.{found['PORT']}") as proxy:
        yield proxy


@pytest.fixture(autouse=True)
def watch(monkeypatch):
    """One that is quicker, for the lines of this test only."""
    monkeypatch.setattr(lines, "PATIENCE", 0.5)
    monkeypatch.setattr(lines, "SILENCE", 1)
    monkeypatch.setattr(lines, "watch", watch := Watch())
    return watch


def test_a_network_that_forgot_the_connection(proxy):
    line = Line.connect(**_through(proxy))
    line.execute("SELECT 1")
    proxy.forget()

    with pytest.raises(psycopg.OperationalError):
        line.execute("SELECT 2")

    assert line.closed
    assert Line.connect(**_through(proxy)).execute("SELECT 3").fetchone() == (3,)


def test_a_proxy_that_fell_silent_is_known_until_it_answers_again(proxy, watch):
    where = _through(proxy)
    line = Line.connect(**where)
    proxy.fall_silent()

    with pytest.raises(psycopg.OperationalError):
        line.execute("SELECT 2")
    silent = watch.is_silent(where)
    proxy.speak_again()
    another = Line.connect(**where)
    _wait_until(lambda: not watch.is_silent(where))

    assert silent
    assert another.execute("SELECT 3").fetchone() == (3,)


def test_a_frozen_server_behind_a_unix_socket(server, watch):
    line = Line.connect(**_local(server))

    with frozen(server):
        began = time.monotonic()
        with pytest.raises(psycopg.OperationalError):
            line.execute("SELECT 2")
        took = time.monotonic() - began

    assert took < 60  # a second, on a machine that is not busy


def test_the_connection_of_a_worker(proxy):
    async def ask():
        line = await AsyncLine.connect(**_through(proxy))
        proxy.forget()
        await line.execute("SELECT 2")

    with pytest.raises(psycopg.OperationalError):
        asyncio.run(ask())


def test_a_query_that_takes_long_is_left_alone(server):
    line = Line.connect(**_local(server))

    assert line.execute("SELECT pg_sleep(3.5), 7").fetchone()[1] == 7


def test_a_copy_whose_sender_takes_long_is_left_alone(server):
    line = Line.connect(**_local(server))
    line.execute("CREATE TEMPORARY TABLE given (n int)")
    with line.cursor() as cursor, cursor.copy("COPY given FROM STDIN") as copy:
        copy.write_row([1])
        time.sleep(3.5)
        copy.write_row([2])

    assert line.execute("SELECT count(*) FROM given").fetchone() == (2,)


def test_who_listens_may_hear_nothing(server):
    async def listen():
        line = await AsyncLine.connect(**_local(server), autocommit=True)
        await line.execute("LISTEN nothing")
        heard = [notify async for notify in line.notifies(timeout=3.5)]
        await line.execute("SELECT 1")
        return heard

    assert asyncio.run(listen()) == []


@pytest.mark.django_db
def test_the_kernel_and_the_server_are_told_to_give_up_on_a_lost_network(proxy):
    """No test can unplug a cable: what Django, and with it the worker, asks of a TCP connection is really set."""
    line = Line.connect(**connection.get_connection_params() | _through(proxy))
    with socket.socket(fileno=os.dup(line.fileno())) as twin:
        told = {name: twin.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in TOLD}
    with connection.cursor() as cursor:
        cursor.execute("SHOW client_connection_check_interval")
        (noticed_within,) = cursor.fetchone()

    assert told == TOLD
    assert noticed_within == "5s"


TOLD = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 20_000}


def _through(proxy: Proxy) -> dict:
    return {"host": "127.0.0.1", "port": proxy.port, "user": "handout", "dbname": "handout", "sslmode": "disable"}


def _local(folder) -> dict:
    found = database_settings(folder)
    return {"host": found["HOST"], "port": found["PORT"], "user": found["USER"], "dbname": found["NAME"]}


@contextmanager
def frozen(folder):
    """Every process of the server stands still."""
    pids = list(processes_of(folder))
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _wait_until(true) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
