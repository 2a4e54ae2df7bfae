"""Deletes files whose retention has ended (project settings). What was handed out in them stays recorded."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from config.imports.csv.files import UNFINISHED
from config.staff.models import ProjectSettings
from publications.exports.models import Export

A_DAY = 24 * 60 * 60  # no file takes so long to write: what is older was left by a process that was killed


def delete_old_files() -> int:
    """Returns how many exports lost their file. The file goes before its row is told, so that a crash forgets none."""
    until = timezone.now() - timedelta(days=ProjectSettings.current().keep_files_days)
    old = Export.objects.filter(finished_at__lt=until, file_deleted_at=None).exclude(file="").exclude(file=None)
    deleted = 0
    for export in old.iterator(chunk_size=500):
        export.file.storage.delete(str(export.file))
        # The filters go too: somebody may have searched for a person by name or e-mail.
        parameters = export.parameters and {**export.parameters, "filters": {}}
        deleted += Export.objects.filter(pk=export.pk).update(
            file="", filters="", parameters=parameters, file_deleted_at=Now()
        )
    _delete_unfinished()
    return deleted


def _delete_unfinished() -> None:
    folder = settings.HANDOUT_DATA / UNFINISHED
    for path in folder.glob("*") if folder.exists() else ():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - A_DAY:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
