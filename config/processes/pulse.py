"""Processes that stand still, though they have not ended: each tells `manage.py run` every few seconds that it does not.

By a datagram to a socket of the supervisor, which needs neither the database nor room on a disk. A process that has
said nothing for STILL_SECONDS is killed; whoever started it starts another one.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

VARIABLE = "HANDOUT_PULSE"  # tells the children where the socket is
STILL_SECONDS = 60


def pulse(name: str) -> None:
    """`pulse("worker")`: this process does not stand still. Without a supervisor it tells nobody."""
    if address := os.environ.get(VARIABLE):
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(f"{os.getpid()} {name}".encode(), address)


class Pulses:
    """The supervisor's side. Whoever has never told anything is not missed."""

    def __init__(self, *, seconds: float = STILL_SECONDS, say: Callable[[str], None]) -> None:
        self._folder = tempfile.mkdtemp(prefix="handout-pulse-")  # mode 0700
        address = str(Path(self._folder) / "socket")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(address)
        os.environ[VARIABLE] = address
        self._seconds, self._say = seconds, say
        self._quiet: dict[int, tuple[str, float]] = {}  # process id: its name, and for how long it has said nothing
        self._looked_at = time.monotonic()

    def close(self) -> None:
        os.environ.pop(VARIABLE, None)
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def known(self) -> set[int]:
        return {*self._quiet}

    def kill_the_still(self) -> None:
        """To be called every second or so."""
        now = time.monotonic()
        # Where the whole machine stood still, nobody can have told anything.
        passed, self._looked_at = min(now - self._looked_at, 1), now
        heard = self._heard()
        self._quiet |= {pid: (name, 0.0) for pid, name in heard.items()}
        for pid, (name, quiet) in list(self._quiet.items()):
            if pid not in heard:
                self._quiet[pid] = name, quiet + passed
            if not _lives(pid):
                del self._quiet[pid]
            elif quiet > self._seconds:
                self._say(f"A {name} (process {pid}) has not responded for {self._seconds:g} s and is replaced.")
                del self._quiet[pid]
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _heard(self) -> dict[int, str]:
        heard = {}
        with suppress(BlockingIOError):
            while True:
                pid, _, name = self._socket.recv(200).decode().partition(" ")
                heard[int(pid)] = name
        heard.pop(os.getpid(), None)  # whoever looks is nobody's to replace
        return heard


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
