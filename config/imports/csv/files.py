"""The one CSV writer: RFC 4180, UTF-8, formulas neutralised, streamed, and in its place only when it is complete.

PostgreSQL writes the rows (COPY) and they are passed on as they come, some hundred at a time: whatever has to be done
for each line costs more than all else together (ADR 0008). On their way they are searched for formulas (csv_formulas.py).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import tempfile
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.core.files import File
from django.db import connections, transaction
from django.db.models import QuerySet
from psycopg import ClientCursor

from config.imports.csv.formulas import neutralised, neutralised_rows
from config.imports.csv.layout import PLAIN, CsvLayout, with_protection
from config.imports.kinds import Column, has_public_ids, with_public_ids

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CHUNK = 200  # rows; where one of them may hold a formula, each is looked at
UNFINISHED = "unfinished"  # the folder below HANDOUT_DATA in which files grow


class WrittenFile(NamedTuple):
    """A finished file that still lies aside. Give `content` to a storage: one on the same disk moves it, in one step."""

    content: File
    rows: int
    size: int
    sha256: str
    protected_codes: int = 0  # codes that Excel would have misread, marked as text
    protected_others: int = 0  # other cells, likewise
    cut_cells: int = 0  # texts longer than a spreadsheet's cell can be


@contextmanager
def csv_file(columns: list[Column], batches: Iterable[QuerySet], layout: CsvLayout = PLAIN) -> Iterator[WrittenFile]:
    """Writes the rows of each queryset in turn, in its order, and yields the file; it is gone after the `with`.

    `batches` may be a generator: it is asked for the next one when the last has been written, so it can tell how far
    the work is. Rows are never held, so memory stays flat. Raises OSError where the disk is full or refuses.
    """
    cells = layout.cells(columns)
    has_ids = has_public_ids(cells)
    head = csv_line([column.heading for column in columns], lossless=layout.lossless, delimiter=layout.delimiter)
    if layout.byte_order_mark:
        head = BYTE_ORDER_MARK + head
    digest, rows, codes, others = hashlib.sha256(head), 0, 0, 0
    with growing_file(".csv") as file:
        file.write(head)
        for batch in batches:
            with closing(_copy(batch.values_list(*cells), layout)) as chunks:
                for count, lines in chunks:
                    written = with_public_ids(lines) if has_ids else lines
                    if layout.protects:
                        written, more_codes, more_others = with_protection(written)
                        codes += more_codes
                        others += more_others
                    digest.update(written)
                    file.write(written)
                    rows += count
        synced(file)
        yield WrittenFile(Movable(file), rows, file.tell(), digest.hexdigest(), codes, others)


@contextmanager
def growing_file(suffix: str) -> Iterator[Any]:
    """A file that grows aside, for its owner only (mode 0600); what no storage has moved away is gone afterwards."""
    with tempfile.NamedTemporaryFile(dir=unfinished(), suffix=suffix, delete=False) as file:
        try:
            yield file
        finally:
            with suppress(FileNotFoundError):  # the storage has moved it
                os.unlink(file.name)


def unfinished() -> Path:
    folder = settings.HANDOUT_DATA / UNFINISHED
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def synced(file: Any) -> None:
    """Before the database is told that the file is there."""
    file.flush()
    os.fsync(file.fileno())


def csv_line(cells: Iterable[Any], *, lossless: bool = False, delimiter: str = ",") -> bytes:
    """One row that comes out of Python, by the same rules."""
    line = io.StringIO()
    harmless = cells if lossless else (neutralised(cell, delimiter) for cell in cells)
    csv.writer(line, delimiter=delimiter).writerow(harmless)
    return line.getvalue().encode()


class Movable(File):
    """What Django's file storage looks for before it moves a file instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _copy(rows: QuerySet, layout: CsvLayout) -> Generator[tuple[int, bytes]]:
    """Some rows at a time, as lines of CSV straight from PostgreSQL: how many, and their bytes."""
    with copied_out(rows, f"FORMAT csv, DELIMITER E'{layout.delimiter}'") as copy:
        while some := list(islice(copy, CHUNK)):  # one row each
            yield len(some), neutralised_rows(some, lossless=layout.lossless, delimiter=layout.delimiter)


@contextmanager
def copied_out(rows: QuerySet, form: str) -> Iterator[Any]:
    """The rows on their way out of PostgreSQL: psycopg's Copy, or nothing where a filter can match nothing."""
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:
        yield ()
        return
    connection = connections[rows.db]
    with transaction.atomic(using=rows.db), connection.cursor() as cursor:
        # One processor of the database at most, for a file that nobody waits for: all of them made every page slower.
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        query = ClientCursor(connection.connection).mogrify(sql, params)  # COPY takes no parameters
        with cursor.copy(f"COPY ({query}) TO STDOUT ({form})") as copy:
            yield copy
