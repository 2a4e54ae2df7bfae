"""The list of erased customers beside the database: whoever restores a backup erases them again from it.

It holds ids and moments, no personal data, and is never shortened: a line is 50 bytes, and a backup may be old.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings


class JournalNotWritten(Exception):
    """The erasure cannot be noted, so it was not done; the message says what to mend."""


def note_erasure(public_id: str) -> None:
    """Adds a line, on the disk when it returns. Before the commit: one line too many only erases whom it says.

    Raises JournalNotWritten.
    """
    line = f"{datetime.now(UTC).isoformat(timespec='seconds')},{public_id}\n"
    try:
        # In one piece at the end of the file, also where several processes write.
        file = os.open(settings.ERASURES_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
            os.fsync(file)
        finally:
            os.close(file)
    except OSError as problem:
        raise JournalNotWritten(
            f"The list of erasures {settings.ERASURES_FILE} cannot be written ({problem.strerror}), and without it a restored "
            "backup would bring this person back. Nothing was erased: fix that on the server, then erase again."
        ) from None


def read_erasures(journal: Path) -> Iterator[str]:
    """The public ids in it; nothing where there is no such file. A line cut off by a crash names nobody."""
    if not journal.exists():
        return
    with journal.open(newline="") as file:
        for row in csv.reader(file):
            if len(row) == 2:
                yield row[1]
