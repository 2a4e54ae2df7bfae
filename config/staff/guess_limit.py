"""How many codes that do not exist one user may try: so that nobody finds codes by guessing. (Keys: config/api/guesses.py.)

Counted in this process's memory, in spans that begin with the first miss, as calls are (config/api/auth.py): the codes
that are found cost nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock

SECONDS = 300
MOST_BY_USER = 20  # in such a span; who mistypes does so less often


class GuessLimit:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.spans: dict[Hashable, tuple[float, int]] = {}  # who -> (end of the span, misses in it)
        self.lock = Lock()

    def wait(self, who: Hashable, *, most: int) -> float:
        """The seconds until this user may try again; 0: now."""
        now = self.clock()
        with self.lock:
            end, misses = self.spans.get(who, (0.0, 0))
        return max(0.0, end - now) if misses >= most else 0.0

    def miss(self, who: Hashable) -> None:
        """Counts an attempt at a code that does not exist, or must look as if it did not."""
        now = self.clock()
        with self.lock:
            end, misses = self.spans.get(who, (0.0, 0))
            self.spans[who] = (now + SECONDS, 1) if now >= end else (end, misses + 1)
            if len(self.spans) > 10_000:
                self.spans = {each: span for each, span in self.spans.items() if span[0] > now}


guesses = GuessLimit()
