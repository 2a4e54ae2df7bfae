"""The suite's own PostgreSQL, loaded as a plugin (`-p tests.support.own_postgres`) before pytest-django reads the settings.

It lives in a throw-away data folder, so that the suite runs beside `make run` and touches none of its data. With
TEST_DATABASE_URL the suite uses that server instead. The workers of xdist inherit all of it through the environment.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from config.server.data_folder import DataFolderInUse, hold
from config.server.embedded_postgres import Server
from tests.support.processes.prepared_folder import copy_prepared

PREFIX = "handout-test-"


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests():
    if "PYTEST_XDIST_WORKER" in os.environ:
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


def _stop(server, lock, data_folder: Path, owner: int) -> None:
    if os.getpid() != owner:  # a test's forked child, on its way out
        return
    if server:
        server.stop()
    lock.close()
    shutil.rmtree(data_folder, ignore_errors=True)


def _remove_what_killed_runs_left() -> None:
    """A server dies with its pytest, also by `kill -9`; its folder stays until the next run."""
    for left in Path(tempfile.gettempdir()).glob(PREFIX + "*"):
        try:
            lock = hold(left)
        except (DataFolderInUse, OSError):
            continue
        shutil.rmtree(left, ignore_errors=True)
        lock.close()
