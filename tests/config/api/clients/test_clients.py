"""Official clients of several generations, unmodified, read our answers. `make clients` installs them and tries all; the
suite tries those that are installed. Python 6.1 and npm 2.9 have fuller tests: test_api_sdk*.py, test_npm_sdk.py.

Not here: npm `@voucherify/sdk` 3, Ruby 8 and PHP 5.1, which the package registries did not have when this was written. Their own test
suites were run from their sources by hand, once; docs/api.md tells what fails in them.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.api.actions.create_api_key import create_api_key
from tests.support.factories import STAFF, CampaignFactory
from tests.support.root import ROOT

HERE = ROOT / "tests" / "clients"
INSTALLED = Path(sys.prefix) / "clients"
NPM = {"node-2": "2.23.0", "node-3": "3.0.0", "node-5": "5.2.0", "sdk-1": "1.3.1", "sdk-2": "2.9.0"}
PYTHON = "python-2"
ALL_MUST_BE_TRIED = os.environ.get("CLIENTS") == "all"

pytestmark = pytest.mark.django_db(transaction=True)


def drive(client: str, environment: dict[str, str]) -> dict:
    """What the client read: {step: answer}."""
    if client == PYTHON:
        folder, command = INSTALLED / client, [sys.executable, str(HERE / "drive_python_2.py")]
        environment |= {"PYTHONPATH": str(folder)}
    else:
        folder, command = INSTALLED / "npm", ["node", "drive.cjs", client]
    if not folder.exists():
        if ALL_MUST_BE_TRIED:
            pytest.fail(f"{client} is not installed in {folder}")
        pytest.skip("not installed, so NOT tried; `make clients` installs and tries it")
    if client != PYTHON:
        version = json.loads((folder / "node_modules" / client / "package.json").read_text())["version"]
        assert version == NPM[client]
        (folder / "drive.cjs").write_bytes((HERE / "drive.cjs").read_bytes())
    ran = subprocess.run(command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout[ran.stdout.index("{") :])


@pytest.mark.parametrize("client", [*NPM, PYTHON])
def test_a_client_reads_our_lists_and_answers(live_server, client):
    CampaignFactory(name="Coffee", codes=2)
    key, token = create_api_key("Client", by=STAFF)

    seen = drive(client, {"HANDOUT": live_server.url, "APP_ID": str(key.app_id), "APP_TOKEN": token})

    code, customer = seen["published"]["code"], seen["customer"]
    assert customer["source_id"] == "shop-1"
    assert seen["voucher"]["code"] == code
    assert seen["voucher"]["publish"]["entries"][0]["channel"] == "mail"
    assert {row["code"]: row["holder_id"] for row in seen["vouchers"]}[code] == customer["id"]
    assert len(seen["vouchers"]) == 2
    made = seen["redemption"]
    assert (made["result"], made["order"]["total_amount"], made["order"]["total_discount_amount"]) == (
        "SUCCESS", 1800, 200,
    )  # fmt: skip
    assert [row["id"] for row in seen["of_voucher"]] == [row["id"] for row in seen["redemptions"]] == [made["id"]]
    assert seen["redemptions"][0]["order"]["total_amount"] == 1800
    undone = seen["rollback"]
    assert (undone["object"], undone["reason"], undone["order"]["total_amount"]) == (
        "redemption_rollback", "Returned", 2000,
    )  # fmt: skip
    assert seen["refusal"].items() >= {"code": 404, "key": "not_found"}.items()
    if client != PYTHON:  # whose client has no more lists
        assert seen["campaign"]["name"] == "Coffee"
        assert seen["campaigns"] is None or [row["name"] for row in seen["campaigns"]] == ["Coffee"]
        assert [row["customer_id"] for row in seen["publications"]] == [customer["id"]]
        assert [row["id"] for row in seen["customers"]] == [customer["id"]]
        assert client in ("node-2", "node-3") or [row["id"] for row in seen["scrolled"]] == [customer["id"]]
