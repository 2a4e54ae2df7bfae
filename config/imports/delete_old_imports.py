"""Deletes uploaded files and what was said about them once their days are over (project settings)."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from config.imports.models import CsvImport
from config.staff.models import ProjectSettings

Status = CsvImport.Status


def delete_old_imports(model: type[CsvImport]) -> int:
    """Of imports that ended: the upload, the error file and the refused rows; their counts stay. Of drafts: all.

    Returns how many imports were cleared. May be run again at any time: a file that is gone already is no error.
    """
    before = timezone.now() - timedelta(days=ProjectSettings.current().keep_files_days)
    ended = Q(status__in=[Status.DONE, Status.FAILED, Status.STOPPED], finished_at__lt=before) & ~Q(file="")
    drafts = Q(status=Status.DRAFT, created_at__lt=before)
    cleared = 0
    for old in model._default_manager.filter(ended | drafts).iterator():
        old.delete_files()
        if old.status == Status.DRAFT:
            model._default_manager.filter(pk=old.pk, status=Status.DRAFT).delete()
        else:
            old.refused.all().delete()
            model._default_manager.filter(pk=old.pk).update(file="", workbook=None, error_file=None)
        cleared += 1
    return cleared
