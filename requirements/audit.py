"""`make audit`: are any of the pinned dependencies known to be vulnerable? pip-audit asks PyPI; this reads its answer.

Exits with 0 only where every one was looked up and none is known to be vulnerable: with 1 where one is, with 2 where the
data could not be had, which pip-audit alone would pass over.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FILES = [Path(__file__).with_name(name) for name in ("run.txt", "dev.txt")]


def judge(dependencies: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """The exit code, and what is said, of the dependencies in pip-audit's JSON."""
    vulnerable = [
        f"{one['name']} {one['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'no version yet'}"
        for one in dependencies
        for found in one.get("vulns", ())
    ]
    unknown = sorted(one["name"] for one in dependencies if "skip_reason" in one)
    said = [*vulnerable]
    if unknown:
        said.append(
            f"There is no vulnerability data for {len(unknown)} of {len(dependencies)} dependencies ({', '.join(unknown[:5])}"
            f"{', …' if len(unknown) > 5 else ''}): nothing is known about them. Is the package index reachable from here?"
        )
    if not dependencies:
        said.append("pip-audit looked at no dependency at all.")
    if vulnerable:
        said.append("Raise these versions: make lock.")
        return 1, said
    if said:
        return 2, said
    return 0, [f"{len(dependencies)} dependencies, none known to be vulnerable."]


def audit(pip_audit: str, file: Path) -> tuple[int, list[str]]:
    command = [
        pip_audit,
        "-r",
        str(file),
        "--require-hashes",
        "--disable-pip",
        "-f",
        "json",
        "--progress-spinner",
        "off",
    ]
    answer = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our own words
    try:
        return judge(json.loads(answer.stdout)["dependencies"])
    except (ValueError, KeyError):
        why = (answer.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return 2, [f"The vulnerability data could not be had: {why}"]


if __name__ == "__main__":
    codes = []
    for file in FILES:
        code, said = audit(sys.argv[1], file)
        print(f"{file.name}: " + "\n  ".join(said), flush=True)
        codes.append(code)
    sys.exit(1 if 1 in codes else max(codes))
