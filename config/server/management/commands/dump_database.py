from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, transaction
from django.utils import timezone

from config.actor import SYSTEM
from config.alerts.actions.keep_alerts import Found, keep_alerts
from config.alerts.models import Kind
from config.server.postgres_tools import ToolFailed, run_tool
from config.server.write_through import write_through
from config.staff.audit import record


class Command(BaseCommand):
    help = "Writes the whole database to one file, even while Handout is running. restore_database reads it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        """A failure is an alert as well: who reads the output of a nightly job?"""
        # Written beside and moved, so that a dump that fails never stands in the place of the last good one.
        unfinished = file.with_name(file.name + ".unfinished")
        try:
            unfinished.unlink(missing_ok=True)
            unfinished.touch(mode=0o600)  # it holds every code and every customer
            run_tool("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}")
        except (ToolFailed, OSError) as problem:
            unfinished.unlink(missing_ok=True)
            _alert(file, problem)
            raise CommandError(str(problem)) from None
        write_through(unfinished)
        unfinished.rename(file)
        write_through(file.resolve().parent)
        with suppress(Error), transaction.atomic():  # the backup is good also where the tables are of another version
            record("backup.made", by=SYSTEM, object_label=file.name)
        self.stdout.write(
            f"Wrote {file} ({file.stat().st_size / 1_000_000:.1f} MB). Uploads and exports are files beside it."
        )


def _alert(file: Path, problem: Exception) -> None:
    moment = timezone.now()
    text = f"{problem} Until it is repaired, the last good backup is the one before."
    with suppress(Error), transaction.atomic():  # the database itself may be what is away
        keep_alerts(Kind.BACKUP_FAILED, [Found(f"{moment:%Y-%m-%d %H:%M:%S}", f"The backup {file.name} failed", text)])
