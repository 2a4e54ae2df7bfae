"""A real PostgreSQL inside the data folder, for an installation that has no DATABASE_URL (ADR 0002).

The binaries come from a wheel; the server is our own child: it runs in the foreground, listens on a Unix socket
only, dies with the process that started it, and counts as started when a query is answered.
Settings import this module, so it must import quickly and know nothing of Django.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from config.data_folder import DataFolderInUse, hold

MAJOR = 18
NAME = USER = "handout"
PORT = "5432"  # only a part of the socket's name; no TCP port is opened

# Given on the command line, so that they hold whatever stands in the folder's own postgresql.conf.
SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "timezone": "UTC",
    # A week of logs, one file a weekday; checkpoints are no news.
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_checkpoints": "off",
}
# For tests only: a crash of the machine may lose everything.
THROW_AWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class DatabaseUnavailable(Exception):
    """The embedded server cannot be used; the message is one line for the person at the terminal."""


def database_settings(data_folder: Path) -> dict:
    """Django's HOST, PORT, NAME and USER of the server that lives in `data_folder`."""
    return {"HOST": str(socket_folder(data_folder)), "PORT": PORT, "NAME": NAME, "USER": USER}


def socket_folder(data_folder: Path) -> Path:
    """Below /tmp: a socket's path may hold only about 100 bytes, and data folders are often deeper than that."""
    digest = hashlib.sha256(os.fsencode(Path(data_folder).resolve())).hexdigest()
    return Path("/tmp") / f"handout-{digest[:16]}"  # noqa: S108 - owner and mode are set before it is used


def answers(data_folder: Path) -> bool:
    """Whether the server of this folder runs and answers a query; False while it starts or recovers."""
    try:
        with _connect(data_folder, NAME) as connection:
            connection.execute("SELECT 1")
    except _driver_error():
        return False
    return True


@contextmanager
def serving(data_folder: Path, *, say: Callable[[str], None] = print) -> Iterator[None]:
    """The server of this folder is up inside the `with`: the one that runs already, else one just for this long.

    Raises DatabaseUnavailable.
    """
    if answers(data_folder):
        yield
        return
    try:
        lock = hold(data_folder)
    except DataFolderInUse:
        # Another process is just starting the server, or it recovers from a crash.
        deadline = time.monotonic() + 60
        while not answers(data_folder):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        yield
        return
    with lock:
        server = start(data_folder, say=say)
        try:
            yield
        finally:
            server.stop()


class Server:
    """A running PostgreSQL, our child."""

    def __init__(self, process: subprocess.Popen, lock) -> None:
        self.process = process
        self._lock = lock

    def stop(self, seconds: float = 6) -> None:
        """A fast shutdown; a server that has not ended within `seconds` is cut off and will recover when next started."""
        for how, patience in ((signal.SIGINT, seconds), (signal.SIGQUIT, 2), (signal.SIGKILL, 2)):
            if self.process.poll() is None:
                self.process.send_signal(how)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(patience)
        self._lock.close()


def start(data_folder: Path, *, durable: bool = True, say: Callable[[str], None] = print) -> Server:
    """Starts the server of `data_folder` (made first if there is none) and returns when it answers.

    The caller holds the folder (`config.data_folder.hold`). A recovery after a crash is waited for, however long.
    Raises DatabaseUnavailable.
    """
    cluster = data_folder / "postgres"
    account = _account(cluster)
    if not (cluster / "PG_VERSION").exists():
        say("Making the database")
        _make_cluster(cluster, account, durable=durable)
    _refuse_other_major(cluster)
    lock = _take_over(cluster, data_folder)
    _write_access_rules(cluster, account)
    _make_socket_folder(data_folder, account)

    settings = SERVER_SETTINGS | {"unix_socket_directories": str(socket_folder(data_folder))}
    if not durable:
        settings |= THROW_AWAY_SETTINGS
    arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
    with tempfile.TemporaryFile("w+") as early_errors:
        process = subprocess.Popen(  # noqa: S603
            [*account.prefix(cluster), str(_binary("postgres")), "-D", str(cluster), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=early_errors,
            cwd="/",
            env=_environment(),
            start_new_session=True,  # Ctrl-C at the terminal is for the supervisor, which stops the server last
            preexec_fn=account.before_exec(),
            pass_fds=[lock.fileno()],  # the lock lives as long as any process of this server does
        )
        server = Server(process, lock)
        try:
            _wait_until_it_answers(data_folder, process, early_errors, cluster, say)
        except BaseException:
            server.stop()
            raise
    return server
