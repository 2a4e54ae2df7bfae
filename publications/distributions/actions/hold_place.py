"""Shares a message worker's places out, so that one slow mail server or receiver does not hold all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_held: Counter[int] = Counter()  # by distribution, of this process
_lock = Lock()


@contextmanager
def hold_place(distribution_id: int, *, of: int) -> Iterator[bool]:
    """Whether the distribution may work now, in one of the worker's places (`of` so many).

    It holds half of them at most. One is held by none of them, for whoever looks after all: what is due must start,
    and what was lost be told, while everybody waits for a server.
    """
    with _lock:
        free = _held.total() < max(1, of - 1) and _held[distribution_id] < max(1, of // 2)
        _held[distribution_id] += free
    try:
        yield free
    finally:
        with _lock:
            _held[distribution_id] -= free
            if not _held[distribution_id]:
                del _held[distribution_id]
