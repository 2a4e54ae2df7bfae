"""WSGI behind ASGI: an event loop waits for slow clients, so that a thread only ever has work to do.

A WSGI server of threads reads the body inside the thread that answers, for as long as the client likes: as many silent
clients as there are threads, and nobody is answered any more. Here the loop takes in the whole body, with a deadline,
before a thread sees the request, and sends the answer on while the thread goes on to the next (docs/adr, 0018).
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple
from urllib.parse import unquote_to_bytes

from config.processes.give_memory_back import LARGE as LARGE_IN_MEMORY
from config.processes.give_memory_back import give_memory_back

logger = logging.getLogger("handout.web")

SLOWEST = 16 * 1024  # bytes a second; who sends or takes less on average is hung up on, once patience has run out
IN_MEMORY = 256 * 1024  # of a body; the rest goes to a temporary file
ASIDE, ASIDE_WAITING = 2, 16  # threads for requests that cost much, and how many of these may wait for one
TOO_MANY_ASIDE = "handout.too_many_aside"  # in the environment of one that shall not wait as well, and be refused
LARGE, LARGE_AT_ONCE = 10 * 1024 * 1024, 4  # so many bodies of more than so many bytes lie on the disk at a time
PART = 256 * 1024  # of an answer, sent in one go
PROBE_SECONDS = 5  # that a probe may take
STUCK_SECONDS = 120  # for which all threads may be at the same requests

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Environ = dict[str, Any]


class Answer(NamedTuple):
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    rest: Generator[bytes, None, None] | None = None  # what follows `body`, where that may not be all


class Probe(NamedTuple):
    """Whoever probes gets an answer at once: from the application, in a thread kept for that, where it `asks`; else, or
    where that says nothing in time, `answer()`, which is called in the event loop."""

    answer: Callable[[], Answer]
    asks: bool = False


class HungUp(Exception):
    """The client went away, or stood still for too long."""


class BufferedWSGI:
    """The ASGI application that answers by a WSGI one."""

    def __init__(
        self,
        wsgi: Callable[..., Iterable[bytes]],
        *,
        threads: int,
        patience: float,
        keep: Callable[[Environ], int],
        too_late: Callable[[Environ], Answer],
        aside: Callable[[Environ], bool] = lambda environ: False,
        express: Callable[[Environ], Awaitable[Answer | None] | None] = lambda environ: None,
        probes: dict[str, Probe] | None = None,
    ) -> None:
        """
        `patience`: seconds that a client may stand still in, before it gets the answer `too_late`.
        `aside`: whether a request costs so much that it gets threads of its own, which let the others go first.
        `express`: another way to the answer, tried first; None, or nothing in the end, where it is not for this request.
        `probes`: what is answered at these paths when the threads that do the work have their hands full.
        `keep`: how many bytes of the body the application may want to read; with 0 it is asked before any has come. Of a
        body in chunks, how many it may have at all: more are not taken in, and CONTENT_LENGTH says that there are more.
        """
        self.wsgi, self.patience, self.keep, self.too_late, self.aside = wsgi, patience, keep, too_late, aside
        self.express = express
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="view")
        self.threads_aside = ThreadPoolExecutor(ASIDE, thread_name_prefix="aside", initializer=_give_way)
        self.waiting_aside = 0
        self.large = asyncio.Semaphore(LARGE_AT_ONCE)
        self.loop: asyncio.AbstractEventLoop | None = None  # known from the first request on
        self._probes, self._probing = probes or {}, ThreadPoolExecutor(1, thread_name_prefix="probe")
        self._most, self._since = threads, dict[int, float]()  # thread: since when it is at its request

    def is_stuck(self) -> bool:
        """Whether every thread has been at the same request for so long that nobody will be answered any more."""
        since = list(self._since.values())
        return len(since) >= self._most and time.monotonic() - max(since) > STUCK_SECONDS

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        self.loop = asyncio.get_running_loop()
        environ = environ_of(scope)
        if probe := self._probes.get(environ["PATH_INFO"]):
            await self._send(await self._probe(probe, environ), receive, send)
            return
        keep = self.keep(environ)
        try:
            async with self.large if keep > LARGE else nullcontext():
                await self._send(await self._answer(environ, keep, receive), receive, send)
        except HungUp:
            pass
        except Exception:
            logger.exception("The application broke.")
            raise  # the server answers 500

    async def _answer(self, environ: Environ, keep: int, receive: Receive) -> Answer:
        with SpooledTemporaryFile(IN_MEMORY) as body:
            try:
                if keep and in_chunks(environ):
                    taken = await self._take_in(body, None, keep, receive)
                    # From here on it is as if it had come whole.
                    environ = environ | {"CONTENT_LENGTH": str(taken), "HTTP_TRANSFER_ENCODING": ""}
                elif keep:
                    await self._take_in(body, int(environ["CONTENT_LENGTH"]), keep, receive)
            except TimeoutError:
                return self.too_late(environ)
            environ = environ | {"wsgi.input": body}
            by_express = self.express(environ)
            return (await by_express if by_express else None) or await self._ask_in_thread(environ)

    async def _ask_in_thread(self, environ: Environ) -> Answer:
        if not self.aside(environ):
            return await self._in_thread(self._ask, environ)
        if self.waiting_aside >= ASIDE + ASIDE_WAITING:
            return await self._in_thread(self._ask, environ | {TOO_MANY_ASIDE: "1"})
        self.waiting_aside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads_aside, self._ask, environ)
        finally:
            self.waiting_aside -= 1

    async def _probe(self, probe: Probe, environ: Environ) -> Answer:
        if not probe.asks:
            return probe.answer()
        asked = asyncio.get_running_loop().run_in_executor(
            self._probing, self._ask, environ | {"wsgi.input": BytesIO()}
        )
        try:
            return await asyncio.wait_for(asked, PROBE_SECONDS)
        except TimeoutError:
            return probe.answer()

    async def _take_in(self, body: IO[bytes], length: int | None, keep: int, receive: Receive) -> int:
        """Writes the first `keep` bytes to `body`, and returns how many there were. `length` None: it comes in chunks,
        of which no more are taken in once they are more than `keep`. Raises TimeoutError, or HungUp when it broke off.
        """
        taken, started = 0, asyncio.get_running_loop().time()
        end, more = (keep + 1 if length is None else length), True
        async with asyncio.timeout(self.patience) as deadline:
            while more and taken < end:
                message = await receive()
                chunk = message.get("body", b"")
                body.write(chunk[: max(0, keep - taken)])
                taken += len(chunk)
                more = message.get("more_body", False)
                if message["type"] == "http.disconnect" or (length is not None and not more and taken < length):
                    raise HungUp
                deadline.reschedule(started + self.patience + taken / SLOWEST)
        body.seek(0)
        return taken

    def _ask(self, environ: Environ) -> Answer:
        """In a thread: what the application answers."""
        begun: list[tuple[int, list[tuple[bytes, bytes]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            begun.append((int(status[:3]), raw))

        parts = _parts(self.wsgi(environ, start_response))
        first = next(parts)
        if len(first) >= PART:
            return Answer(*begun[-1], first, parts)
        # Here and now: left to the garbage collector, that may do it in the midst of another request of another thread
        # and close its connection to the database. (A traceback that somebody keeps, keeps this frame, too.)
        parts.close()
        del parts
        if int(environ.get("CONTENT_LENGTH") or 0) > LARGE_IN_MEMORY:
            give_memory_back()
        return Answer(*begun[-1], first)

    async def _send(self, answer: Answer, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
            if answer.rest is None:
                await send({"type": "http.response.body", "body": answer.body})
            else:
                await self._send_parts(answer.body, answer.rest, receive, send)
        finally:
            if answer.rest is not None:
                await self._in_thread(answer.rest.close)

    async def _send_parts(self, first: bytes, rest: Generator[bytes, None, None], receive: Receive, send: Send) -> None:
        left = asyncio.ensure_future(_until_left(receive))  # sending to someone who left is no error, and no end
        part: bytes | None = first
        try:
            while part is not None and not left.done():
                async with asyncio.timeout(self.patience + len(part) / SLOWEST):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                part = await self._in_thread(next, rest, None)
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            raise HungUp from None
        finally:
            left.cancel()

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self.threads, self._work, work, *arguments)

    def _work(self, work: Callable[..., Any], *arguments: Any) -> Any:
        thread = threading.get_ident()
        self._since[thread] = time.monotonic()
        try:
            return work(*arguments)
        finally:
            del self._since[thread]


def _give_way() -> None:
    """The processor is this thread's when no other wants it."""
    with suppress(OSError, AttributeError):  # not everywhere do threads have a priority of their own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


def _parts(answer: Iterable[bytes]) -> Generator[bytes, None, None]:
    """At least one; each but the last of PART bytes or more, since each costs a way from thread to loop."""
    part, size = [], 0
    try:
        for chunk in answer:
            part.append(chunk)
            size += len(chunk)
            if size >= PART:
                yield b"".join(part)
                part, size = [], 0
        yield b"".join(part)
    finally:
        answer.close()  # type: ignore[attr-defined]  # as Django's answers have it


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def in_chunks(environ: Environ) -> bool:
    """Whether nobody knows yet how long the body is. (Of another coding than this one the server undoes nothing.)"""
    return environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower() == "chunked"


def environ_of(scope: dict[str, Any]) -> Environ:
    """The WSGI environment of a request, but for its body."""
    host, port = scope["server"]
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "REQUEST_URI": scope["raw_path"].decode("latin-1"),  # in which %2F is not yet a slash
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:  # X_Forwarded_For would pass for the X-Forwarded-For that only a proxy may set
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{joint}{value}" if key in environ else value
    return environ
