"""`python -m tests.config.server.migrate_and_die N`: migrates, and is killed by SIGKILL right after its N-th commit (0: never).

Prints each migration with the number of commits that it took, as far as it came.
"""

from __future__ import annotations

import os
import signal
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.core.management import call_command  # noqa: E402 - only once Django is set up
from django.db import connection  # noqa: E402

from config.server.management.commands import migrate  # noqa: E402


class Dying(migrate.Command):
    def __init__(self, *, after_commits: int) -> None:
        super().__init__()
        self.after_commits = after_commits
        self.commits = self.commits_before = 0
        commit = connection._commit

        def commit_and_die():
            commit()
            self.commits += 1
            if self.commits == self.after_commits:
                os.kill(os.getpid(), signal.SIGKILL)

        connection._commit = commit_and_die

    def migration_progress_callback(self, action, migration=None, fake=False):
        if action == "apply_start":
            self.commits_before = self.commits
        elif action == "apply_success":
            print(migration, self.commits - self.commits_before, flush=True)


call_command(Dying(after_commits=int(sys.argv[1])), interactive=False, verbosity=0)
