"""`manage.py run` as real processes: it stops whole, and starts again after anything, with all its data."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from config.server.embedded_postgres import socket_folder
from tests.support.running_handout import RunningHandout, kill_all, manage, processes_of, wait_until_gone


@pytest.fixture(scope="module")
def first_start(tmp_path_factory):
    """A data folder that was started once and stopped, and what that start said."""
    folder = tmp_path_factory.mktemp("run") / "data"
    with RunningHandout(folder) as handout:
        said = handout.said()
    yield folder, said
    shutil.rmtree(folder)


@pytest.fixture
def data_folder(first_start, tmp_path):
    """A copy of it. `cp -a` keeps the owner of the database's files, which is another user where we are root."""
    yield from _copied(first_start[0], tmp_path / "data")


@pytest.fixture(scope="module")
def running(first_start, tmp_path_factory):
    """Started for the second time, with a table of its own; for the tests that leave it running."""
    for folder in _copied(first_start[0], tmp_path_factory.mktemp("again") / "data"):
        with RunningHandout(folder) as handout:
            handout.sql("CREATE TABLE kept AS SELECT 42 AS answer")
            yield handout


def _copied(first: Path, folder: Path) -> Iterator[Path]:
    subprocess.run(["cp", "-a", first, folder], check=True)
    yield folder
    kill_all(folder)
    shutil.rmtree(folder)
    shutil.rmtree(socket_folder(folder), ignore_errors=True)  # a killed server leaves it


def test_the_drawn_password_is_shown_at_the_first_start_only(first_start, running):
    assert first_start[1].count("Created the user admin with the password ") == 1
    assert "Created the user" not in running.said()


def test_stops_whole_and_soon_and_finds_its_data_again(data_folder):
    with RunningHandout(data_folder) as handout:
        assert handout.get("/healthz") == (200, '{"status": "ok"}')
        handout.sql("CREATE TABLE kept AS SELECT 42 AS answer")
        niceness = set()
        for pid, command in processes_of(data_folder).items():
            with suppress(ProcessLookupError):  # the database's short-lived helpers
                niceness.add(("--queues default" in command, os.getpriority(os.PRIO_PROCESS, pid)))
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        assert niceness == {(False, ours), (True, min(19, ours + 10))}  # files give way to pages and calls

        seconds = handout.stop(signal.SIGTERM)

    assert handout.process.returncode == 0
    assert seconds < 40  # half a second, on a machine that is not busy
    assert processes_of(data_folder) == {}
    with RunningHandout(data_folder) as again:
        assert again.sql("SELECT answer FROM kept") == [(42,)]
        again.stop(signal.SIGINT)
    assert processes_of(data_folder) == {}


def test_starts_again_after_kill_9_of_everything_in_the_middle_of_work(data_folder):
    with RunningHandout(data_folder) as handout:
        handout.sql("CREATE TABLE kept AS SELECT 42 AS answer")
        unfinished = handout.connect()
        unfinished.execute("INSERT INTO kept VALUES (43)")

        kill_all(data_folder)
        handout.process.wait()

    with RunningHandout(data_folder) as again:
        assert again.sql("SELECT answer FROM kept") == [(42,)]


def test_nothing_outlives_a_supervisor_that_is_killed(data_folder):
    with RunningHandout(data_folder) as handout:
        handout.process.kill()
        handout.process.wait()

        assert wait_until_gone(data_folder) == {}


def test_a_killed_database_web_server_and_worker_are_started_again(running):
    kill_all(running.data_folder, but=running.process.pid)

    running.wait_until_healthy()
    assert running.sql("SELECT answer FROM kept") == [(42,)]


def test_a_command_beside_a_run_uses_its_database(running):
    beside = manage(running.data_folder, "shell", "-v", "0", "-c", SHOW_KEPT)

    assert (beside.returncode, beside.stdout, beside.stderr) == (0, "42\n", "")


def test_a_command_alone_has_the_database_for_as_long_as_it_takes(data_folder):
    alone = manage(data_folder, "migrate", "--check")

    assert (alone.returncode, alone.stderr) == (0, "")
    assert processes_of(data_folder) == {}


SHOW_KEPT = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("SELECT answer FROM kept")
    print(cursor.fetchone()[0])
"""
