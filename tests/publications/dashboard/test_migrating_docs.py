"""docs/migrating.md tells the truth: its commands move Voucherify's files in, and the client then finds what it knew."""

import re
import shlex
import shutil
from io import StringIO

import pytest
import voucherify
from django.core.management import call_command
from django.db import connection

from config.api.actions.create_api_key import create_api_key
from publications.dashboard.verify import verify as check
from tests.support.factories import STAFF, CampaignFactory
from tests.support.imports import SAMPLES
from tests.support.root import ROOT

NOT_DURABLE = "what was answered survives a crash of the database"  # which the tests' own server need not
PAGE = (ROOT / "docs" / "migrating.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def run(command: str) -> str:
    program, script, name, *arguments = shlex.split(command.replace("\\\n", ""))
    assert (program, script) == (".venv/bin/python", "manage.py")
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def no_jobs_left():
    """Django empties the tables of its own models alone after such a test."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")


@pytest.mark.django_db(transaction=True)
def test_its_commands_move_in_and_the_client_goes_on(live_server, tmp_path, monkeypatch, no_jobs_left):
    for kind in ("codes", "customers", "publications"):
        shutil.copy(SAMPLES / f"voucherify-{kind}.csv", tmp_path / f"{kind}.csv")
    CampaignFactory(name="Autumn coffee")
    monkeypatch.chdir(tmp_path)
    move_in, verify = blocks("sh")
    key, token = create_api_key("moved", by=STAFF)
    places = {"http://localhost:8000": live_server.url, "the-id-of-your-key": str(key.app_id), "its-token": token}
    (snippet,) = blocks("python")
    for words, ours in places.items():
        assert words in snippet
        snippet = snippet.replace(words, ours)
    names: dict = {}

    moved = run(move_in)
    exec(snippet, names)
    with voucherify.ApiClient(names["configuration"]) as client:
        voucher = voucherify.VouchersApi(client).get_voucher("AUTUMN-9XWD")
        customer = voucherify.CustomersApi(client).get_customer("cust_7iUa6ICKyU6gH40dBU25kQU1")

    assert "publications.csv: 2 rows read, 2 imported" in moved
    assert verify.split() == [".venv/bin/python", "manage.py", "verify"]
    assert [finding.name for finding in check() if finding.violations] in ([], [NOT_DURABLE])
    assert voucher.publish.count == 1
    assert customer.name == "Ben Ode"


def test_what_it_points_to_exists():
    assert "## Where it differs from Voucherify" in (ROOT / "docs" / "api.md").read_text()
    assert "docs/migrating.md" in (ROOT / "README.md").read_text()


def test_it_is_short():
    assert len(PAGE.splitlines()) <= 80
