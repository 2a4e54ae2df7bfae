"""Files that must survive a power cut, not only the end of the process that wrote them."""

from __future__ import annotations

import os
from pathlib import Path


def write_through(path: Path) -> None:
    """Waits until the file, or a folder's list of names, has reached the disk itself."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
