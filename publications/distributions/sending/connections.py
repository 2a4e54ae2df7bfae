"""The connections of one turn: each hands over one message at a time, in a thread of its own.

So a crash leaves one unknown message for each of them, and a slow server holds up none of the others. What is written to the
database is written by whoever holds them, for all that are free or done at that moment (claims.py); these threads ask it
nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from publications.distributions.reasons import DeliveryReason
from publications.distributions.sending.hand_over import MailServer
from publications.distributions.sending.outcomes import Outcome, unknown

log = logging.getLogger(__name__)


class _Task(NamedTuple):
    key: int
    hand_over: Callable[[MailServer], Outcome]


class Connections:
    """`with Connections(4) as connections:` A single one works in the caller's thread."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.busy = 0
        self.first = MailServer()
        self._servers = [self.first, *(MailServer() for _ in range(count - 1))]
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[int, Outcome]] = SimpleQueue()
        self._threads: list[Thread] = []

    def __enter__(self) -> Connections:
        return self

    def __exit__(self, *_: Any) -> None:
        """What is on its way is waited for."""
        for _thread in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        for server in self._servers:
            server.hang_up()

    @property
    def free(self) -> int:
        return self.count - self.busy

    @property
    def waits(self) -> bool:
        """Whether one of them is done, and nobody has asked for it."""
        return not self._done.empty()

    def hand_over(self, key: int, step: Callable[[MailServer], Outcome], *, here: bool = False) -> None:
        """By one that is free: there must be one. `here`: in the caller's thread, since it asks the database."""
        self.busy += 1
        task = _Task(key, step)
        if here or self.count == 1:
            self._done.put(_outcome_of(task, self.first))
            return
        if not self._threads:
            self._threads = [Thread(target=self._work, args=[server], daemon=True) for server in self._servers]
            for thread in self._threads:
                thread.start()
        self._tasks.put(task)

    def done(self) -> list[tuple[int, Outcome]]:
        """(key, what became of it) of all that are done. Waits for one."""
        found = [self._done.get()]
        while True:
            try:
                found.append(self._done.get_nowait())
            except Empty:
                self.busy -= len(found)
                return found

    def _work(self, server: MailServer) -> None:
        while task := self._tasks.get():
            self._done.put(_outcome_of(task, server))


def _outcome_of(task: _Task, server: MailServer) -> tuple[int, Outcome]:
    try:
        return task.key, task.hand_over(server)
    except Exception:  # whatever it is, the others' outcomes are to be recorded, and this one is not to be sent again
        log.exception("A message could not be handed over")
        return task.key, unknown(DeliveryReason.HANDOUT_STOPPED)
