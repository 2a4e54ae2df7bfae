"""One owner at a time: whoever runs the server of a data folder holds a lock on it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO


class DataFolderInUse(Exception):
    """Another process runs on this data folder; the message is one line for the person at the terminal."""


def hold(data_folder: Path) -> IO[str]:
    """Takes the folder's lock and returns the open file that holds it: closing it, or any death, lets go.

    A lock of the kernel rather than a file with a process id: a `kill -9` or a power cut leaves nothing to clean up.
    Raises DataFolderInUse.
    """
    data_folder.mkdir(parents=True, exist_ok=True)
    file = (data_folder / "run.lock").open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise DataFolderInUse(
            f"The data folder {data_folder} is in use by another Handout (process {owner}). "
            "Stop it, or choose another folder:  HANDOUT_DATA=/another/folder."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
