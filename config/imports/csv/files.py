"""The one CSV writer: RFC 4180, UTF-8, formulas neutralised, streamed, and in its place only when it is complete.

PostgreSQL writes the rows (COPY) and they are passed on as they come, some hundred at a time: whatever has to be done
for each line costs more than all else together (ADR 0008). On their way they are searched for formulas (csv_formulas.py).
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import EmptyResultSet
from django.core.files import File
from django.db import connections, transaction
from django.db.models import F, Func, QuerySet, TextField
from django.db.models.expressions import Combinable
from psycopg import ClientCursor

from config.imports.csv.formulas import neutralised, neutralised_rows
from config.public_ids import public_id

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
CHUNK = 200  # rows; where one of them may hold a formula, each is looked at
UNFINISHED = "unfinished"  # the folder below HANDOUT_DATA in which files grow


class Text(Func):
    """Text that somebody typed or sent. An empty one is an empty cell, like NULL."""

    output_field = TextField()
    template = "nullif((%(expressions)s)::text, '')"


class Number(Func):
    """A number without trailing zeros: 10.5000 is 10.5."""

    output_field = TextField()
    template = "trim_scale((%(expressions)s)::numeric)::text"


class Time(Func):
    """A moment as the API writes it: 2026-11-24T09:30:00.000Z."""

    output_field = TextField()
    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


MARK = secrets.token_hex(16)  # drawn anew by each process, so that no text in the database can hold it
_MARKED = re.compile(rf"{MARK}:(\w+):(\d+);".encode())


class PublicId(Func):
    """A row's key, to become its public id with the given `prefix`: what the database cannot make is put in while the
    lines pass through."""

    output_field = TextField()
    template = f"('{MARK}:%(prefix)s:' || (%(expressions)s)::text || ';')"


def _with_public_ids(lines: bytes) -> bytes:
    return _MARKED.sub(lambda found: _public_id(found[1], found[2]), lines)


@lru_cache(maxsize=10_000)  # an id takes 18 µs; a campaign or customer stands in many lines
def _public_id(prefix: bytes, key: bytes) -> bytes:
    return public_id(prefix.decode(), int(key)).encode()


class Column(NamedTuple):
    """A heading, where its cells come from (a field's name or an expression), and what they are."""

    heading: str
    value: str | Combinable
    kind: Callable[..., Func] = Text

    def cell(self) -> Func:
        return self.kind(F(self.value) if isinstance(self.value, str) else self.value)


class CsvFile(NamedTuple):
    """A finished file that still lies aside. Give `content` to a storage: one on the same disk moves it, in one step."""

    content: File
    rows: int
    size: int
    sha256: str


@contextmanager
def csv_file(
    columns: list[Column], batches: Iterable[QuerySet], *, lossless: bool = False, for_excel: bool = False
) -> Iterator[CsvFile]:
    """Writes the rows of each queryset in turn, in its order, and yields the file; it is gone after the `with`.

    `batches` may be a generator: it is asked for the next one when the last has been written, so it can tell how far
    the work is. Rows are never held, so memory stays flat. `lossless` leaves formulas as they are: for machines.
    `for_excel` begins with a byte order mark, without which Excel takes UTF-8 for Windows-1252.
    Raises OSError where the disk is full or refuses.
    """
    folder = settings.HANDOUT_DATA / UNFINISHED
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    cells = [column.cell() for column in columns]
    has_ids = any(isinstance(cell, PublicId) for cell in cells)
    head = csv_line([column.heading for column in columns])
    if for_excel:
        head = BYTE_ORDER_MARK + head
    digest, rows = hashlib.sha256(head), 0
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".csv", delete=False) as file:  # mode 0600
        try:
            file.write(head)
            for batch in batches:
                with closing(_copy(batch.values_list(*cells), lossless)) as chunks:
                    for count, lines in chunks:
                        written = _with_public_ids(lines) if has_ids else lines
                        digest.update(written)
                        file.write(written)
                        rows += count
            file.flush()
            os.fsync(file.fileno())  # before the database is told that the file is there
            yield CsvFile(_Movable(file), rows, file.tell(), digest.hexdigest())
        finally:
            with suppress(FileNotFoundError):  # the storage has moved it
                os.unlink(file.name)


def csv_line(cells: Iterable[Any], *, lossless: bool = False, delimiter: str = ",") -> bytes:
    """One row that comes out of Python, by the same rules."""
    line = io.StringIO()
    harmless = cells if lossless else (neutralised(cell, delimiter) for cell in cells)
    csv.writer(line, delimiter=delimiter).writerow(harmless)
    return line.getvalue().encode()


class _Movable(File):
    """What Django's file storage looks for before it moves a file instead of copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _copy(rows: QuerySet, lossless: bool) -> Generator[tuple[int, bytes]]:
    """Some rows at a time, as lines of CSV straight from PostgreSQL: how many, and their bytes."""
    try:
        sql, params = rows.query.sql_with_params()
    except EmptyResultSet:  # a filter that can match nothing
        return
    connection = connections[rows.db]
    with transaction.atomic(using=rows.db), connection.cursor() as cursor:
        # One processor of the database at most, for a file that nobody waits for: all of them made every page slower.
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        query = ClientCursor(connection.connection).mogrify(sql, params)  # COPY takes no parameters
        with cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as copy:
            while some := list(islice(copy, CHUNK)):  # one row each
                yield len(some), neutralised_rows(some, lossless=lossless)
