"""`manage.py run` as a real process on a data folder and a port of its own, for tests that stop and kill it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import psycopg

from config.processes.die_with_parent import die_with_parent
from config.server.embedded_postgres import database_settings
from tests.support.processes.prepared_folder import copy_prepared
from tests.support.root import ROOT


class RunningHandout:
    def __init__(self, data_folder: Path, *, first_start: bool = False, **environment: str) -> None:
        """`first_start`: with nothing prepared, for tests that ask about just that."""
        self.data_folder = data_folder
        if not first_start:
            copy_prepared(data_folder, "staticfiles", *(() if "DATABASE_URL" in environment else ("postgres",)))
        self.port = _free_port()
        self.environment = (
            _environment(data_folder) | {"PORT": str(self.port), "DEMO": "0", "WORKERS": "1"} | environment
        )
        self._log = (data_folder.parent / f"{data_folder.name}.{self.port}.log").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=self.environment,
            stdout=self._log,
            stderr=self._log,
            preexec_fn=die_with_parent,  # a pytest that is killed stops nothing by itself
        )

    def __enter__(self) -> RunningHandout:
        return self.wait_until_ready()

    def __exit__(self, *error) -> None:
        if self.process.poll() is None:
            self.stop()
        self._log.close()

    def wait_until_ready(self) -> RunningHandout:
        deadline = time.monotonic() + 300
        while "Handout is ready" not in self.said():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.1)
        return self

    def said(self) -> str:
        return Path(self._log.name).read_text()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as response:
                return response.status, response.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:  # nobody listens
            return 0, str(error)

    def wait_until_healthy(self) -> RunningHandout:
        """After a kill, when the announcement in the output is an old one."""
        deadline = time.monotonic() + 180
        while self.get("/readyz")[0] != 200:
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.2)
        return self

    def sql(self, query: str) -> list[tuple]:
        with self.connect() as connection:
            cursor = connection.execute(query)
            return cursor.fetchall() if cursor.description else []

    def connect(self) -> psycopg.Connection:
        found = database_settings(self.data_folder)
        return psycopg.connect(host=found["HOST"], port=found["PORT"], user=found["USER"], dbname=found["NAME"])

    def make_key(self) -> dict[str, str]:
        """A new API key that may do everything: the headers that carry it."""
        made = json.loads(manage(self.data_folder, "create_api_key", "test", "--integrations", "--json").stdout)
        return {"X-App-Id": made["id"], "X-App-Token": made["token"]}

    def stop(self, how: int = signal.SIGTERM) -> float:
        """Asks it to stop; returns the seconds until it had ended."""
        asked = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(120)
        return time.monotonic() - asked


def processes_of(data_folder: Path) -> dict[int, str]:
    """Every living process that was started for this data folder: process id -> command."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                continue
            environment = (folder / "environ").read_bytes().split(b"\0")
            cluster = data_folder / "postgres"
            if f"HANDOUT_DATA={data_folder}".encode() in environment or os.readlink(folder / "cwd") == str(cluster):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    return found


def kill_all(data_folder: Path, *, but: int | None = None) -> None:
    for pid in processes_of(data_folder):
        if pid != but:
            with suppress(ProcessLookupError):  # one may have died of another's death
                os.kill(pid, signal.SIGKILL)


def wait_until_gone(data_folder: Path, seconds: float = 60) -> dict[int, str]:
    """What is still there after so many seconds: {} is the good answer."""
    deadline = time.monotonic() + seconds
    while (left := processes_of(data_folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return left


def manage(data_folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """Another `manage.py` command on this data folder, run to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=_environment(data_folder) | environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def _environment(data_folder: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "HOST")}
    return inherited | {"HANDOUT_DATA": str(data_folder)}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]
