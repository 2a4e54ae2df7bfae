"""The log of API calls: noted in memory while a call is answered, written by a thread in one statement a second.

A call must not wait for its own log. What was noted in the last second is lost by a `kill -9`, and what comes faster than
the database takes it is counted and dropped. Of the address only the route and ids of ours are kept: codes, source ids
and query strings say who somebody is, or are worth money. ADR 0014 has the measurements.
"""

from __future__ import annotations

import logging
import re
import time
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from multiprocessing.util import Finalize
from threading import Lock, Thread
from typing import Any, NamedTuple

from django.db import DatabaseError, connection
from django.urls import ResolverMatch

from config.log_routes import PART_OF_ROUTE
from config.public_ids import key_of

logger = logging.getLogger("handout.api")

SECONDS = 1.0  # between two statements
ROOM = 20_000  # calls that may wait to be written, for each web process

INSERT = """INSERT INTO api_apicall (key_id, at, method, path, status, duration_ms, request_id)
            SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[], %s::int[], %s::float8[], %s::text[])"""


class Call(NamedTuple):
    key_id: int
    at: float  # seconds since 1970
    method: str
    match: ResolverMatch
    status: int
    seconds: float
    request_id: str


class ApiLog:
    """The calls of this process that wait to be written."""

    def __init__(self, *, room: int = ROOM) -> None:
        self.room = room
        self.waiting: deque[Call] = deque()
        self.dropped = 0
        self._writer: Thread | None = None
        self._starting, self._writing = Lock(), Lock()

    def note(self, call: Call) -> None:
        """Stores the call in memory and returns at once."""
        if len(self.waiting) >= self.room:
            self.dropped += 1
            return
        self.waiting.append(call)
        if not self._writer or not self._writer.is_alive():  # the first call, also that of a forked process
            self._start()

    def write(self) -> int:
        """Writes all waiting calls in one statement; returns how many."""
        with self._writing:
            dropped, self.dropped = self.dropped, 0
            batch = [self.waiting.popleft() for _ in range(len(self.waiting))]
            if dropped:
                logger.warning("%s calls were not logged: more than %s waited to be.", dropped, self.room)
            if batch:
                with connection.cursor() as cursor:
                    cursor.execute(INSERT, [list(column) for column in zip(*map(_row, batch), strict=True)])
            return len(batch)

    def _start(self) -> None:
        with self._starting:
            if not self._writer or not self._writer.is_alive():
                self._writer = Thread(target=self._write_on, name="api-log", daemon=True)
                self._writer.start()

    def _write_on(self) -> None:
        while True:
            time.sleep(SECONDS)
            self.write_or_say_why()

    def write_or_say_why(self) -> None:
        """Like `write`, for a thread of its own or the end of the process, where nobody can catch an error."""
        if not self.waiting and not self.dropped:
            return
        try:
            self.write()
        except DatabaseError as problem:
            logger.warning("Some calls could not be logged: %s", " ".join(str(problem).split())[:200])
        finally:
            connection.close()  # back to the pool


def _row(call: Call) -> tuple:
    return (
        call.key_id,
        datetime.fromtimestamp(call.at, UTC),
        call.method,
        path_to_keep(call.match.route, call.match.kwargs),
        call.status,
        round(call.seconds * 1000, 1),
        call.request_id,
    )


def path_to_keep(route: str, values: Mapping[str, Any]) -> str:
    """`v1/vouchers/<code>/publications` -> "/v1/vouchers/{code}/publications", or with the id if it is one of ours."""

    def shown(match: re.Match) -> str:
        value = str(values[match[1]])
        ours = key_of(value.partition("_")[0], value) is not None
        return value if ours else f"{{{match[1]}}}"

    return "/" + PART_OF_ROUTE.sub(shown, route)


log = ApiLog()
# Not atexit: granian's workers are children of multiprocessing, which end without it.
Finalize(None, log.write_or_say_why, exitpriority=1)
