"""The suite's own PostgreSQL, loaded as a plugin (`-p tests.support.own_postgres`) before pytest-django reads the settings.

It lives in a throw-away data folder, so that the suite runs beside `make run` and touches none of its data. With
TEST_DATABASE_URL the suite uses that server instead. The workers of xdist share the server, each with a database of its
own; their files lie apart, since two databases count alike and so name their files alike.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from config.server.data_folder import DataFolderInUse, hold
from config.server.embedded_postgres import Server, socket_folder
from tests.support.processes.prepared_folder import copy_prepared

PREFIX = "handout-test-"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests():
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["HANDOUT_DATA"] = str(_folder_of_worker(worker, Path(os.environ["HANDOUT_DATA"])))
        return
    _remove_what_killed_runs_left()
    data_folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = hold(data_folder)
    (data_folder / "staticfiles").mkdir()  # whitenoise warns when it is missing
    os.environ["HANDOUT_DATA"] = str(data_folder)
    os.environ.pop("DATABASE_URL", None)
    server = None
    if "TEST_DATABASE_URL" in os.environ:
        os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    else:
        # Not durable: the tests that kill a server start one of their own that is.
        copy_prepared(data_folder, "postgres")
        server = Server(data_folder, durable=False, say=lambda line: None)
        server.start()
    atexit.register(_stop, server, lock, data_folder, os.getpid())


def _folder_of_worker(worker: str, shared: Path) -> Path:
    """A data folder whose PostgreSQL is that of `shared`, and nothing else."""
    own = shared / worker
    (own / "staticfiles").mkdir(parents=True, exist_ok=True)
    for name, target in ((own / "postgres", shared / "postgres"), (socket_folder(own), socket_folder(shared))):
        if target.exists() and not name.is_symlink():
            name.symlink_to(target)
    return own


def _remove(data_folder: Path) -> None:
    for own in data_folder.glob("gw*"):
        socket_folder(own).unlink(missing_ok=True)
    shutil.rmtree(data_folder, ignore_errors=True)


def _stop(server, lock, data_folder: Path, owner: int) -> None:
    if os.getpid() != owner:  # a test's forked child, on its way out
        return
    if server:
        server.stop()
    lock.close()
    _remove(data_folder)


def _remove_what_killed_runs_left() -> None:
    """A server dies with its pytest, also by `kill -9`; its folder stays until the next run."""
    for left in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        try:
            lock = hold(left)
        except (DataFolderInUse, OSError):
            continue
        _remove(left)
        lock.close()
