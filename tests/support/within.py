"""A limit for what must not take long, whatever it is given: of processor time, so that a busy machine fails nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class TooSlow(AssertionError):
    pass


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Interrupts what takes longer; a regular expression looks for signals, too."""

    def stop(*_):
        raise TooSlow(f"took more than {seconds} s of the processor")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
