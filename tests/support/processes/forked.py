"""Python processes on the tests' database that are there at once: forked from one that has loaded Django already.

To be killed, to hold locks and to work beside others, like those that are started from nothing, which takes each of them
one to two seconds.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import traceback
from typing import IO

from django.db import connection

from config.processes.die_with_parent import die_with_parent
from tests.support.root import ROOT

_nurseries: dict[tuple, _Nursery] = {}


class Forked:
    """As much of `subprocess.Popen` as tests need."""

    def __init__(self, stdin: IO[str], stdout: IO[str], news: int) -> None:
        self.stdin, self.stdout, self.returncode = stdin, stdout, None
        self._news = news
        (self.pid,) = struct.unpack("i", os.read(news, 4))

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        if self._look(timeout) is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return self.returncode

    def communicate(self) -> tuple[str, None]:
        self.stdin.close()
        said = self.stdout.read()
        self.wait()
        return said, None

    def send_signal(self, how: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, how)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._news], [], [], seconds)[0]:
            (self.returncode,) = struct.unpack("i", os.read(self._news, 4))
            os.close(self._news)
        return self.returncode


def fork(program: str, **environment: str) -> Forked:
    """Runs the program, with what it prints as `stdout`. `environment`: what settings are to read besides."""
    server = connection.settings_dict
    secret = f":{server['PASSWORD']}" if server["PASSWORD"] else ""
    address = (
        f"postgres://{server['USER']}{secret}@/{server['NAME']}?host={server['HOST']}&port={server['PORT'] or 5432}"
    )
    environment |= {"DATABASE_URL": address}
    key = tuple(sorted(environment.items()))
    if key not in _nurseries:
        _nurseries[key] = _Nursery(environment)
    return _nurseries[key].fork(program)


def fork_command(name: str, *arguments: str, **environment: str) -> Forked:
    """A `manage.py` command, without Django's checks: they take a second, and `manage.py run` leaves them out as well."""
    command = ["manage.py", name, "--skip-checks", *arguments]
    return fork(f"from django.core.management import execute_from_command_line as run; run({command})", **environment)


class _Nursery:
    """The process that has loaded Django, and the line to it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.processes.forked", str(theirs.fileno())],
                cwd=ROOT,
                env={"DJANGO_SETTINGS_MODULE": "config.settings"} | os.environ | environment,
                pass_fds=[theirs.fileno()],
                preexec_fn=die_with_parent,
            )
        atexit.register(self._line.close)

    def fork(self, program: str) -> Forked:
        stdin, ours_in = os.pipe()
        ours_out, stdout = os.pipe()
        news, theirs = os.pipe()
        socket.send_fds(self._line, [json.dumps(program).encode()], [stdin, stdout, theirs])
        for given in (stdin, stdout, theirs):
            os.close(given)
        return Forked(os.fdopen(ours_in, "w"), os.fdopen(ours_out), news)


def _serve(line: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody else waits for those that watch
    gc.freeze()
    while True:
        message, given, *_ = socket.recv_fds(line, 1_000_000, 3)
        if not message:
            return
        if os.fork() == 0:
            line.close()
            _watch(json.loads(message), *given)
        for each in given:
            os.close(each)


def _watch(program: str, stdin: int, stdout: int, news: int) -> None:
    """Forks once more, tells the process id, and at its end how it ended: 0, 1, or minus the signal."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    die_with_parent(signal.SIGKILL)
    pid = os.fork()
    if pid == 0:
        os.close(news)
        _be(program, stdin, stdout)
    os.close(stdin)
    os.close(stdout)
    os.write(news, struct.pack("i", pid))
    _, status = os.waitpid(pid, 0)
    os.write(news, struct.pack("i", os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _be(program: str, stdin: int, stdout: int) -> None:
    die_with_parent(signal.SIGKILL)
    for given, place in ((stdin, 0), (stdout, 1)):
        os.dup2(given, place)
        os.close(given)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.argv = ["manage.py"]
    code = 1
    try:
        exec(program, {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else bool(end.code)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(code)


def _main() -> None:
    import django

    django.setup()
    _serve(socket.socket(fileno=int(sys.argv[1])))


if __name__ == "__main__":
    _main()
