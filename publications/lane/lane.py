"""The queue before the express lane, its one thread, and who may join it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from config.processes.buffered_wsgi import Answer, Environ

logger = logging.getLogger("handout.api")

PATH = "/v1/publications"
LARGEST_BODY = 16 * 1024
MOST = 64  # calls in a batch
HELD_UP_SECONDS = 1.0  # at one batch: whoever comes meanwhile, or waits, takes the ordinary way

Serve = Callable[[Sequence[Environ]], list[Answer | None]]


class Waiting(NamedTuple):
    environ: Environ
    answer: asyncio.Future[Answer | None]


class Lane:
    """`await lane.take(environ)` is the answer, or None: the ordinary way has to find one. All but `_run` and what it calls
    happens in the event loop."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._waiting: SimpleQueue[Waiting] = SimpleQueue()
        self._thread: Thread | None = None
        self._since: float | None = None  # by time.monotonic(): when the thread took the batch that it is at

    def take(self, environ: Environ) -> asyncio.Future[Answer | None] | None:
        """None where the call is not one for the lane. `environ` is whole: with its body."""
        if not is_for_the_lane(environ):
            return None
        if self._is_held_up():
            self._let_go()
            return None
        answer: asyncio.Future[Answer | None] = asyncio.get_running_loop().create_future()
        self._waiting.put(Waiting(environ, answer))
        if self._thread is None:
            self._thread = Thread(target=self._run, name="express lane", daemon=True)
            self._thread.start()
        return answer

    def _is_held_up(self) -> bool:
        since = self._since
        return since is not None and time.monotonic() - since > HELD_UP_SECONDS

    def _let_go(self) -> None:
        with suppress(Empty):
            while True:
                _settle([(self._waiting.get_nowait().answer, None)])

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            self._since = time.monotonic()
            try:
                answers: Sequence[Any] = self._serve([waiting.environ for waiting in batch])
            except Exception as problem:
                # Nobody knows how far it came, so nobody may try again.
                logger.exception("The express lane broke.")
                answers = [problem] * len(batch)
            self._since = None
            settled = [(waiting.answer, answer) for waiting, answer in zip(batch, answers, strict=True)]
            with suppress(RuntimeError):  # the loop was closed: the process ends
                batch[0].answer.get_loop().call_soon_threadsafe(_settle, settled)

    def _next_batch(self) -> list[Waiting]:
        """As many as wait, of 1, 2, 4 … MOST."""
        batch = [self._waiting.get()]
        size = min(MOST, 1 << (1 + self._waiting.qsize()).bit_length() - 1)
        with suppress(Empty):  # they were let go
            while len(batch) < size:
                batch.append(self._waiting.get_nowait())
        return batch


def _settle(settled: Sequence[tuple[asyncio.Future[Answer | None], Any]]) -> None:
    for future, answer in settled:
        if future.done():  # its client went away
            continue
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def is_for_the_lane(environ: Environ) -> bool:
    """Whether it may be the common case, as far as can be told without reading the body."""
    if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "POST" or environ["QUERY_STRING"]:
        return False
    length = environ.get("CONTENT_LENGTH", "")
    return length.isascii() and length.isdecimal() and 0 < int(length) <= LARGEST_BODY
