"""`make bench`: all benchmarks, one after the other; what they print becomes docs/benchmarks.md.

.venv/bin/python -m bench [publish pages ...] [--quick]    # only these; --quick: small, to see that everything runs
.venv/bin/python -m bench publish --against postgres://user:password@host/postgres    # Handout here, on your PostgreSQL

`--against` makes a database of its own on that server for each benchmark, and drops it afterwards: the role needs CREATEDB,
and nothing else there is touched. What it prints goes into no document.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from bench.installation import ROOT, machine

BENCHES = {
    "publish": (["--repeats", "3"], ["--rows", "20000", "--seconds", "2", "--repeats", "1"]),
    "files": (["--repeats", "3"], ["--rows", "60000", "--repeats", "1"]),
    "distribute": ([], ["--recipients", "2000"]),
    "recall": ([], ["--codes", "2000"]),
    "segments": ([], ["--customers", "20000"]),
    "pages": ([], ["--rows", "20000", "--customers", "2000", "--repeats", "5"]),
    "memory": ([], ["--minutes", "2"]),
    "forecast": ([], ["--histories", "50"]),
    "api_calls": ([], ["--blocks", "4"]),
}
DOCUMENT = ROOT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

What `make bench` printed. PostgreSQL is the embedded one, durable (fsync on); the product and the limit that it is held
against ran side by side on the same machine. How to read a line, and what it is held against, stands at the top of each
`bench/<name>.py`; each runs alone as well.
"""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("names", nargs="*", help=", ".join(BENCHES))
    options.add_argument("--quick", action="store_true")
    against = os.environ.get("BENCH_AGAINST", "")  # where a password should not stand in an argument
    options.add_argument(
        "--against", metavar="URL", default=against, help="a PostgreSQL of your own (or BENCH_AGAINST)"
    )
    chosen = options.parse_args()
    if unknown := set(chosen.names) - set(BENCHES):
        options.error(f"There is no benchmark {', '.join(sorted(unknown))}; choose of {', '.join(BENCHES)}.")
    names = chosen.names or list(BENCHES)
    if chosen.against:
        os.environ["BENCH_AGAINST"] = chosen.against  # for each benchmark
        print(f"{machine()}, against {server_at(chosen.against)}")
        names = [name for name in names if name != "api_calls"]  # it measures its own process, on a server of its own
    for name in names:
        print(f"# {name}", flush=True)
        whole, quick = BENCHES[name]
        printed = run(name, quick if chosen.quick else whole)
        if not chosen.quick and not chosen.against:
            write(DOCUMENT, name, printed)


def server_at(url: str) -> str:
    """Its version and name, without the password."""
    with psycopg.connect(url) as server:
        return f"PostgreSQL {server.info.parameter_status('server_version')} at {server.info.host}"


def run(name: str, options: list[str]) -> str:
    """What it printed, which is shown as it comes."""
    lines = []
    command = [sys.executable, "-m", f"bench.{name}", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    if process.returncode:
        sys.exit(f"bench.{name} failed")
    return "".join(lines)


def write(document: Path, name: str, printed: str) -> None:
    """Puts the benchmark's section in the place of its last one; those of the others stay."""
    kept = document.read_text() if document.exists() else ""
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", kept, re.DOTALL | re.MULTILINE))
    printed = printed.replace(f"{machine()}\n", "")  # which stands above it
    sections[name] = f"\n{datetime.now(UTC).date()}, {machine()}\n\n```\n{printed}```"
    told = [f"## {name}\n{sections[name].rstrip()}\n" for name in BENCHES if name in sections]
    document.write_text("\n".join([HEAD, *told]))


if __name__ == "__main__":
    main()
