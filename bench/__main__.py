"""`make bench`: all benchmarks, one after the other; what they print becomes docs/benchmarks.md.

.venv/bin/python -m bench [--quick]      # --quick: small and short, to see that everything runs
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from datetime import UTC, datetime

from bench.installation import ROOT, machine

BENCHES = {
    "publish": (["--repeats", "3"], ["--rows", "20000", "--seconds", "2", "--repeats", "1"]),
    "files": (["--repeats", "3"], ["--rows", "20000", "--repeats", "1"]),
    "distribute": ([], ["--recipients", "2000"]),
    "segments": ([], ["--customers", "20000"]),
    "pages": ([], ["--rows", "20000", "--customers", "2000", "--repeats", "5"]),
    "memory": ([], ["--minutes", "2"]),
    "api_calls": ([], ["--blocks", "4"]),
}
HEAD = """# Benchmarks

What `make bench` printed on {day}, on {machine}. PostgreSQL is the embedded one, durable (fsync on); the
product and the limit that it is held against ran side by side on the same machine. How to read a line, and what it is
held against, stands at the top of each `bench/<name>.py`; each runs alone as well.
"""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--quick", action="store_true")
    chosen = options.parse_args()
    told = [HEAD.format(day=datetime.now(UTC).date(), machine=machine())]
    for name, (whole, quick) in BENCHES.items():
        print(f"# {name}", flush=True)
        command = [sys.executable, "-m", f"bench.{name}", *(quick if chosen.quick else whole)]
        lines = []
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            for line in process.stdout:
                print(line, end="", flush=True)
                lines.append(line)
        if process.returncode:
            sys.exit(f"bench.{name} failed")
        told.append(f"## {name}\n\n```\n{''.join(lines)}```\n")
    if not chosen.quick:
        (ROOT / "docs" / "benchmarks.md").write_text("\n".join(told))


if __name__ == "__main__":
    main()
