"""Connections on which nothing comes any more are cut, so that nobody waits on one for ever (docs/adr, 0025).

The kernel notices a network that swallows everything (keepalives and tcp_user_timeout, in the settings). It notices
neither a frozen server nor a proxy that stopped forwarding, since both still acknowledge, nor anything at all on a Unix
socket. So each process looks after its own: where a query takes long, the server is asked over a new connection whether
it is still at work on it. If the server is silent, or knows nothing of that query, the connection is shut down, and
whoever waits gets an OperationalError.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import defaultdict
from typing import Any
from weakref import WeakSet

from psycopg import AsyncConnection, Connection, Error, OperationalError
from psycopg.pq import TransactionStatus

PATIENCE = 10.0  # seconds that a query may take before the server is asked whether it is at work on it,
LOOKS = 2  # and how often in a row that must go wrong before the connection is cut
SILENCE = 5  # seconds that the server may take to take a connection, and again for the answer

# Of those the server works on, or of all that it knows. A pooler in between (PgBouncer) gives out process ids of its own.
AT_WORK = """
SELECT coalesce(array_agg(pid) FILTER (WHERE state NOT LIKE 'idle%%' OR state IS NULL), '{}'), pg_backend_pid()
  FROM pg_stat_activity WHERE pid = ANY(%s)"""

# Of a connection's parameters those that psycopg reads itself.
OURS = {"autocommit", "context", "cursor_factory", "prepare_threshold", "row_factory"}

Where = tuple[str, ...]


def where(parameters: dict[str, Any]) -> Where:
    """Which database connection parameters lead to."""
    return tuple(str(parameters.get(name)) for name in ("host", "port", "dbname"))


class Line(Connection):
    """A connection that is looked after."""

    waits_since: float | None = None
    parameters: dict[str, Any]
    pid: int  # of the process that serves it

    @classmethod
    def connect(cls, conninfo: str = "", **parameters: Any) -> Line:  # type: ignore[override]
        line = super().connect(conninfo, **parameters)
        line.parameters, line.pid = parameters, line.info.backend_pid
        watch.add(line)
        return line

    def wait(self, *arguments: Any, **named: Any) -> Any:
        self.waits_since = time.monotonic()
        try:
            return super().wait(*arguments, **named)
        finally:
            self.waits_since = None


class AsyncLine(AsyncConnection):
    """The same for Procrastinate's worker."""

    waits_since: float | None = None
    parameters: dict[str, Any]
    pid: int  # of the process that serves it

    @classmethod
    async def connect(cls, conninfo: str = "", **parameters: Any) -> AsyncLine:  # type: ignore[override]
        line = await super().connect(conninfo, **parameters)
        line.parameters, line.pid = parameters, line.info.backend_pid
        watch.add(line)
        return line

    async def wait(self, *arguments: Any, **named: Any) -> Any:
        self.waits_since = time.monotonic()
        try:
            return await super().wait(*arguments, **named)
        finally:
            self.waits_since = None


class _Question(Connection):
    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        return super().wait(gen, interval, timeout or SILENCE)


class Watch:
    """One thread of this process, which looks at its lines each second."""

    def __init__(self) -> None:
        self._start_afresh()
        os.register_at_fork(after_in_child=self._start_afresh)

    def _start_afresh(self) -> None:
        self._lines: WeakSet[Line | AsyncLine] = WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._silent: set[Where] = set()
        self._suspect: dict[tuple[int, float], int] = {}  # (line, since when it waits): looks in a row

    def add(self, line: Line | AsyncLine) -> None:
        with self._lock:
            self._lines.add(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watch over connections", daemon=True)
                self._thread.start()

    def is_silent(self, parameters: dict[str, Any]) -> bool:
        """Whether this server was asked in vain: until it answers, nobody has to find that out by waiting."""
        return where(parameters) in self._silent

    def _run(self) -> None:
        while True:
            time.sleep(1)
            self._look()

    def _look(self) -> None:
        with self._lock:
            lines = list(self._lines)
        now = time.monotonic()
        questions: dict[Where, list[tuple[Line | AsyncLine, float]]] = defaultdict(list)
        for line in lines:
            since = line.waits_since
            # One that waits without having asked anything listens for notifications.
            if (
                since is not None
                and now - since > PATIENCE
                and line.pgconn.transaction_status == TransactionStatus.ACTIVE
            ):
                questions[where(line.parameters)].append((line, since))
        known = {where(line.parameters): line.parameters for line in lines}
        suspect: dict[tuple[int, float], int] = {}
        for place in {*questions, *self._silent}:
            if place not in known:
                self._silent.discard(place)
                continue
            long = questions[place]
            at_work = _at_work(known[place], [line.pid for line, _ in long])
            if at_work is not None:
                self._silent.discard(place)
            for line, since in long:
                if at_work is None or line.pid not in at_work:
                    looks = self._suspect.get((id(line), since), 0) + 1
                    suspect[id(line), since] = looks
                    if looks >= LOOKS:
                        if at_work is None:
                            self._silent.add(place)
                        _cut(line, since)
        self._suspect = suspect


def _at_work(parameters: dict[str, Any], pids: list[int]) -> set[int] | None:
    """On which of them the server is at work; None: it is silent."""
    asked = {name: value for name, value in parameters.items() if name not in OURS} | {"connect_timeout": SILENCE}
    began = time.monotonic()
    try:
        with _Question.connect(**asked, autocommit=True) as question:
            at_work, own = question.execute(AT_WORK, [pids]).fetchone() or ([], 0)
            return {*pids} if own != question.info.backend_pid else {*at_work}
    except Error:
        # One that says no, or has ended, is not silent: whoever waits will hear of that.
        return {*pids} if time.monotonic() - began < SILENCE else None


def _cut(line: Line | AsyncLine, since: float) -> None:
    try:
        with socket.socket(fileno=os.dup(line.pgconn.socket)) as twin:
            if line.waits_since == since:  # else the number may by now be another's
                twin.shutdown(socket.SHUT_RDWR)
    except (OSError, OperationalError):  # closed in this moment
        pass


watch = Watch()
