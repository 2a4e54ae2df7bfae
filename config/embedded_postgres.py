"""A real PostgreSQL inside the data folder, for an installation that has no DATABASE_URL (ADR 0002).

The binaries come from a wheel; the server is our own child: it runs in the foreground, listens on a Unix socket
only, dies with the process that started it, and counts as started when a query is answered.
Settings import this module, so it must import quickly and know nothing of Django.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

MAJOR = 18
NAME = USER = "handout"
PORT = "5432"  # only part of the socket's name; no TCP port is opened

STOP_SECONDS = 6  # a fast shutdown writes a checkpoint; past this the server is cut off and recovers at the next start


class DatabaseUnavailable(Exception):
    """The embedded server cannot be started or used; the message is one line for the person at the terminal."""


def database_settings(data_folder: Path) -> dict:
    """Django's HOST, PORT, NAME and USER of the server that lives in `data_folder`."""
    return {"HOST": str(socket_folder(data_folder)), "PORT": PORT, "NAME": NAME, "USER": USER}


def socket_folder(data_folder: Path) -> Path:
    """Below /tmp, since a socket's path may hold only about 100 bytes and data folders are often deeper than that."""
    digest = hashlib.sha256(os.fsencode(Path(data_folder).resolve())).hexdigest()
    return Path("/tmp") / f"handout-{digest[:16]}"  # noqa: S108 - its owner and mode are checked before use
