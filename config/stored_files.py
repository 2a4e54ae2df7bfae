"""Where uploads and exports are kept."""

from __future__ import annotations

from django.core.files.storage import Storage, storages


def files() -> Storage:
    """Where uploads and exports are kept: the storage alias `files`."""
    return storages["files"]
