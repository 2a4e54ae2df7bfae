"""Keeps some connections to an HTTP server busy, from one thread with as little work of its own as Python allows."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple


class Load(NamedTuple):
    calls: int
    seconds: float
    latencies: list[float]  # seconds, sorted by nothing
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        return self.calls / self.seconds


def request(method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def load(port: int, next_request: Callable[[], bytes], *, connections: int = 8, seconds: float = 10.0) -> Load:
    """Each connection sends its next request when the last one was answered."""
    selector = selectors.DefaultSelector()
    sent_at: dict[socket.socket, float] = {}
    received: dict[socket.socket, bytearray] = {}
    for _ in range(connections):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(sock, selectors.EVENT_READ)
    started = time.perf_counter()
    end = started + seconds
    for key in list(selector.get_map().values()):
        _send(key.fileobj, next_request(), sent_at, received)
    latencies: list[float] = []
    statuses: dict[int, int] = {}
    while sent_at:
        for key, _ in selector.select():
            sock = key.fileobj
            chunk = sock.recv(1 << 20)  # type: ignore[union-attr]
            if not chunk:
                raise ConnectionError("the server hung up")
            buffer = received[sock]  # type: ignore[index]
            buffer += chunk
            if not _is_whole(buffer):
                continue
            now = time.perf_counter()
            latencies.append(now - sent_at.pop(sock))  # type: ignore[arg-type]
            status = int(buffer[9:12])
            statuses[status] = statuses.get(status, 0) + 1
            if now < end:
                _send(sock, next_request(), sent_at, received)
    took = time.perf_counter() - started
    for key in list(selector.get_map().values()):
        key.fileobj.close()  # type: ignore[union-attr]
    return Load(len(latencies), took, latencies, statuses)


def _send(sock, request: bytes, sent_at: dict, received: dict) -> None:
    received[sock] = bytearray()
    sent_at[sock] = time.perf_counter()
    sock.sendall(request)


def _is_whole(answer: bytearray) -> bool:
    head_ends = answer.find(b"\r\n\r\n")
    if head_ends < 0:
        return False
    head = answer[:head_ends].lower()  # not all of a long answer, at each part of it
    at = head.find(b"content-length:")
    if at < 0:
        raise ValueError(f"no Content-Length: {bytes(answer[:200])!r}")
    length = int(head[at + 15 :].partition(b"\r\n")[0])
    return len(answer) >= head_ends + 4 + length
