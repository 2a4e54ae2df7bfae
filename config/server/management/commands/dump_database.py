from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.server.postgres_tools import ToolFailed, run_tool
from config.server.write_through import write_through


class Command(BaseCommand):
    help = "Writes the whole database to one file, even while Handout is running. restore_database reads it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options: Any) -> None:
        # Written beside and moved, so that a dump that fails never stands in the place of the last good one.
        unfinished = file.with_name(file.name + ".unfinished")
        try:
            unfinished.unlink(missing_ok=True)
            unfinished.touch(mode=0o600)  # it holds every code and every customer
            run_tool("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={unfinished}")
        except (ToolFailed, OSError) as problem:
            unfinished.unlink(missing_ok=True)
            raise CommandError(str(problem)) from None
        write_through(unfinished)
        unfinished.rename(file)
        write_through(file.resolve().parent)
        self.stdout.write(
            f"Wrote {file} ({file.stat().st_size / 1_000_000:.1f} MB). Uploads and exports are files beside it."
        )
