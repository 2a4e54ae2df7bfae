"""A million codes: generated, imported, handed out, reported on, each against PostgreSQL alone (lines 4 to 7, and X for workbooks).

    .venv/bin/python -m bench.files [--rows 1000000] [--repeats 3]

The product's side is ordered by its verbs and done by its worker; its time is that between the two moments on the
work's own row. The other side is psql, with the same rows into the same tables and indexes, or out of them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import django

from bench.installation import Installation, installation, machine, resident_memory
from bench.load_data import CODE, TAKE, add_campaign, add_customers

WORKBOOK = 200_000  # rows
WORKER = "worker --queues default"


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--only", default="", help="numbers of lines, comma-separated")
    chosen = options.parse_args()
    with installation() as handout:
        handout.join()
        django.setup()
        print(machine())
        bench = Bench(handout, chosen.rows, chosen.repeats)
        lines = {
            "5": bench.generate,
            "6": bench.import_codes,
            "4": bench.hand_out,
            "7": bench.report,
            "X": bench.workbook,
        }
        for name, measure in lines.items():
            if not chosen.only or name in chosen.only.split(","):
                measure()


class Bench:
    def __init__(self, handout: Installation, rows: int, repeats: int) -> None:
        self.handout, self.rows, self.repeats = handout, rows, repeats
        self.campaigns = 0
        add_customers(handout, 10_000)
        # So that no table is analysed while it is empty, nor its first index pages still to be made.
        add_campaign(handout, "Others", codes=rows // 10, first=100 * rows)
        handout.settle()

    def campaign(self, *, codes: int = 0):
        from campaigns.models import Campaign

        self.campaigns += 1
        key = add_campaign(self.handout, f"Bench {self.campaigns}", codes=codes, first=self.campaigns * self.rows)
        return Campaign.objects.get(pk=key)

    def generate(self) -> None:
        from campaigns.codes.actions.extend_pool import order_codes
        from config.actor import SYSTEM

        self.against(
            "5  generate codes",
            lambda: self.work(lambda campaign: order_codes(campaign, count=self.rows, by=SYSTEM), self.campaign()),
            self.copy,
            "COPY of a prepared file",
        )

    def import_codes(self) -> None:
        from django.core.files import File

        from campaigns.codes.actions.order_code_import import order_code_import
        from config.actor import SYSTEM

        def order(campaign):
            with self.prepared(campaign.pk).open("rb") as file:
                return order_code_import(File(file, name="codes.csv"), campaign=campaign, by=SYSTEM)

        self.against("6  import codes", lambda: self.work(order, self.campaign()), self.copy, "COPY of a prepared file")

    def hand_out(self) -> None:
        from config.actor import SYSTEM
        from publications.exports.actions.hand_out import order_hand_out

        def product() -> float:
            campaign = self.campaign(codes=self.rows)
            self.handout.settle()
            taken = Event()

            def order(campaign):
                export = order_hand_out(campaign, count=None, by=SYSTEM, for_whom="Print shop")
                started = time.perf_counter()
                while export.rows is None:  # once they are all taken, the file begins
                    time.sleep(0.02)
                    export.refresh_from_db()
                self.took = time.perf_counter() - started
                taken.set()
                return export

            self.work(order, campaign)
            return self.took

        def limit() -> float:
            campaign = self.campaign(codes=self.rows)
            self.handout.settle()
            batch = TAKE.format(campaign=campaign.pk, batch=10_000)
            return self.handout.psql((batch + ";\n") * (self.rows // 10_000))

        self.against("4  hand-out, its taking", product, limit, "the same inserts and updates in psql")

    def report(self) -> None:
        from config.actor import SYSTEM
        from publications.exports.report import order_report

        campaign = self.campaign(codes=self.rows)
        self.handout.psql((TAKE.format(campaign=campaign.pk, batch=10_000) + ";\n") * (self.rows // 10_000))
        self.handout.settle()
        for kind in ("codes", "publications"):

            def product(kind: str = kind) -> float:
                return self.work(lambda campaign: order_report(kind, campaign=campaign, by=SYSTEM), campaign)

            product()  # also tells which query it is
            copy = f"\\copy ({self.query_of(kind)}) TO '{self.handout.folder / 'limit.csv'}' CSV HEADER"
            self.against(f"7  report of {kind}", product, lambda copy=copy: self.handout.psql(copy), "COPY of the same")

    def workbook(self) -> None:
        """Against XlsxWriter alone, which is fed the same cells from a list."""
        from config.actor import SYSTEM
        from publications.exports.models import FileLayout
        from publications.exports.report import order_report

        campaign = self.campaign(codes=self.rows)
        self.handout.psql((TAKE.format(campaign=campaign.pk, batch=10_000) + ";\n") * (self.rows // 10_000))
        self.handout.settle()

        def product() -> float:
            layout = FileLayout(format="xlsx")
            return self.work(
                lambda campaign: order_report("codes", campaign=campaign, layout=layout, by=SYSTEM), campaign
            )

        product()
        query = self.query_of("codes")
        with self.handout.connect() as connection:
            cells = connection.execute(query).fetchall()
        self.against("X  report as a workbook", product, lambda: _xlsxwriter(cells), "XlsxWriter, from a list")
        self.workbook_in()

    def workbook_in(self) -> None:
        """As many rows as the process that reads a workbook has memory for (ADR 0042), against python-calamine alone."""
        from config.actor import SYSTEM

        rows, self.rows = self.rows, min(self.rows, WORKBOOK)
        path = self.handout.folder / "codes.xlsx"

        def product() -> float:
            from django.core.files import File

            from campaigns.codes.actions.order_code_import import order_code_import

            campaign = self.campaign()
            with self.prepared(campaign.pk).open() as codes:
                _xlsxwriter([line.rstrip("\n").split(",") for line in codes], path)
            started = time.perf_counter()  # the reading is before the import, which times itself
            with path.open("rb") as file:
                upload = File(file, name="codes.xlsx")
                ordered = order_code_import(upload, campaign=campaign, by=SYSTEM)
            return time.perf_counter() - started + self.work(lambda campaign: ordered, campaign)

        product()
        self.against("X  import of a workbook", product, lambda: _calamine(path), "python-calamine, to a list")
        self.rows = rows

    def query_of(self, kind: str) -> str:
        """All rows of that report at once, with the same cells as they are: no formula looked for, no time written out."""
        from psycopg import ClientCursor

        from publications.exports.columns import COLUMNS
        from publications.exports.models import Export
        from publications.exports.report import rows_of

        rows = rows_of(Export.objects.filter(kind=kind).latest("pk"))
        cells = [column.value for column in COLUMNS[kind]]
        query = rows.queryset.order_by(*rows.order, *rows.within).values_list(*cells)
        with self.handout.connect() as connection:
            return " ".join(ClientCursor(connection).mogrify(*query.query.sql_with_params()).split())

    def work(self, order: Callable, campaign) -> float:
        """Seconds from the beginning of the ordered work to its end, by its row."""
        work = order(campaign)
        while not work.finished_at:
            time.sleep(0.05)
            work.refresh_from_db()
        assert work.status == "done", work.error
        return (work.finished_at - work.started_at).total_seconds()

    def copy(self) -> float:
        campaign = self.campaign()
        file = self.prepared(campaign.pk, header=False)
        return self.handout.psql(
            f"\\copy codes_voucher (code, campaign_id) FROM PROGRAM 'sed s/$/,{campaign.pk}/ {file}' CSV"
        )

    def prepared(self, campaign: int, *, header: bool = True) -> Path:
        """A file of new codes, in no order, as random ones come."""
        file = self.handout.folder / f"codes-{campaign}.csv"
        first = self.campaigns * self.rows
        query = f"SELECT {CODE} AS code FROM generate_series({first + 1}::bigint, {first + self.rows}::bigint) AS n"
        self.handout.psql(f"\\copy ({' '.join(query.split())}) TO '{file}' CSV {'HEADER' if header else ''}")
        return file

    def against(self, name: str, product: Callable[[], float], limit: Callable[[], float], what: str) -> None:
        mine, limits, grown = [], [], []
        for _ in range(self.repeats):
            limits.append(limit())
            with peak_memory(self.handout) as peak:
                before = self.handout.memory(WORKER)
                mine.append(product())
            grown.append(peak() - before)
        took, least = statistics.median(mine), statistics.median(limits)
        print(
            f"{name:24} {took:6.1f} s ({self.rows / took:9,.0f}/s)   {least:6.1f} s ({what})"
            f"   ratio {least / took:6.1%}   worker +{max(grown):.0f} MB",
            flush=True,
        )


def _calamine(path: Path) -> float:
    from python_calamine import CalamineWorkbook

    started = time.perf_counter()
    assert CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    return time.perf_counter() - started


def _xlsxwriter(rows: list, path: Path | None = None) -> float:
    """Seconds that the library takes for rows that are all in memory: texts, numbers and moments as such."""
    from datetime import datetime
    from decimal import Decimal
    from tempfile import NamedTemporaryFile

    from xlsxwriter import Workbook

    started = time.perf_counter()
    with NamedTemporaryFile(suffix=".xlsx") as file:
        workbook = Workbook(path or file.name, {"constant_memory": True})
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet = workbook.add_worksheet()
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(place, column, cell.replace(tzinfo=None), moment)
                elif isinstance(cell, (int, float, Decimal)) and not isinstance(cell, bool):
                    sheet.write_number(place, column, cell)
                elif cell not in (None, ""):
                    sheet.write_string(place, column, str(cell))
        workbook.close()
    return time.perf_counter() - started


@contextmanager
def peak_memory(handout: Installation):
    """A function that tells the most that the worker held meanwhile, in MB."""
    over, most = Event(), [0.0]
    workers = handout.processes(WORKER)  # to look for them again and again would cost the product time

    def watch() -> None:
        while not over.wait(0.2):
            most[0] = max(most[0], sum(map(resident_memory, workers)))

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield lambda: most[0]
    finally:
        over.set()
        watcher.join()


if __name__ == "__main__":
    main()
