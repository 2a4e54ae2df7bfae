"""What the probes answer. `readyz` is read by load balancers, so each of its checks has its test."""

import pytest
from django.db import connection

READY = {
    "status": "ready",
    "checks": {"database": "ok", "migrations": "ok", "worker": "ok", "backlog": "ok", "disk": "ok"},
}


@pytest.fixture(autouse=True)
def whatever_the_disk_of_this_machine_holds(settings):
    settings.LEAST_FREE_MB = 0


def test_healthz_answers_without_a_database(client):
    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_probes_may_ask_by_any_host_name_and_without_tls(client, settings):
    settings.SECURE_SSL_REDIRECT = True

    response = client.get("/healthz", headers={"host": "10.1.2.3:8000"})

    assert response.status_code == 200


@pytest.mark.django_db
def test_readyz_when_a_worker_was_seen(client):
    _worker_seen("10 seconds")

    response = client.get("/readyz")

    assert (response.status_code, response.json()) == (200, READY)
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_readyz_without_a_worker_for_a_minute(client, caplog):
    _worker_seen("61 seconds")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == READY["checks"] | {"worker": "no worker seen within a minute"}
    assert caplog.text == ""


@pytest.mark.django_db
def test_readyz_when_a_queue_has_no_worker(client):
    _worker_seen("10 seconds")
    _job("default", due="61 seconds")
    _job("webhooks", due="50 seconds")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == READY["checks"] | {"worker": "no worker for queue: default"}


@pytest.mark.django_db
def test_readyz_when_a_worker_has_all_hands_full(client):
    _job("default", due="10 minutes")
    _job("default", due="10 minutes", worker=_worker_seen("10 seconds"))

    assert client.get("/readyz").json() == READY


@pytest.mark.django_db
def test_readyz_when_a_job_waits_for_its_time(client):
    _worker_seen("10 seconds")
    _job("default", due="10 minutes", scheduled="1 hour")

    assert client.get("/readyz").json() == READY


@pytest.mark.django_db
def test_readyz_before_the_migrations(client):
    _worker_seen("10 seconds")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'campaigns' AND name = '0001_initial'")

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["checks"] == READY["checks"] | {"migrations": "not applied: campaigns.0001_initial"}


def _worker_seen(ago: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s::interval) RETURNING id", [ago]
        )
        return cursor.fetchone()[0]


def _job(queue: str, *, due: str, worker: int | None = None, scheduled: str | None = None) -> None:
    """Put into its queue so long ago; in the hands of `worker`, or waiting; `scheduled` for so much later than now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO procrastinate_jobs (queue_name, task_name, status, worker_id, scheduled_at)
               VALUES (%s, 'some_task', %s::procrastinate_job_status, %s, now() + %s::interval) RETURNING id""",
            [queue, "doing" if worker else "todo", worker, scheduled],
        )
        (job,) = cursor.fetchone()
        cursor.execute("UPDATE procrastinate_events SET at = now() - %s::interval WHERE job_id = %s", [due, job])
