"""A worker that is killed leaves its jobs marked as running. The next minute's housekeeping puts them back."""

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from procrastinate.contrib.django import app

from config.server.take_up_stalled_jobs import take_up_stalled_jobs


@pytest.fixture
def queue(transactional_db):
    yield
    with connection.cursor() as cursor:  # the tables of Procrastinate are not flushed after a test
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_workers CASCADE")


def test_a_job_of_a_dead_worker_is_put_back(queue):
    job = _running_job(last_heartbeat="31 seconds")

    assert async_to_sync(take_up_stalled_jobs)(app) == 1

    assert _state(job) == ("todo", 1)


def test_a_job_of_a_living_worker_is_left_alone(queue):
    job = _running_job(last_heartbeat="29 seconds")

    assert async_to_sync(take_up_stalled_jobs)(app) == 0

    assert _state(job) == ("doing", 0)


def test_a_job_whose_like_waits_already_is_ended(queue):
    job = _running_job(last_heartbeat="31 seconds", queueing_lock="tidy")
    waiting = _job("todo", queueing_lock="tidy")

    assert async_to_sync(take_up_stalled_jobs)(app) == 0

    assert _state(job)[0] == "aborted"
    assert _state(waiting) == ("todo", 0)


def _running_job(*, last_heartbeat: str, queueing_lock: str | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - %s::interval) RETURNING id",
            [last_heartbeat],
        )
        (worker,) = cursor.fetchone()
    return _job("doing", worker=worker, queueing_lock=queueing_lock)


def _job(status: str, *, worker: int | None = None, queueing_lock: str | None = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_jobs (task_name, queue_name, status, worker_id, queueing_lock)"
            " VALUES ('any', 'default', %s, %s, %s) RETURNING id",
            [status, worker, queueing_lock],
        )
        return cursor.fetchone()[0]


def _state(job: int) -> tuple[str, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT status, attempts FROM procrastinate_jobs WHERE id = %s", [job])
        return cursor.fetchone()
