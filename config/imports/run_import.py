"""Runs an import: reads the file row by row, checks each, writes the good ones in chunks, and reports the bad ones.

Exactly once a row, whatever is killed. With KEEP_GOOD the rows of a chunk, its refused rows and the count of rows read
are one transaction under a lock on the import's row; a run that begins again skips the rows counted there. With
ALL_OR_NOTHING the file is first checked as a whole and gathered in a temporary table; then one transaction writes all.

Temporary tables last for a session: the worker's connection must not go through a transaction pooler (nor may its
LISTEN, docs/scaling.md).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Subquery
from django.db.models.functions import Coalesce, Now

from config.actor import Actor
from config.imports.csv.cells import RowRefused
from config.imports.csv.uploads import NotCsv, Row, read_csv
from config.imports.models import CsvImport
from config.imports.staged_rows import create_tables, drop_tables, rows_of_keys, stage
from config.imports.write_error_file import write_error_file
from config.staff.audit import record

CHUNK = 5_000  # rows in one transaction
CHUNK_TEXT = 10_000_000  # and characters, more or less: few rows, where they are long
KEPT = 1_000  # refused rows that stay in the database, for the page and the API; the error file has all

Status, OnError = CsvImport.Status, CsvImport.OnError
log = logging.getLogger(__name__)


class Refused(NamedTuple):
    row: int
    error: str
    key: str = ""  # what the row says of its code or source_id, as far as that is known
    problems: tuple[str, ...] = ()  # the sentences of `error`, where it is several


class Written(NamedTuple):
    imported: int
    updated: int
    refused: list[Refused]


class Importer(Protocol):
    """What an app adds: how its rows are read, and how the good ones are written."""

    noun: str  # for the audit log, which says "codes.imported"
    about: dict  # and what else it says: object_id, object_label, campaign_id
    columns: str  # those of the table `staged` (config/imports/staged_rows.py) besides row and key, as SQL

    def prepare(self, headings: Sequence[str]) -> None:
        """Told the headings before the first row. Raises ImportImpossible."""

    def read(self, cells: Sequence[str]) -> tuple:
        """The row's key (None: it has none) and its values for `columns`. Raises RowRefused with all that is wrong."""

    def stored(self, cells: Sequence[str]) -> dict[int, Any]:
        """{place of a column: what its cell becomes, or the cell where it cannot be read}, for the preview."""

    def key(self, cells: Sequence[str]) -> str:
        """The row's key as it stands there, whatever is wrong with the row; "" where it has none."""

    def repeats(self, first_row: int, key: str) -> str:
        """What to say of a row whose key stands in `first_row` already."""

    def known(self, cursor: CursorWrapper, keys: Sequence[str]) -> dict[str, str]:
        """{key: what to say of it}: what else is wrong with rows of these keys, which cannot be staged as they are."""

    def foresee(self, cursor: CursorWrapper, after: int) -> list[Refused]:
        """Those staged rows below row `after` that `write` will refuse."""

    def remarks(self, cursor: CursorWrapper, refused: Sequence[int]) -> list[str]:
        """What else a person should know of the staged rows before they are written, besides those `refused`."""

    def write(self, cursor: CursorWrapper) -> Written:
        """Writes all staged rows, in the caller's transaction. Raises ImportImpossible."""


class ImportImpossible(Exception):
    """The import as a whole cannot go on; the message says why, and what to do."""


class _TakenOver(Exception):
    """Another run of the same import is at work, or has ended it."""


class _SomeRefused(Exception):
    """Rolls ALL_OR_NOTHING back."""


def run_import(csv_import: CsvImport, importer: Importer) -> None:
    """Brings a queued or interrupted import to its end. May be called again at any time, and by several at once.

    Raises OperationalError and InterfaceError where the database went away: then it is to be called again.
    """
    try:
        _Run(csv_import, importer).go()
    except _TakenOver:
        if not _end_stopped(csv_import):
            log.info("Import %s is already running elsewhere.", csv_import.pk)
    except (NotCsv, ImportImpossible) as impossible:
        _fail(csv_import, importer, str(impossible))
    except FileNotFoundError:
        _fail(csv_import, importer, "The uploaded file no longer exists. Upload it again.")
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        _fail(csv_import, importer, "It stopped because of an unexpected error. See the server’s log for details.")
        raise


