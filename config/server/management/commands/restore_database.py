from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.actor import SYSTEM
from config.server.postgres_tools import ToolFailed
from config.server.restore import restore
from config.staff.quarantine import current
from publications.quarantine.open_quarantine import prepare


class Command(BaseCommand):
    help = (
        "Restores a file of dump_database into an empty database, all or nothing. Codes published after the dump "
        "are then unknown, so nothing is published until a Manager has completed after_restore."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--erasures",
            type=Path,
            help="the list of erased customers (ERASURES_FILE) from the lost server; their data is erased again",
        )

    def handle(self, *, file: Path, erasures: Path | None, **options: Any) -> None:
        for given in (file, erasures):
            if given and not given.is_file():
                raise CommandError(f"There is no file {given}.")
        if connection.introspection.table_names():
            raise CommandError(
                "This database is not empty. Restore into an empty one: another HANDOUT_DATA or DATABASE_URL."
            )
        try:
            moment = restore(file)
        except ToolFailed as problem:
            raise CommandError(str(problem)) from None
        call_command("migrate", interactive=False, verbosity=0)
        if quarantine := current():
            prepare(quarantine, by=SYSTEM, erasures=erasures)
        self.stdout.write(
            f"Restored {file}, made {moment:%Y-%m-%d %H:%M:%S} UTC. Nothing is published until you have reviewed the "
            "codes published since: start Handout and open the page After a restore, or run manage.py after_restore."
        )
