"""schemathesis against a running Handout: calls made up from the OpenAPI document, and what it finds wrong with the answers.

    make fuzz                      # hours' worth in minutes: FUZZ_EXAMPLES=500 make fuzz
    .venv/bin/python -m tests.support.fuzzing --examples 500

tests/config/api/test_api_fuzz.py runs a bounded part of it. What counts as wrong: a 5xx, a status, header, type or body that the
document does not tell, a call that contradicts the document and is accepted all the same, a call without a key that is
answered. Not that a call of the right shape may be refused: no schema can say which codes are left.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

from tests.support.running_handout import RunningHandout

ALL_PHASES = "examples,coverage,fuzzing,stateful"
PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
GIFT = {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}}


class Found(NamedTuple):
    cases: int
    failures: list[str]
    report: str


class Shop:
    """A caller with a key of its own, and what it has filled the installation with."""

    def __init__(self, handout: RunningHandout) -> None:
        self.address = f"http://127.0.0.1:{handout.port}"
        self.headers = handout.make_key()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = self.headers | {"Content-Type": "application/json"}
        with urlopen(Request(f"{self.address}/v1/{path}", data, headers, method=method), timeout=60) as answer:
            return json.load(answer)

    def fill(self) -> dict[str, list[str]]:
        """Rows of every kind; {"path.code": values that a call may name, …}."""
        coffee = self.call("POST", "campaigns", {"name": "Autumn coffee", "type": "AUTO_UPDATE", "voucher": PERCENT})
        for body in (
            {"name": "Gifts", "campaign_type": "GIFT_VOUCHERS", "vouchers_count": 50, "voucher": GIFT},
            {"name": "Friends", "campaign_type": "REFERRAL_PROGRAM", "type": "AUTO_UPDATE", "voucher": PERCENT},
            {"name": "One", "type": "STANDALONE", "voucher": PERCENT | {"code": "ONE-FOR-ALL"}},
        ):
            self.call("POST", "campaigns", body)
        published = [
            self.call("POST", "publications", {"campaign": coffee["name"], "customer": f"shop-{n}", "channel": "mail"})
            for n in range(10)
        ]
        codes = [publication["voucher"]["code"] for publication in published]
        for code in ("AUTUMN-7GK2", "AUTUMN-M4XP"):
            self.call("POST", f"campaigns/{coffee['id']}/vouchers/{code}", {})
        used = [
            self.call("POST", f"vouchers/{code}/redemption", {"customer": {"source_id": "12344"}}) for code in codes[:3]
        ]
        self.call("POST", f"redemptions/{used[0]['id']}/rollback", {})
        exports = [self.call("POST", "exports", {"exported_object": kind}) for kind in ("voucher", "customer")]
        segment = self.call("POST", "segments", {"name": "VIP", "customers": ["shop-1"]})
        action = self.call("POST", f"campaigns/{coffee['id']}/vouchers?vouchers_count=20", {})
        self.call("POST", "events", {"event": "seen", "customer": {"source_id": "shop-1"}})
        campaigns, customers = [coffee["name"], coffee["id"], "Gifts", "One"], ["shop-1", "shop-2", "12344"]
        return {
            "path.code": [*codes, "AUTUMN-7GK2", "ONE-FOR-ALL", published[0]["voucher"]["id"]],
            "path.campaign_id": campaigns,
            "path.customer_id": [*customers, published[0]["customer_id"]],
            "path.publication_id": [publication["id"] for publication in published],
            "path.redemption_id": [redemption["id"] for redemption in used],
            "path.export_id": [export["id"] for export in exports],
            "path.segment_id": [segment["id"]],
            "path.action_id": [action["async_action_id"]],
            "query.campaign": campaigns,
            "query.customer": customers,
            "body.campaign": campaigns[:2],
            "body.voucher": ["AUTUMN-M4XP", "ONE-FOR-ALL"],
            "body.customer": customers,
        }


def fuzz(
    folder: Path, *, examples: int, phases: str = ALL_PHASES, seed: int | None = None, short: bool = False
) -> Found:
    """Starts a Handout in the folder, fills it and sends it made-up calls, `examples` of each operation and kind.

    `short`: without what many operations have in common and what makes up most of the calls: the filters of lists,
    the items of orders.
    """
    with RunningHandout(folder / "data") as handout:
        shop = Shop(handout)
        document = shop.call("GET", "openapi.json")
        (folder / "schemathesis.toml").write_text(_configuration(shop.fill(), shop.headers))
        (folder / "openapi.json").write_text(json.dumps(_shortened(document) if short else document))
        command = [
            *(str(Path(sys.executable).with_name("st")), "--config-file", "schemathesis.toml", "run", "openapi.json"),
            *("--url", shop.address, "--phases", phases, "--max-examples", str(examples), "--workers", "2"),
            *("--exclude-checks", "positive_data_acceptance", "--continue-on-failure", "--no-shrink"),
            *("--report", "json", "--report-json-path", "report.json", "--no-color"),
            *(("--seed", str(seed)) if seed is not None else ()),
        ]
        ran = subprocess.run(command, cwd=folder, capture_output=True, text=True)
        report_file = folder / "report.json"
        assert report_file.exists(), ran.stdout + ran.stderr
        report = json.loads(report_file.read_text())
        said = handout.said()
    failures = [f"{failure['title']}: {', '.join(failure['operations'])}" for failure in report["failures"]]
    failures += [str(error) for error in report["errors"]]
    if "Traceback" in said:
        failures.append("the server's log has a traceback")
    if not report["complete"] or report["operations"]["tested"] != report["operations"]["total"]:
        failures.append(f"not all operations were tried: {report['operations']}")
    return Found(report["test_cases"]["generated"], failures, ran.stdout + (said if failures else ""))


def _configuration(known: dict[str, list[str]], headers: dict[str, str]) -> str:
    """Half of the time a name in a call is one that exists: else nearly all answers were 404."""
    lines = ["[headers]", *(f"{name} = {json.dumps(value)}" for name, value in headers.items())]
    for number, values in enumerate(known.values()):
        lines += [f"[dictionaries.d{number}]", f"values = {json.dumps(values)}"]
    lines.append("[parameters]")
    for number, place in enumerate(known):
        lines.append(f'"{place}" = {{ dictionary = "d{number}", probability = 0.5 }}')
    return "\n".join(lines)


def _shortened(document: dict[str, Any]) -> dict[str, Any]:
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["name"] == "filters":
                    fields = parameter["schema"]["properties"]
                    kept = {name: fields[name] for name in ("created_at", "junction") if name in fields}
                    parameter["schema"]["properties"] = kept
    item = document["components"]["schemas"]["OrderItemSent"]["properties"]
    document["components"]["schemas"]["OrderItemSent"]["properties"] = {
        name: item[name] for name in ("sku_id", "amount")
    }
    return document


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--examples", type=int, default=200)
    options.add_argument("--seed", type=int)
    chosen = options.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="handout-fuzz-"))
    started = time.monotonic()
    try:
        found = fuzz(folder, examples=chosen.examples, seed=chosen.seed)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(found.report)
    print(f"{found.cases:,} calls in {time.monotonic() - started:.0f} s; {len(found.failures)} kinds of failure")
    sys.exit("\n".join(found.failures) if found.failures else 0)


if __name__ == "__main__":
    main()