def check(importer: Importer, rows: Sequence[Row]) -> tuple[list[tuple], list[Refused]]:
    """The good rows, as `stage` takes them, and what is wrong with the others by themselves."""
    good: list[tuple] = []
    wrong: list[Refused] = []
    for row in rows:
        if row.problem:
            wrong.append(Refused(row.number, row.problem))
            continue
        try:
            good.append((row.number, *importer.read(row.cells)))
        except RowRefused as refused:
            wrong.append(Refused(row.number, str(refused), importer.key(row.cells), refused.problems))
    return good, wrong


def take_in(
    cursor: CursorWrapper,
    importer: Importer,
    good: Sequence[tuple],
    wrong: Sequence[Refused],
    *,
    after: int,
    afresh: bool,
) -> list[Refused]:
    """Stages the good rows, all below row `after`. Returns the others, and those whose key stands in an earlier row:
    of a row that is wrong already, that is said as well, so that it has to be mended once only."""
    repeated = stage(cursor, good, after=after, afresh=afresh)
    keys = list({refusal.key for refusal in wrong if refusal.key})
    known = importer.known(cursor, keys) if keys else {}
    earlier = rows_of_keys(cursor, keys) if keys else {}
    refused = []
    for refusal in wrong:
        first = earlier.get(refusal.key, refusal.row)
        besides = known.get(refusal.key) or (importer.repeats(first, refusal.key) if first < refusal.row else "")
        if besides:
            problems = (*(refusal.problems or (refusal.error,)), besides)
            refusal = refusal._replace(error=" ".join(problems), problems=problems)
        refused.append(refusal)
    return refused + [Refused(row, importer.repeats(first, key)) for row, first, key in repeated]


class _Run:
    def __init__(self, csv_import: CsvImport, importer: Importer) -> None:
        self.csv_import = csv_import
        self.importer = importer
        self.keep_good = csv_import.on_error == OnError.KEEP_GOOD

    def go(self) -> None:
        self._begin()
        with self.csv_import.file.open("rb") as file, connection.cursor() as cursor:
            headings, rows = read_csv(file, self.csv_import.reading)
            self.importer.prepare(headings)
            create_tables(cursor, self.importer.columns)
            try:
                self._recall(cursor, rows)
                while chunk := next_chunk(rows):
                    self._take(cursor, chunk, file.tell())
                if not self.keep_good and not self.csv_import.rows_refused:
                    self._write_all(cursor)
            finally:
                drop_tables(cursor)
        self._end()

    def _begin(self) -> None:
        rows = type(self.csv_import)._default_manager.filter(pk=self.csv_import.pk)
        with transaction.atomic():
            open_ = rows.filter(status__in=[Status.QUEUED, Status.RUNNING])
            if not open_.update(status=Status.RUNNING, started_at=Coalesce("started_at", Now()), error=""):
                raise _TakenOver
            if not self.keep_good:  # of an interrupted run nothing is left
                rows.update(rows_read=0, rows_refused=0, done=0)
                self.csv_import.refused.all().delete()
        self.csv_import.refresh_from_db()

    def _recall(self, cursor: CursorWrapper, rows: Iterator[Row]) -> None:
        """Passes over what an earlier run has counted; only the keys of its good rows must be known again."""
        left = self.csv_import.rows_read
        while chunk := next_chunk(rows, min(CHUNK, left)):
            left -= len(chunk)
            span = self.csv_import.refused.filter(row__range=(chunk[0].number, chunk[-1].number))
            refused = set(span.values_list("row", flat=True))
            good, _ = check(self.importer, [row for row in chunk if row.number not in refused])
            with transaction.atomic():
                stage(cursor, good, after=chunk[0].number - 1, afresh=True)

    def _take(self, cursor: CursorWrapper, chunk: list[Row], position: int) -> None:
        """One transaction: the chunk's rows, what is wrong with the others, and that both have been read."""
        good, wrong = check(self.importer, chunk)
        after = chunk[0].number - 1
        with transaction.atomic():
            self._lock()
            refused = take_in(cursor, self.importer, good, wrong, after=after, afresh=self.keep_good)
            if self.keep_good:
                written = self.importer.write(cursor)
            else:
                written = Written(0, 0, self.importer.foresee(cursor, after))
            cells = {row.number: row.cells for row in chunk if not row.problem}
            named = [
                refusal._replace(key=self.importer.key(cells[refusal.row])) if refusal.row in cells else refusal
                for refusal in (*refused, *written.refused)
            ]
            self._count(written, named, read=len(chunk), position=position)

    def _write_all(self, cursor: CursorWrapper) -> None:
        """Every row in one transaction. What has come into the database since the rows were checked refuses them all."""
        cursor.execute("ANALYZE pg_temp.staged")
        written = Written(0, 0, [])
        try:
            with transaction.atomic():
                self._lock()
                written = self.importer.write(cursor)
                if written.refused:
                    raise _SomeRefused
                self._count(written, [])
                self._close(Status.DONE)
        except _SomeRefused:
            with transaction.atomic():
                self._lock()
                self._count(Written(0, 0, []), written.refused)

    def _end(self) -> None:
        """Writes the error file and closes the import, unless all is done already."""
        now = self.csv_import
        if now.status != Status.RUNNING:
            return
        with transaction.atomic():
            self._lock()
            if now.rows_refused:
                now.error_file = write_error_file(now)
            if self.keep_good or not now.rows_refused:
                self._close(Status.DONE)
            else:
                rows = "1 row is" if now.rows_refused == 1 else f"{now.rows_refused:,} rows are"
                self._close(
                    Status.FAILED,
                    f"Nothing was imported: {rows} invalid. Fix the file and upload it again, or import only the valid rows.",
                )

    def _lock(self) -> None:
        """Until the commit no other run counts or writes; and none has done so since this one did last."""
        held = (
            type(self.csv_import)
            ._default_manager.select_for_update()
            .filter(pk=self.csv_import.pk, status=Status.RUNNING)
        )
        if not held.filter(rows_read=self.csv_import.rows_read).values("pk").first():
            raise _TakenOver

    def _count(self, written: Written, refused: list[Refused], *, read: int = 0, position: int | None = None) -> None:
        with connection.cursor() as cursor:
            _keep(cursor, self.csv_import, refused)
        now = self.csv_import
        now.rows_read += read
        now.done = now.size if position is None else position
        now.rows_imported += written.imported
        now.rows_updated += written.updated
        now.rows_refused += len(refused)
        now.save(update_fields=["rows_read", "done", "rows_imported", "rows_updated", "rows_refused"])

    def _close(self, status: str, error: str = "") -> None:
        close(self.csv_import, self.importer, status, error)
        # The error file holds them all.
        beyond = self.csv_import.refused.order_by("row").values("row")[KEPT - 1 : KEPT]
        self.csv_import.refused.filter(row__gt=Subquery(beyond)).delete()


