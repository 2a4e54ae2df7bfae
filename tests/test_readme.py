"""The first steps of the README, pasted into a shell as they stand."""

import json
import subprocess
import sys

from tests.support.running_handout import ROOT, RunningHandout


def test_the_first_publication(tmp_path):
    steps = _commands("## A first publication by curl")

    with RunningHandout(tmp_path / "data", first_start=True, DEMO="1") as handout:
        there = steps.replace(":8000/", f":{handout.port}/").replace(".venv/bin/python", sys.executable)
        shell = subprocess.run(
            ["bash", "-c", there], cwd=ROOT, env=handout.environment, capture_output=True, text=True, timeout=120
        )

    answer = json.loads(shell.stdout)
    assert (answer["result"], answer["tracking_id"], answer["voucher"]["campaign"]) == (
        "SUCCESS",
        "shop-1",
        "Autumn Roast Launch",
    )


def _commands(heading: str) -> str:
    """The indented lines below the heading."""
    section = (ROOT / "README.md").read_text().partition(heading)[2].partition("\n## ")[0]
    return "\n".join(line[4:] for line in section.splitlines() if line.startswith("    "))
