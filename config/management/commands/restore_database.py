from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from config.runtime.postgres_tools import ToolFailed, run_tool


class Command(BaseCommand):
    help = "Fills an empty database from a file of dump_database, all of it or nothing."

    def add_arguments(self, parser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *, file: Path, **options) -> None:
        if not file.is_file():
            raise CommandError(f"There is no file {file}.")
        if connection.introspection.table_names():
            raise CommandError(
                "This database is not empty. Restore into a new one: another HANDOUT_DATA or DATABASE_URL."
            )
        try:
            run_tool(
                "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", str(file)
            )
        except ToolFailed as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"Restored {file}.")