def next_chunk(rows: Iterator[Row], most: int = CHUNK) -> list[Row]:
    chunk: list[Row] = []
    text = 0
    for row in islice(rows, most):
        chunk.append(row)
        text += sum(map(len, row.cells))
        if text > CHUNK_TEXT:
            break
    return chunk


def _fail(csv_import: CsvImport, importer: Importer, error: str) -> None:
    """Ends an import that cannot go on. The rows refused so far stay, for the error file of a run that takes it up."""
    with transaction.atomic():
        now = type(csv_import)._default_manager.select_for_update().filter(pk=csv_import.pk).first()
        if now and now.is_running:
            close(now, importer, Status.FAILED, error)


def _end_stopped(csv_import: CsvImport) -> bool:
    """Writes the error file of an import that somebody has stopped; False where nobody has. Its refused rows stay, for
    the error file of a run that takes it up."""
    with transaction.atomic():
        now = (
            type(csv_import)
            ._default_manager.select_for_update()
            .filter(pk=csv_import.pk, status=Status.STOPPED)
            .first()
        )
        if now and now.rows_refused and not now.error_file:
            now.error_file = write_error_file(now)
            now.save(update_fields=["error_file"])
    return now is not None


def close(csv_import: CsvImport, importer: Importer, status: str, error: str) -> None:
    """Ends an import, in the caller's transaction and under the lock on its row."""
    csv_import.status, csv_import.error, csv_import.finished_at = status, error, Now()
    csv_import.save(update_fields=["status", "error", "finished_at", "error_file"])
    if status == Status.DONE or csv_import.rows_imported or csv_import.rows_updated:
        record(
            f"{importer.noun}.imported",
            by=Actor(csv_import.actor_kind, csv_import.actor_id, csv_import.actor_label),
            **importer.about,
            rows=csv_import.rows_read,
            imported=csv_import.rows_imported,
            updated=csv_import.rows_updated,
            refused=csv_import.rows_refused,
        )


def _keep(cursor: CursorWrapper, csv_import: CsvImport, refused: list[Refused]) -> None:
    table = connection.ops.quote_name(csv_import.refused.model._meta.db_table)
    with cursor.copy(f"COPY {table} (csv_import_id, row, key, error) FROM STDIN") as copy:
        for row, error, key, _ in refused:
            copy.write_row((csv_import.pk, row, key, error))
