"""A receiver of webhooks: a real HTTP server that fails on purpose.

    with Receiver([500, 200]) as receiver:      # answers 500, then 200 for ever
        ...
        receiver.got[0].body

A step is a status, or a function that is given the handler and does as it likes: `hang_up`, `say_nothing`, `drip`.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple


class Got(NamedTuple):
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


class Receiver:
    def __init__(
        self, steps: list[int | Callable] | None = None, *, certificate: tuple[Path, Path] | None = None
    ) -> None:
        self.steps = list(steps or [])
        self.got: list[Got] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver._lock:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    receiver.got.append(Got(self.path, headers, body))
                    step = receiver.steps.pop(0) if receiver.steps else 200
                    receiver.at_once += 1
                    receiver.most_at_once = max(receiver.most_at_once, receiver.at_once)
                try:
                    step(self) if callable(step) else answer(self, step)
                finally:
                    with receiver._lock:
                        receiver.at_once -= 1

            def log_message(self, *arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.stopping = self._stopping
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Receiver:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *error) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()


def answer(handler: BaseHTTPRequestHandler, status: int, body: bytes = b'{"ok": true}', **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """Closes the connection without an answer."""
    handler.close_connection = True


def say_nothing(handler: BaseHTTPRequestHandler) -> None:
    """Keeps the connection open, until the test is over."""
    handler.server.stopping.wait(60)


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Begins to answer and sends a byte now and then, so that no single read takes long."""
    try:
        handler.wfile.write(b"HTTP/1.0 200 O")
        while not handler.server.stopping.wait(0.1):
            handler.wfile.write(b".")
            handler.wfile.flush()
    except OSError:
        pass


def after(seconds: float, step: int | Callable = 200) -> Callable:
    """The step, later."""

    def do(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        step(handler) if callable(step) else answer(handler, step)

    return do
