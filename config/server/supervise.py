"""Keeps a few child processes running until a signal asks to stop, then stops them all."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Never, Protocol

from config.processes.die_with_parent import die_with_parent

STOP_SECONDS = 4  # what is still running then is killed, unless told; a job cut off is taken up by the next worker
NICENESS = 10
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30  # seconds between a child's death and its next start


class Supervised(Protocol):
    """What supervise() asks of a child."""

    name: str

    def start(self) -> None: ...
    def poll(self) -> int | None: ...
    def kill(self) -> None: ...


class Child:
    """A command run in a process group of its own, so that its own children are stopped with it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        death_signal: int = signal.SIGTERM,
        gives_way: bool = False,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        """`death_signal` is what the child gets when we are killed outright. `gives_way`: the others' work goes first.
        `stop_seconds`: how long it may take to end what it has begun, once it is asked to stop.
        """
        self.name = name
        self._command = command
        self._folder = folder
        self._death_signal = death_signal
        self._gives_way = gives_way
        self.stop_seconds = stop_seconds
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            self._command,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=self._prepare,
        )

    def _prepare(self) -> None:
        """In the child, before its command."""
        die_with_parent(self._death_signal)
        if self._gives_way:
            os.nice(NICENESS)
            with suppress(OSError):  # where Linux shares out by session, niceness counts only inside of one
                Path("/proc/self/autogroup").write_text(str(NICENESS))

    def poll(self) -> int | None:
        return self._process.poll() if self._process else None

    def ask_to_stop(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, how: int) -> None:
        # The group outlives its leader: a web server that died may have left its workers holding the port.
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)


class Stopped(BaseException):
    """A signal asked to stop. No Exception, like KeyboardInterrupt: nothing on the way up may take it for an error."""


def stop_on_signals() -> None:
    """From here on Ctrl-C, SIGTERM and a closed terminal raise Stopped in the main thread, once."""

    def stop(number: int, frame: FrameType | None) -> Never:
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # ignored: started with nohup, to outlive the terminal
        signal.signal(signal.SIGHUP, stop)


def supervise(children: Sequence[Supervised], *, say: Callable[[str], None]) -> Iterator[None]:
    """Starts a child that died anew, after a pause that doubles while it keeps dying. Yields after each look at all."""
    pause = dict.fromkeys(children, SHORTEST_PAUSE)
    born = dict.fromkeys(children, time.monotonic())
    due: dict[Supervised, float] = {}
    while True:
        for child in children:
            now = time.monotonic()
            if child in due:
                if now < due[child]:
                    continue
                del due[child]
                born[child] = now
                try:
                    child.start()
                    continue
                except Exception as problem:  # a full disk, say: the others go on, and this one is tried again
                    ended = f"did not start: {problem}"
            elif (code := child.poll()) is None:
                continue
            else:
                child.kill()
                ended = f"ended, {_how(code)}"
            pause[child] = SHORTEST_PAUSE if now - born[child] > 60 else min(pause[child] * 2, LONGEST_PAUSE)
            due[child] = time.monotonic() + pause[child]
            say(f"The {child.name} {ended}; it restarts in {pause[child]:g} s.")
        yield
        time.sleep(0.2)


def stop(children: Sequence[Child]) -> None:
    """Asks all to stop, gives each its time, and kills what is still there."""
    for child in children:
        child.ask_to_stop()
    asked = time.monotonic()
    left = list(children)
    while left:
        time.sleep(0.05)
        for child in list(left):
            if child.poll() is not None or time.monotonic() > asked + child.stop_seconds:
                child.kill()  # also what a child that ended left of its group
                left.remove(child)


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"
