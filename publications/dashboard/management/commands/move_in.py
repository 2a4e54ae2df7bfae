"""manage.py move_in: imports another system's CSV exports, one after the other, without the pages (docs/migrating.md)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError, CommandParser

from campaigns.codes.actions.extend_pool import OneCodeOnly
from campaigns.codes.actions.import_codes import import_codes
from campaigns.codes.actions.order_code_import import order_code_import
from campaigns.codes.queries.find import CampaignNotFound, find_campaign
from campaigns.models import Campaign
from config.actor import Actor
from config.imports.csv.uploads import NotCsv
from config.imports.models import CsvImport
from customers.actions.import_customers import import_customers
from customers.actions.order_customer_import import order_customer_import
from publications.actions.order_publication_import import order_publication_import
from publications.actions.run_publication_import import import_publications
from publications.columns import warning_of

BY = Actor("system", None, "Command line")


class Command(BaseCommand):
    help = (
        "Imports CSV exports of codes, customers and publications, in this order. Valid rows are imported; the others "
        "are written to an error file, and the command exits non-zero."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--campaign", metavar="NAME", help="an existing campaign to add the codes to")
        where.add_argument("--standalone", action="store_true", help="the codes belong to no campaign")
        parser.add_argument("--codes", metavar="FILE", type=Path)
        parser.add_argument("--customers", metavar="FILE", type=Path)
        parser.add_argument("--publications", metavar="FILE", type=Path, help="or a file of codes and their holders")

    def handle(
        self,
        *,
        campaign: str | None,
        standalone: bool,
        codes: Path | None,
        customers: Path | None,
        publications: Path | None,
        **options: Any,
    ) -> None:
        files = [path for path in (codes, customers, publications) if path]
        if not files:
            raise CommandError("Name at least one file: --codes, --customers or --publications.")
        if missing := [str(path) for path in files if not path.is_file()]:
            raise CommandError(f"There is no file {', '.join(missing)}. Nothing was imported.")
        refused = 0
        if codes:
            order = partial(order_code_import, campaign=_campaign(campaign, standalone))
            refused += self._import(codes, order, import_codes)
        if customers:
            refused += self._import(customers, order_customer_import, import_customers)
        if publications:
            refused += self._import(publications, order_publication_import, import_publications)
        self.stdout.write("Now run manage.py verify, which checks every invariant over the whole database.")
        if refused:
            rows = "1 row was" if refused == 1 else f"{refused:,} rows were"
            raise CommandError(f"{rows} rejected. Fix the rows in the error files, then import those files.")

    def _import(self, path: Path, order: Callable[..., CsvImport], run: Callable[[int], None]) -> int:
        """Imports one file; returns how many of its rows were refused."""
        try:
            with path.open("rb") as content:
                ordered = order(File(content, name=path.name), by=BY)
        except (NotCsv, OneCodeOnly) as impossible:
            raise CommandError(f"{path}: {impossible}") from None
        if run is import_publications and (warning := warning_of(ordered.mapping)):
            self.stderr.write(self.style.WARNING(f"{path}: {warning}"))
        _run_to_its_end(ordered, run)
        self._report(path, ordered)
        return ordered.rows_refused

    def _report(self, path: Path, done: CsvImport) -> None:
        rows = "row" if done.rows_read == 1 else "rows"
        told = f"{path}: {done.rows_read:,} {rows} read, {done.rows_imported:,} imported"
        passed_over = done.rows_read - done.rows_imported - done.rows_updated - done.rows_refused
        others = [(done.rows_updated, "updated"), (passed_over, "skipped"), (done.rows_refused, "refused")]
        self.stdout.write(told + "".join(f", {count:,} {what}" for count, what in others if count))
        if done.error_file:
            self.stdout.write(f"  the rejected rows with their reasons:  {done.error_file.path}")
        if done.status == CsvImport.Status.FAILED:
            raise CommandError(f"{path}: {done.error}")


def _campaign(name: str | None, standalone: bool) -> Campaign | None:
    if standalone:
        return None
    if not name:
        raise CommandError("Choose where the codes go: --campaign NAME, or --standalone if they belong to no campaign.")
    try:
        return find_campaign(name)
    except CampaignNotFound:
        raise CommandError(f"There is no campaign “{name}”. Create it in the dashboard first.") from None


def _run_to_its_end(ordered: CsvImport, run: Callable[[int], None]) -> None:
    """The job stands in the queue as well: where this process is killed, the worker goes on; where a worker is faster,
    this one waits for it."""
    run(ordered.pk)
    ordered.refresh_from_db()
    while ordered.is_running:
        time.sleep(1)
        ordered.refresh_from_db()
