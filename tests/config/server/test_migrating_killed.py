"""A first start or an upgrade that is killed: the next start goes on where it was. `make torture` does it far more often."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from tests.support.running_handout import ROOT, RunningHandout, manage
from tests.torture.starts import comes_up_whole, data_folder, kill, migrate_until_done


def test_a_migration_is_recorded_by_the_commit_that_applies_it(empty_database, tmp_path):
    deaths, commits = migrate_until_done(empty_database, tmp_path, every=30)

    assert deaths >= 3
    assert len(commits) > 80
    assert [name for name, count in commits if count != "1"] == []
    assert manage(tmp_path, "migrate", "--check", DATABASE_URL=empty_database).returncode == 0


def test_two_that_migrate_at_once_take_turns(empty_database, tmp_path):
    environment = os.environ | {"DATABASE_URL": empty_database, "HANDOUT_DATA": str(tmp_path)}
    command = [sys.executable, "manage.py", "migrate", "-v", "0"]
    both = [subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) for _ in range(2)]

    assert [each.communicate()[1] for each in both] == [b"", b""]
    assert [each.returncode for each in both] == [0, 0]


@pytest.mark.long
def test_a_first_start_killed_again_and_again_comes_up_whole():
    with data_folder() as folder:
        said = ""
        for line, whom in [
            ("Creating the database", "everything"),  # in the midst of initdb
            ("Bringing the database up to date", "supervisor"),
            ("Bringing the database up to date", "server"),
            ("Created the user admin", "everything"),
        ]:
            handout = RunningHandout(folder, first_start=True, DEMO="1")
            while line not in handout.said() and handout.process.poll() is None:
                time.sleep(0.02)
            time.sleep(0.2)
            kill(handout, whom)
            said += handout.said()

        comes_up_whole(folder, said)
