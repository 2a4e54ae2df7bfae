"""Collects, hashes and compresses the static files for whitenoise, which takes seconds, only when they have changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command


def collect_static(*, say: Callable[[str], None]) -> None:
    """Fills STATIC_ROOT, unless it was filled from the same files by the same storage."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    wanted = _fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("Collecting the static files")
    stamp.unlink(missing_ok=True)  # cut off halfway, the folder would else pass for that of an earlier version
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    os.sync()  # the stamp must not outlive, in a power cut, the files that it speaks for
    stamp.write_text(wanted)


def _fingerprint() -> str:
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list(ignore_patterns=None):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
