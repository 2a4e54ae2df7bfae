"""Gives each distribution one of a message worker's places, so that slow mail servers or receivers do not hold all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_held: set[int] = set()  # distributions, of this process
_lock = Lock()


@contextmanager
def hold_place(distribution_id: int, *, of: int) -> Iterator[bool]:
    """Whether the distribution may work now, in one of the worker's places (`of` so many).

    It holds one at most, with all of its connections. One is held by none of them, for whoever looks after all: what is
    due must start, and what was lost be told, while everybody waits for a server.
    """
    with _lock:
        free = len(_held) < max(1, of - 1) and distribution_id not in _held
        if free:
            _held.add(distribution_id)
    try:
        yield free
    finally:
        if free:
            with _lock:
                _held.discard(distribution_id)
