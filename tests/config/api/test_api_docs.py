"""docs/api.md tells the truth: its commands run, and it names every operation and every error."""

import json
import os
import re
import shutil
import subprocess

import pytest

from config.api.actions.create_api_key import create_api_key
from config.api_assembly import api
from tests.support.factories import STAFF, CampaignFactory
from tests.support.root import ROOT
from tests.support.settling import handed_out

PAGE = (ROOT / "docs" / "api.md").read_text()
COMMANDS = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if block.startswith("curl")]
A_HAND_OUT = "pub_J8LmWq0ZtK2nB4xE"  # in the address of a command


@pytest.mark.skipif(not shutil.which("curl"), reason="the page's commands are for curl, which is not here")
@pytest.mark.django_db(transaction=True)
def test_its_commands_run(live_server):
    key, token = create_api_key("docs", by=STAFF)
    environment = os.environ | {"HANDOUT": live_server.url, "APP_ID": str(key.app_id), "APP_TOKEN": token}

    hand_out = handed_out(CampaignFactory(codes=2)).publication
    commands = [command.replace(A_HAND_OUT, hand_out.public_id) for command in COMMANDS]

    campaign, two, one, history, segment, event, started, settling, export, token_drawn = [
        json.loads(subprocess.run(["bash", "-c", command], env=environment, check=True, capture_output=True).stdout)
        for command in commands
    ]

    assert campaign["name"] == "Autumn coffee"
    assert (len(two["vouchers"]), two["channel"]) == (2, "newsletter_October")
    assert (one["source_id"], one["customer_id"]) == ("order-1001", two["customer_id"])
    assert [publication["id"] for publication in history["publications"]] == [two["id"]]
    assert (segment["name"], segment["type"]) == ("Gold in Kyiv", "auto-update")
    assert (event["type"], event["customer"]["id"]) == ("cart_abandoned", two["customer_id"])
    assert list(started) == list(settling) == ["async_action_id"]
    assert token_drawn["token_type"] == "Bearer"
    assert (export["status"], export["exported_object"]) == ("SCHEDULED", "publication")


def test_it_names_every_operation():
    named = PAGE.split("## Operations")[1]
    paths = {
        f"{method} /v1/{path}"
        for prefix, router in api._routers
        for path in (f"{prefix}{tail}" for tail in router.path_operations)
        for method in _methods(router, path.removeprefix(prefix))
    }

    words = {
        "{code}": "{code or id}",
        "{campaign_id}": "{id or name}",
        "{publication_id}": "{id}",
        "{redemption_id}": "{id}",
        "{segment_id}": "{id}",
    }
    words |= {"{customer_id}": "{id or source_id}", "{export_id}": "{id}", "{action_id}": "{id}"}
    assert len(paths) > 50
    for path in paths:
        for ours, theirs in words.items():
            path = path.replace(ours, theirs)
        assert path in named, path


def test_it_names_every_error():
    root = ROOT
    sources = [*root.glob("*/**/api/**/*.py"), *root.glob("publications/**/refusals.py")]
    keys = {
        key
        for source in sources
        for key in re.findall(r'ApiError\(\s*\d+,\s*"(\w+)"|key = "(\w+)"', source.read_text())
        for key in key
        if key
    }

    assert {"not_found", "missing_vouchers", "voucher_already_published", "unauthorized"} < keys
    assert [key for key in sorted(keys) if f"`{key}`" not in PAGE] == []


def _methods(router, path):
    return [method for operation in router.path_operations[path].operations for method in operation.methods]
