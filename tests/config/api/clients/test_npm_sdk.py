"""The official npm SDK, unmodified, against a running Handout (tests/npm/drive.cjs). Needs node and npm on the machine."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.conf import settings

from tests.support.root import ROOT
from tests.support.running_handout import RunningHandout

HERE = ROOT / "tests" / "npm"
HAVE_NODE = shutil.which("node") and shutil.which("npm")

pytestmark = pytest.mark.skipif(not HAVE_NODE, reason="node and npm are not here, so the npm SDK was NOT tried")


@pytest.fixture(scope="module")
def sdk() -> Path:
    """The folder that it is installed in: beside the Python packages, once for each lock file."""
    lock = (HERE / "package-lock.json").read_bytes()
    folder = Path(sys.prefix) / "npm" / hashlib.sha256(lock).hexdigest()[:16]
    if not folder.exists():
        folder.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as parent:
            fresh = Path(parent) / "installed"
            shutil.copytree(HERE, fresh)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            ran = subprocess.run(command, cwd=fresh, capture_output=True, text=True)
            if ran.returncode:
                pytest.skip(f"npm could not install the SDK, so it was NOT tried: {ran.stderr.strip()[-500:]}")
            try:
                fresh.rename(folder)
            except OSError:  # of the suite's workers another was faster; its folder holds the same
                if not folder.exists():
                    raise
    return folder


@pytest.fixture(scope="module")
def seen(sdk, tmp_path_factory):
    """What the SDK was answered: {the name of the step: the answer}."""
    with RunningHandout(tmp_path_factory.mktemp("npm") / "data") as handout:
        key = handout.make_key()
        environment = {
            "HANDOUT": f"http://127.0.0.1:{handout.port}",
            "APP_ID": key["X-App-Id"],
            "APP_TOKEN": key["X-App-Token"],
            "CSV_FILE": str(Path(settings.BASE_DIR, "static", "examples", "standalone-codes.csv")),
        }
        (sdk / "drive.cjs").write_bytes((HERE / "drive.cjs").read_bytes())
        ran = subprocess.run(
            ["node", "drive.cjs"], cwd=sdk, env=os.environ | environment, capture_output=True, text=True, timeout=180
        )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_it_publishes_a_named_code_to_a_known_customer(seen):
    made = seen["named"]

    assert (made["result"], made["channel"], made["tracking_id"]) == ("SUCCESS", "newsletter_October", "12344")
    assert (made["voucher"]["code"], made["voucher"]["discount"]) == (
        "ycs2AnLT",
        {"type": "PERCENT", "percent_off": 10},
    )
    assert made["voucher"]["publish"]["entries"][0]["channel"] == "newsletter_October"


def test_it_publishes_two_codes_of_a_campaign_to_somebody_new(seen):
    made = seen["two"]

    assert (made["channel"], made["metadata"]) == ("API", {"test": True, "provider": "Shop Admin"})
    assert len(set(made["vouchers"])) == 2
    assert made["customer"]["email"] == "erlich@example.com"
    assert made["customer_id"] != seen["named"]["customer_id"]


def test_it_reads_what_was_done(seen):
    assert seen["voucher"]["holder_id"] == seen["named"]["customer_id"]
    assert [row["id"] for row in seen["history"]["publications"]] == [seen["named"]["id"]]
    assert [row["code"] for row in seen["held"]["vouchers"]] == ["ycs2AnLT"]


def test_it_redeems_and_rolls_back(seen):
    assert (seen["redemption"]["result"], seen["redemption"]["order"]["amount"]) == ("SUCCESS", 2000)
    assert (seen["rollback"]["object"], seen["rollback"]["reason"]) == ("redemption_rollback", "Returned")
    assert seen["rollback"]["redemption"] == seen["redemption"]["id"]


def test_it_imports_a_csv_file(seen):
    assert (seen["imported"]["type"], seen["imported"]["operation_status"]) == ("VOUCHERS.IMPORT_CSV", "SUCCESS")
    assert (seen["imported"]["result"]["done_count"], seen["imported"]["result"]["failed"]) == (2, [])


def test_it_downloads_an_export(seen):
    export = seen["export"]
    heading, first, *_ = export["text"].removeprefix("\ufeff").splitlines()

    assert (export["ordered"], export["type"]) == ("SCHEDULED", "text/csv; charset=utf-8")
    assert heading == "Voucher Code,Customer Source ID,Channel"
    assert first == "ycs2AnLT,12344,newsletter_October"


def test_it_understands_refusals(seen):
    refusals = seen["refusals"]

    assert {name: (refusal["code"], refusal["key"]) for name, refusal in refusals.items()} == {
        "unknownVoucher": (404, "not_found"),
        "publishedBefore": (400, "voucher_already_published"),
        "noCustomer": (400, "missing_customer"),
        "nameTaken": (409, "duplicate_found"),
        "badLimit": (400, "invalid_query_params"),
        "badKey": (401, "unauthorized"),
    }
    assert refusals["unknownVoucher"]["details"] == "Cannot find voucher with id NONE"
    assert (refusals["unknownVoucher"]["resource_id"], refusals["unknownVoucher"]["resource_type"]) == (
        "NONE",
        "voucher",
    )
    assert all(refusal["request_id"].startswith("v-") for refusal in refusals.values())


def test_it_reads_the_rate_limit(seen):
    assert seen["limits"]["limit"] == 300_000
    assert 0 < seen["limits"]["remaining"] < 300_000
    assert seen["limits"]["retry"] == 0
