"""Sends one request to a receiver and brings back what it answered.

By the standard library: what is needed beyond a plain POST (a connection to the very address that was checked, and a
deadline for the whole exchange, not for each read of it) the well-known clients do not have either.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from threading import Event, Timer
from typing import NamedTuple

from publications.webhooks.check_address import AddressRefused, Target, read_url, resolve

SECONDS = 10  # from the first connection to the end of the answer, unless told; no connection is waited for longer
KEPT = 1024  # bytes of the answer


class Answer(NamedTuple):
    status: int | None  # None: there was no answer
    body: str
    error: str  # "": delivered
    milliseconds: int
    reached: bool = True  # False: the request was certainly not received, since not all of it was sent

    @property
    def delivered(self) -> bool:
        return not self.error


def deliver(url: str, body: bytes, *, headers: Mapping[str, str], seconds: float = SECONDS) -> Answer:
    """POSTs the body. Raises nothing: a receiver may do what it likes. Only a status of 2xx counts as delivered; a
    redirect is not followed, since it could lead where nothing may be sent.
    """
    started = time.monotonic()
    status, answered, error, reached = None, "", "", False
    try:
        target = read_url(url)
        with (
            closing(_connect(target, resolve(target), started + min(seconds, SECONDS))) as sock,
            closing(_speak_http(target, sock)) as connection,
            _hung_up_at(started + seconds, sock) as late,
        ):
            connection.request("POST", target.path, body, {"Connection": "close", **headers})
            reached = True
            response = connection.getresponse()
            if late.is_set():  # http.client takes what there was for a whole head
                raise TimeoutError
            status, answered = response.status, _beginning_of(response)
    except (AddressRefused, http.client.HTTPException, ValueError, OSError) as problem:
        error = _in_words(problem, seconds)
    else:
        if 300 <= status < 400:
            error = f"It responded with {status}. Redirects are not followed: enter the URL it redirects to."
        elif not 200 <= status < 300:
            error = f"It responded with {status}."
    return Answer(status, answered, error, round((time.monotonic() - started) * 1000), reached)


def _in_words(problem: Exception, seconds: float) -> str:
    match problem:
        case AddressRefused():
            return str(problem)
        case TimeoutError():
            return f"No response within {seconds:g} seconds."
        case ssl.SSLError():
            return f"No secure connection: {getattr(problem, 'verify_message', '') or problem.reason or 'refused'}."
        case http.client.RemoteDisconnected():
            return "The connection was closed without a response."
        case http.client.HTTPException() | ValueError():
            return f"The response was not HTTP: {type(problem).__name__}."
        case OSError():
            return f"No connection: {problem.strerror or problem}."
    raise AssertionError(problem)


def _connect(target: Target, addresses: list[str], deadline: float) -> socket.socket:
    """Ready for the request."""
    sock = _reach(addresses, target.port, deadline)
    if target.scheme != "https":
        return sock
    try:
        secure = _trust().wrap_socket(sock, server_hostname=target.host, do_handshake_on_connect=False)
        with _hung_up_at(deadline, secure):
            secure.do_handshake()
        return secure
    except BaseException:
        sock.close()
        raise


def _reach(addresses: list[str], port: int, deadline: float) -> socket.socket:
    """To the first that lets us in. Raises the last one's OSError."""
    problem: OSError = TimeoutError()
    for address in addresses:
        try:
            return socket.create_connection((address, port), timeout=max(deadline - time.monotonic(), 0.001))
        except OSError as refused:
            problem = refused
    raise problem


def _speak_http(target: Target, sock: socket.socket) -> http.client.HTTPConnection:
    """By that socket, so that the name is not looked up once more."""
    connection: http.client.HTTPConnection
    if target.scheme == "https":
        connection = http.client.HTTPSConnection(target.host, target.port, context=_trust())
    else:
        connection = http.client.HTTPConnection(target.host, target.port)
    connection.sock = sock
    return connection


@contextmanager
def _hung_up_at(deadline: float, sock: socket.socket) -> Iterator[Event]:
    """Ends the exchange at the deadline, by TimeoutError. A time-out of the socket would begin anew with each byte."""
    late = Event()

    def hang_up() -> None:
        late.set()
        with suppress(OSError):  # it has ended by itself
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = Timer(max(deadline - time.monotonic(), 0), hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield late
    except (OSError, http.client.HTTPException):
        if late.is_set():
            raise TimeoutError from None
        raise
    finally:
        timer.cancel()


def _beginning_of(response: http.client.HTTPResponse) -> str:
    """With the status the receiver has said what counts; how the rest comes, if it comes, matters no more."""
    try:
        start = response.read(KEPT)
    except http.client.IncompleteRead as cut:
        start = cut.partial[:KEPT]
    except (OSError, http.client.HTTPException):
        start = b""
    return start.decode("utf-8", "replace").replace("\0", "\ufffd")  # which a text in PostgreSQL cannot hold


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()
