"""What hinders giving codes is told to load balancers, to callers and to staff: a database that takes no writes, a full disk."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager

import pytest
from django.db import connection

from config.staff.models import ProjectSettings
from config.staff.pages.forms import SettingsForm
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory


@contextmanager
def read_only():
    """As on a standby that the load balancer of the database has sent us to, or where an administrator stops all writing."""
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET default_transaction_read_only")


@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_is_not_ready(client):
    with read_only():
        response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "read-only: transactions are read-only by default"


@pytest.mark.django_db(transaction=True)
def test_a_call_that_must_write_is_to_be_repeated_later():
    campaign, api = CampaignFactory(codes=1), Api()
    body = {"campaign": campaign.name, "customer": {"source_id": "ada"}, "source_id": "order-1"}
    with read_only():
        answer = api.post("publications", body)
    repeated = api.post("publications", body)

    assert answer.error[:2] == (503, "service_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert repeated.status == 200


@pytest.mark.django_db(transaction=True)
def test_a_page_that_must_write_says_so_and_is_worth_another_try(signed_in):
    manager = signed_in("Manager")
    manager.raise_request_exception = False
    changed = _settings() | {"time_zone": "Asia/Tokyo"}
    with read_only():
        response = manager.post("/settings/project", changed)

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert "The database is not responding" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_staff_read_that_it_takes_no_writes(signed_in):
    viewer = signed_in("Viewer")
    with read_only():
        page = viewer.get("/settings/status").content.decode()

    assert "The database is read-only, so codes cannot be published" in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("least", "status", "says", "staff_read"),
    [
        (0, 200, "ok", None),
        (2_000_000_000, 503, "full: ", "imports and exports will fail when it is full"),
    ],
)
def test_room_on_the_disk(client, signed_in, settings, least, status, says, staff_read):
    settings.LEAST_FREE_MB = least

    found = client.get("/readyz").json()["checks"]["disk"]
    page = signed_in("Viewer").get("/settings/status").content.decode()

    assert found.startswith(says)
    assert staff_read is None or staff_read in page


@pytest.mark.django_db
def test_room_that_gets_scarce_is_told_to_staff_alone(client, signed_in, settings):
    free = shutil.disk_usage(settings.HANDOUT_DATA).free // 1024**2
    settings.LEAST_FREE_MB = free // 5

    assert client.get("/readyz").json()["checks"]["disk"].startswith("scarce: ")
    assert "Free up space soon." in signed_in("Viewer").get("/settings/status").content.decode()


@pytest.mark.django_db
def test_a_real_disk_that_is_full(client, settings, tmp_path):
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "full", tmp_path], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        settings.LEAST_FREE_MB = 1
        settings.HANDOUT_DATA = tmp_path
        (tmp_path / "file").write_bytes(b"x" * 900_000)

        assert client.get("/readyz").json()["checks"]["disk"] == f"full: 0 MB free in {tmp_path}"
    finally:
        subprocess.run(["umount", tmp_path], check=True)


@pytest.mark.django_db
def test_a_queue_that_is_far_behind_is_told_to_staff(client, signed_in):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (queue_name, task_name) VALUES ('default', 'some_task') RETURNING id"
        )
        cursor.execute(
            "UPDATE procrastinate_events SET at = now() - interval '20 minutes' WHERE job_id = %s", cursor.fetchone()
        )

    assert client.get("/readyz").json()["checks"]["backlog"] == "behind: default (20 minutes)"
    assert (
        "Jobs are waiting longer than usual: default (20 minutes)."
        in signed_in("Viewer").get("/settings/status").content.decode()
    )


def _settings() -> dict:
    form = SettingsForm(instance=ProjectSettings.current())
    return {name: form[name].value() or "" for name in form.fields}
