"""Which user of the operating system runs the embedded PostgreSQL: ours, or, since it refuses root, one made for it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from config.processes.die_with_parent import die_with_parent

SYSTEM_USER = "handout"


class NoAccount(Exception):
    """PostgreSQL cannot run as anyone here; the message is one line for the person at the terminal."""


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    @classmethod
    def of(cls, cluster: Path) -> Account:
        """The owner of the database's files, or who will be. Raises NoAccount."""
        if cluster.exists():
            uid = cluster.stat().st_uid
            if os.geteuid() not in (0, uid):
                raise NoAccount(
                    f"{cluster} belongs to another user ({_name(uid)}); run Handout as that user or as root."
                )
        else:
            uid = os.geteuid()
        if uid == 0:
            uid = _system_user()
        return cls(_name(uid), uid, pwd.getpwuid(uid).pw_gid)

    def own(self, path: Path) -> None:
        if not self.is_ours:
            os.chown(path, self.uid, self.gid)

    def command(self, binary: Path, *arguments: str, reaching: Path) -> list[str]:
        """The command line that runs `binary` as this user, able to reach its file and `reaching`."""
        run = [str(binary), *arguments]
        if self.is_ours:
            return run
        setpriv = shutil.which("setpriv")
        if not setpriv:
            raise NoAccount("PostgreSQL refuses to run as root, and `setpriv` is missing: run Handout as another user.")
        # The kernel forgets a death signal when the user changes, so setpriv sets it, not before_exec.
        drop = [setpriv, f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", "--pdeathsig=INT"]
        if not (_open_to_all(binary) and _open_to_all(reaching.parent)):
            # Below /root, say. One capability lets it through; opening root's folders to everybody would be worse.
            # Without the secure bit access(2), by which PostgreSQL looks for its own files, would not count it.
            drop += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override", "--securebits=+no_setuid_fixup"]
        return [*drop, "--", *run]

    def before_exec(self) -> Callable[[], None]:
        return partial(die_with_parent, signal.SIGINT)  # to PostgreSQL SIGINT means: a fast, clean shutdown


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise NoAccount(
            f"The user id {uid} has no name in /etc/passwd, which PostgreSQL needs; name it or set DATABASE_URL."
        ) from None


def _system_user() -> int:
    """Made once, as the packages of PostgreSQL do: no password, no shell, no home."""
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_uid
    except KeyError:
        pass
    try:
        subprocess.run(  # noqa: S603
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER],  # noqa: S607
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        raise NoAccount(
            "PostgreSQL refuses to run as root, and no user could be created for it: run Handout as another user."
        ) from None
    return pwd.getpwnam(SYSTEM_USER).pw_uid


def _open_to_all(path: Path) -> bool:
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))
