"""Clients that stand still, of which there are more than threads: the others are answered, and the slow hung up on."""

import asyncio
import socket
import threading
import time
from contextlib import suppress
from urllib.request import Request, urlopen

import pytest

from config.processes import buffered_wsgi
from config.processes.buffered_wsgi import PART, Answer, BufferedWSGI, environ_of
from tests.support.running_handout import RunningHandout

PATIENCE = 3
CHUNKED = "Transfer-Encoding: chunked\r\n"
MANY = 48  # 2 processes with 8 threads each are to be outnumbered


@pytest.fixture(scope="module")
def handout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow") / "data"
    with RunningHandout(folder, CLIENT_PATIENCE_SECONDS=str(PATIENCE), WORKERS="2") as handout:
        yield handout


@pytest.mark.parametrize("path", ["/login/", "/v1/publications"])
def test_bodies_that_do_not_come(handout, path):
    silent = [
        _connect(handout, f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nabc")
        for _ in range(MANY)
    ]
    status, _ = handout.get("/login/")
    answers = [_read_to_the_end(each) for each in silent]

    assert status == 200
    assert {answer.split(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 408 Request Timeout"}


def test_a_body_that_comes_byte_by_byte(handout):
    slow = _connect(handout, "POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n\r\n")
    slow.setblocking(False)
    answer, give_up = b"", time.monotonic() + 20 * PATIENCE
    while not answer and time.monotonic() < give_up:
        slow.send(b"x")
        time.sleep(0.2)
        try:
            answer = slow.recv(100)
        except BlockingIOError:
            continue

    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("begun", ["", "POST /login/ HTTP/1.1\r\nHost: local"])
def test_headers_that_do_not_come(handout, begun):
    assert _read_to_the_end(_connect(handout, begun)) == b""


def test_a_late_body_of_the_api_is_told_so_in_its_own_way(handout):
    late = _connect(handout, "POST /v1/publications HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n")

    head, _, body = _read_to_the_end(late).partition(b"\r\n\r\n")

    assert b"content-type: application/json; charset=utf-8" in head
    assert body.startswith(
        b'{"code":408,"key":"request_timeout","message":"Request timeout",'
        b'"details":"The body of the request did not arrive in time.","request_id":"v-'
    )


def test_a_large_body_goes_through(handout):
    value = b"x" * 3_000_000
    key = handout.make_key() | {"Content-Type": "application/json"}
    body = b'{"source_id": "large", "name": "Ada", "unknown": "' + value + b'"}'

    with urlopen(Request(f"http://127.0.0.1:{handout.port}/v1/customers", body, key)) as response:
        assert response.status == 200
        assert b'"name":"Ada"' in response.read()


def test_what_the_door_refuses_by_its_length_is_refused_before_it_came(handout):
    sender = _connect(handout, "POST /v1/publications HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6000000\r\n\r\n")

    assert _read_to_the_end(sender).startswith(b"HTTP/1.1 413 ")


def test_a_body_in_chunks(handout):
    key = "".join(f"{name}: {value}\r\n" for name, value in handout.make_key().items())
    parts = [b'{"source_id": "chunked"', b', "name": "Ada"', b"}"]
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    head = f"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\n{CHUNKED}Content-Type: application/json\r\n{key}Connection: close\r\n\r\n"

    sender = _connect(handout, head)
    sender.sendall(body)

    answer = _read_to_the_end(sender)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"name":"Ada"' in answer


def test_a_body_in_chunks_that_are_too_many_is_refused_before_it_ends(handout):
    sender = _connect(handout, f"POST /v1/publications HTTP/1.1\r\nHost: localhost\r\n{CHUNKED}\r\n")
    chunk, sent, answer = b"%x\r\n%s\r\n" % (2**20, b"x" * 2**20), 0, b""
    with suppress(OSError):  # the server has answered, and hung up
        while sent < 2**27:
            sender.sendall(chunk)
            sent += 2**20
    with suppress(OSError):
        answer = _read_to_the_end(sender)

    assert 5 * 2**20 < sent < 2**26
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_in_another_coding_is_refused(handout):
    sender = _connect(
        handout,
        f"POST /v1/publications HTTP/1.1\r\nHost: localhost\r\n{CHUNKED.replace('chunked', 'gzip, chunked')}\r\n",
    )

    assert _read_to_the_end(sender).startswith(b"HTTP/1.1 411 ")


def test_chunks_are_shown_as_if_they_had_come_whole():
    """Up to the limit; one byte more, and CONTENT_LENGTH tells it, for the view to refuse."""
    seen = []

    def wsgi(environ, start_response):
        seen.append((environ["CONTENT_LENGTH"], environ["wsgi.input"].read(), environ["HTTP_TRANSFER_ENCODING"]))
        start_response("200 OK", [])
        return _Small()

    def ask(*chunks):
        messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
        messages[-1]["more_body"] = False

        async def receive():
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        app = BufferedWSGI(wsgi, threads=1, patience=5, keep=lambda environ: 8, too_late=lambda environ: TOO_LATE)
        asyncio.run(app(_scope("/", (b"transfer-encoding", b"Chunked")), receive, _collect([])))
        return len(messages)

    assert [ask(b"ab", b"cd", b""), ask(b"abcd", b"efgh"), ask(b""), ask(b"abcdefgh", b"i", b"left", b"")] == [
        0,
        0,
        0,
        2,
    ]
    assert seen == [("4", b"abcd", ""), ("8", b"abcdefgh", ""), ("0", b"", ""), ("9", b"abcdefgh", "")]


def test_chunks_that_break_off_are_shown_to_no_view():
    async def receive():
        return {"type": "http.disconnect"}

    asked, sent = [], []
    app = BufferedWSGI(asked.append, threads=1, patience=5, keep=lambda environ: 8, too_late=lambda environ: TOO_LATE)
    asyncio.run(app(_scope("/", (b"transfer-encoding", b"chunked")), receive, _collect(sent)))

    assert (asked, sent) == ([], [])


def test_a_slow_reader_holds_no_thread(monkeypatch):
    """One thread, one large answer that nobody takes: a second request is answered in the meantime."""
    monkeypatch.setattr(buffered_wsgi, "SLOWEST", 10**9)
    closed = []

    class Endless:
        def __iter__(self):
            return iter(lambda: b"x" * PART, None)

        def close(self):
            closed.append(True)

    def wsgi(environ, start_response):
        start_response("200 OK", [])
        return Endless() if environ["PATH_INFO"] == "/large" else _Small()

    async def both():
        app = BufferedWSGI(wsgi, threads=1, patience=0.5, keep=lambda environ: 0, too_late=lambda environ: TOO_LATE)
        slow = asyncio.create_task(app(_scope("/large"), _never, _take_only_the_head))
        await asyncio.sleep(0)
        sent = []
        await app(_scope("/small"), _never, _collect(sent))
        await slow
        return sent

    sent = asyncio.run(both())

    assert sent[1] == {"type": "http.response.body", "body": b"small"}
    assert closed == [True]


def test_a_body_that_breaks_off_is_shown_to_no_view():
    asked = []

    def wsgi(environ, start_response):
        asked.append(environ)
        start_response("200 OK", [])
        return _Small()

    async def receive():
        return {"type": "http.request", "body": b"half", "more_body": False}

    app = BufferedWSGI(wsgi, threads=1, patience=5, keep=lambda environ: 8, too_late=lambda environ: TOO_LATE)
    sent = []
    asyncio.run(app(_scope("/", (b"content-length", b"8")), receive, _collect(sent)))

    assert (asked, sent) == ([], [])


def test_an_answer_is_closed_in_its_own_thread_though_somebody_keeps_the_frames():
    """Django closes the thread's connection to the database with the answer: never in the midst of another request."""
    kept, closed_by = [], []

    class Parts(list):
        def close(self):
            closed_by.append(threading.current_thread().name)

    def wsgi(environ, start_response):
        try:
            raise LookupError
        except LookupError as problem:
            kept.append(problem)  # with its traceback, and with that the frames that called this
        start_response("200 OK", [])
        return Parts([b"answer"])

    app = BufferedWSGI(wsgi, threads=1, patience=5, keep=lambda environ: 0, too_late=lambda environ: TOO_LATE)

    asyncio.run(app(_scope("/"), _never, _collect([])))

    assert [name.partition("_")[0] for name in closed_by] == ["view"]


def test_the_environment_of_wsgi():
    scope = _scope("/a%2Fb/%C3%A9", (b"x-dup", b"1"), (b"x-dup", b"2"), (b"x_forwarded_for", b"9.9.9.9"))

    environ = environ_of(scope)

    assert environ["PATH_INFO"] == "/a/b/Ã©"  # the bytes, each as a character
    assert environ["REQUEST_URI"] == "/a%2Fb/%C3%A9"
    assert (environ["HTTP_X_DUP"], environ["REMOTE_ADDR"]) == ("1,2", "10.0.0.1")
    assert "HTTP_X_FORWARDED_FOR" not in environ


TOO_LATE = Answer(408, [], b"")


class _Small:
    def __iter__(self):
        return iter([b"sm", b"all"])

    def close(self):
        pass


def _scope(path, *headers):
    return {
        "type": "http",
        "method": "POST",
        "raw_path": path.encode(),
        "query_string": b"",
        "http_version": "1.1",
        "scheme": "http",
        "server": ("localhost", 8000),
        "client": ("10.0.0.1", 1234),
        "headers": headers,
    }


async def _never():
    await asyncio.Event().wait()


async def _take_only_the_head(message):
    if message["type"] == "http.response.body":
        await _never()


def _collect(sent):
    async def send(message):
        sent.append(message)

    return send


def _connect(handout, text):
    connection = socket.create_connection(("127.0.0.1", handout.port), timeout=60)
    connection.sendall(text.encode())
    return connection


def _read_to_the_end(connection):
    received = b""
    with connection:
        while chunk := connection.recv(4096):
            received += chunk
    return received
