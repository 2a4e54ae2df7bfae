"""A data folder as the first start leaves it: database migrated, static files collected, nobody in it yet.

A first start takes ten seconds and more, and a test that starts Handout seldom asks about that. So it is done once, kept
beside the Python packages until migrations, static files or packages change, and copied for whoever wants one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.root import ROOT

KEPT = Path(sys.prefix) / "prepared-folders"
MADE_FROM = ("config/**/migrations/*.py", "campaigns/**/migrations/*.py", "customers/**/migrations/*.py")
MADE_FROM += ("publications/**/migrations/*.py", "static/**/*", "requirements/run.txt", "config/server/*.py")
PREPARE = """
from django.core.management import call_command
from config.server.collect_static import collect_static
call_command("migrate", verbosity=0)
collect_static(say=print)
"""


def copy_prepared(data_folder: Path, *parts: str) -> None:
    """Copies `parts` ("postgres", "staticfiles") to where the folder has none yet."""
    data_folder.mkdir(parents=True, exist_ok=True)
    for part in parts:
        if not (data_folder / part).exists():
            _copy(_prepared_folder() / part, data_folder / part)


def _prepared_folder() -> Path:
    folder = KEPT / _digest()
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the suite's processes may all come at once
        if not folder.exists():
            for outdated in KEPT.glob("*/"):
                shutil.rmtree(outdated)
            _prepare(folder)
    return folder


def _prepare(folder: Path) -> None:
    # Not made in its place: where root runs the tests, PostgreSQL's user may not reach that.
    with tempfile.TemporaryDirectory(prefix="handout-prepared-") as made:
        ran = subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", PREPARE],
            cwd=ROOT,
            env=os.environ | {"DATABASE_URL": "", "HANDOUT_DATA": f"{made}/data"},
            capture_output=True,
            text=True,
        )
        assert ran.returncode == 0, ran.stderr
        _copy(Path(made) / "data", folder.with_suffix(".unfinished"))
    folder.with_suffix(".unfinished").rename(folder)


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(path for pattern in MADE_FROM for path in ROOT.glob(pattern) if path.is_file()):
        found = path.stat()
        digest.update(f"{path.relative_to(ROOT)} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def _copy(source: Path, target: Path) -> None:
    # `cp -a` keeps the owner of the database's files, which is another user where we are root.
    subprocess.run(["cp", "-a", source, target], check=True)
