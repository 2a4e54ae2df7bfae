"""Power cuts while an installation comes into being, or is upgraded: killed at random moments, and at each commit.

    make torture            # or: .venv/bin/python -m tests.torture.starts --starts 30

Each first start (initdb, migrations, demo data, the administrator, static files) is killed at a random moment: all of it,
or only the process that prepares it, or only its server. The next start must come up whole. Then a database is migrated by
processes of which each dies with its first commit, so that there is a death at each boundary between two migrations.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import check_password

from config.server.embedded_postgres import Server, database_settings, socket_folder
from tests.support.running_handout import ROOT, RunningHandout, kill_all, manage, processes_of, wait_until_gone

WHOM = ("everything", "supervisor", "server")


ROLES_ARE_WHOLE = """
from django.contrib.auth.models import Group
from config.staff.roles import ROLES
found = {role.name: {ability.codename for ability in role.permissions.all()} for role in Group.objects.all()}
assert found == ROLES, found
"""


class Wrong(AssertionError):
    """The start after a kill did not come up whole."""


@contextmanager
def data_folder():
    folder = Path(tempfile.mkdtemp(prefix="handout-torture-"))
    try:
        yield folder / "data"
    finally:
        kill_all(folder / "data")
        wait_until_gone(folder / "data")
        shutil.rmtree(socket_folder(folder / "data"), ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def kill(handout: RunningHandout, whom: str) -> None:
    """As a power cut, as the kernel short of memory, or as somebody who kills what looks idle."""
    if whom == "everything":
        handout.process.kill()
        kill_all(handout.data_folder)
    elif whom == "supervisor":
        handout.process.kill()
    else:
        for pid, command in processes_of(handout.data_folder).items():
            if "postgres" in command:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    if whom == "server":
        # What prepares the database ends with an error; what had got further starts the server anew.
        deadline = time.monotonic() + 10
        while handout.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.1)
        handout.process.kill()
    handout.process.wait()


def comes_up_whole(folder: Path, said_before: str) -> str:
    """Starts it for good. Raises Wrong. Returns how far the killed start had come: the last line that it said."""
    with RunningHandout(folder, first_start=True, DEMO="1") as handout:
        said = handout.said()
        problems = []
        if handout.get("/login/")[0] != 200:
            problems.append("no page to sign in")
        counted = handout.sql(
            "SELECT (SELECT count(*) FROM campaigns_campaign), (SELECT count(*) FROM auth_user WHERE is_superuser)"
        )[0]
        if counted != (8, 1):
            problems.append(f"campaigns of the demo, administrators: {counted}")
        if (roles := manage(folder, "shell", "-v", "0", "-c", ROLES_ARE_WHOLE)).returncode:
            problems.append(f"roles: {roles.stderr}")
        passwords = re.findall("Created the user admin with the password (.*)", said_before + said)
        (kept,) = handout.sql("SELECT password FROM auth_user WHERE username = 'admin'")[0]
        if not passwords or not check_password(passwords[-1], kept):
            problems.append(f"the password said last does not open: {passwords}")
        if (ended := manage(folder, "verify")).returncode:
            problems.append(f"verify: {ended.stdout}{ended.stderr}")
    if problems:
        raise Wrong("; ".join(problems))
    return (said_before.strip().splitlines() or ["nothing said yet"])[-1]


def killed_at_a_random_moment(dice: random.Random, longest: float, whom: str) -> str:
    with data_folder() as folder:
        handout = RunningHandout(folder, first_start=True, DEMO="1")
        moment = dice.random() * longest
        time.sleep(moment)
        kill(handout, whom)
        reached = comes_up_whole(folder, handout.said())
        return f"{whom} killed after {moment:.1f} s: {reached}"


def killed_at_each_commit(*, every: int) -> int:
    """How many times it died, each time with the `every`-th commit since the last death."""
    with data_folder() as folder:
        folder.mkdir()
        server = Server(folder, durable=False, say=lambda line: None)
        server.start()
        try:
            found = database_settings(folder)
            address = f"postgres://{found['USER']}@/{found['NAME']}?host={found['HOST']}&port={found['PORT']}"
            deaths, commits = migrate_until_done(address, folder, every=every)
        finally:
            server.stop()
    if wrong := [name for name, count in commits if count != "1"]:
        raise Wrong(f"not recorded by the commit that applied it: {wrong}")
    return deaths


def migrate_until_done(address: str, folder: Path, *, every: int) -> tuple[int, list[list[str]]]:
    """Deaths, and each migration that was seen to its end with the number of its commits. Raises Wrong."""
    environment = os.environ | {"DATABASE_URL": address, "HANDOUT_DATA": str(folder)}
    commits: list[list[str]] = []
    deaths = 0
    while True:
        ended = subprocess.run(
            [sys.executable, "-m", "tests.config.server.migrate_and_die", str(every)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
        commits += [line.split() for line in ended.stdout.splitlines()]
        if ended.returncode == 0:
            return deaths, commits
        if ended.returncode != -signal.SIGKILL:
            raise Wrong(f"after {deaths} deaths: {ended.stderr[-2000:]}")
        deaths += 1


def main() -> None:
    settings.configure()  # for check_password
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--starts", type=int, default=30)
    arguments.add_argument("--every", type=int, default=1, help="a death with each n-th commit of the migrations")
    arguments.add_argument("--seed", default=secrets.token_hex(4))
    given = arguments.parse_args()
    dice = random.Random(given.seed)
    with data_folder() as folder:
        started = time.monotonic()
        with RunningHandout(folder, first_start=True, DEMO="1"):
            longest = time.monotonic() - started
    print(f"A first start takes {longest:.1f} s (seed {given.seed}).", flush=True)
    for number in range(given.starts):
        print(killed_at_a_random_moment(dice, longest, WHOM[number % len(WHOM)]), flush=True)
    print(f"{given.starts} first starts killed, each next one came up whole.", flush=True)
    print(f"Migrated in spite of {killed_at_each_commit(every=given.every)} deaths, each with a commit.")


if __name__ == "__main__":
    main()
