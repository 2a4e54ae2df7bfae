"""The one writer of Excel workbooks: codes stay text, moments and numbers become what a spreadsheet reckons with.

PostgreSQL passes the rows on (COPY), and XlsxWriter writes each as soon as the next one begins, so memory stays flat.
Nothing in a workbook is a formula: each cell says itself what it is. docs/adr/0036 has the reasons and figures.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db.models import Func, QuerySet, TextField
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from config.imports.csv.files import Movable, WrittenFile, copied_out, growing_file, synced, unfinished
from config.imports.kinds import Column, Day, Money, Number, PublicId, Time, has_public_ids, with_public_ids

SHEET = 1_048_576  # rows, the headings among them
LONGEST = 32_767  # UTF-16 units in a cell
OWN = "handout-export"  # among the workbook's properties: by it read_sheet.py knows that each text is as it is stored
CUT = "… (cut: {:,} characters)"
DIGITS = 15  # so many of a number a spreadsheet keeps
WIDTHS = (10, 40)  # of columns, in characters


class _Serial(Func):
    """A moment as Excel counts: days since 1899-12-30, in the clock of a zone. What has no place in that count (before
    March 1900; the second of the two hours in which summer time ends) is text, in UTC."""

    output_field = TextField()
    template = f"""(SELECT CASE WHEN (at - interval '1 hour') AT TIME ZONE '%(zone)s' = at AT TIME ZONE '%(zone)s'
              OR at NOT BETWEEN '1900-03-02' AND '9999-12-30' THEN {Time.template.replace("%(expressions)s", "at")}
            ELSE (extract(epoch FROM at AT TIME ZONE '%(zone)s') / 86400 + 25569)::float8::text END
       FROM (SELECT %(expressions)s) AS this (at))"""  # noqa: S608 - our own constants


class _SerialDay(Func):
    output_field = TextField()
    template = """(SELECT CASE WHEN day NOT BETWEEN '1900-03-01' AND '9999-12-31' THEN day::text
            ELSE (day - date '1899-12-30')::text END
       FROM (SELECT %(expressions)s) AS this (day))"""


@contextmanager
def xlsx_file(columns: list[Column], batches: Iterable[QuerySet], *, zone: str, name: str) -> Iterator[WrittenFile]:
    """As csv_file (config/imports/csv/files.py). Moments are those of the clock in `zone`; `name` is the sheet's.

    Rows that have no place on one sheet go on the next, under the same headings.
    """
    kinds = [column.cell() for column in columns]
    cells = [_cell(kind, zone) for kind in kinds]
    has_public_ids(cells)
    with growing_file(".xlsx") as file, tempfile.TemporaryDirectory(dir=unfinished(), suffix=".sheets") as folder:
        options = {"constant_memory": True, "tmpdir": folder, "use_zip64": True}
        workbook = Workbook(file.name, options)
        workbook.set_properties({"keywords": OWN})
        sheets = _Sheets(workbook, [column.heading for column in columns], kinds, name)
        for batch in batches:
            with copied_out(batch.values_list(*cells), "FORMAT text") as copy:
                for row in copy.rows() if copy else ():
                    sheets.add(row)
        try:
            sheets.end()
            workbook.close()
        except FileCreateError as problem:
            raise problem.args[0] from None  # the OSError itself: a full disk, and the like
        with open(file.name, "rb") as written:
            digest = hashlib.file_digest(written, "sha256").hexdigest()
            size = written.tell()
        synced(file)
        yield WrittenFile(Movable(file), sheets.rows, size, digest, cut_cells=sheets.cut)


def _cell(kind: Func, zone: str) -> Func:
    (value,) = kind.get_source_expressions()
    if isinstance(kind, Time):
        return _Serial(value, zone=zone.replace("'", ""))
    return _SerialDay(value) if isinstance(kind, Day) else kind


def _serial(cell: str) -> float | None:
    """None for moments that stand as text."""
    try:
        return float(cell)
    except ValueError:
        return None


def _number(cell: str) -> float | None:
    """None for what a spreadsheet would round."""
    return float(cell) if len(cell.replace(".", "").lstrip("-0")) <= DIGITS else None


def _nothing(cell: str) -> None:
    return None


class _Kind(NamedTuple):
    """How the cells of a column are written: as a number, if they are one, in a format; else as text."""

    format: Format | None
    number: Callable[[str], float | None]
    has_ids: bool


class _Sheets:
    def __init__(self, workbook: Workbook, headings: list[str], kinds: list[Func], name: str) -> None:
        self.workbook, self.headings, self.name = workbook, headings, name
        self.heading = workbook.add_format({"bold": True, "bottom": 1})
        self.moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        money = workbook.add_format({"num_format": "#,##0.00"})
        text = workbook.add_format({"num_format": "@"})  # so that it stays text when somebody edits the cell
        self.text = text
        self.kinds = [
            _Kind(
                self.moment if isinstance(kind, Time) else day if isinstance(kind, Day)
                else money if isinstance(kind, Money) else None if isinstance(kind, Number) else text,
                _number if isinstance(kind, Number) else _serial if isinstance(kind, (Time, Day)) else _nothing,
                isinstance(kind, PublicId),
            )
            for kind in kinds
        ]  # fmt: skip
        self.rows = self.cut = 0
        self.sheet, self.place = self._begin(), 1

    def _begin(self) -> Worksheet:
        number = len(self.workbook.worksheets()) + 1
        sheet = self.workbook.add_worksheet(self.name if number == 1 else f"{self.name} {number}")
        for place, (heading, kind) in enumerate(zip(self.headings, self.kinds, strict=True)):
            width = 19 if kind.format is self.moment else min(max(len(heading) + 4, WIDTHS[0]), WIDTHS[1])
            sheet.set_column(place, place, width, kind.format)
        for place, heading in enumerate(self.headings):
            sheet.write_string(0, place, heading, self.heading)
        sheet.freeze_panes(1, 0)
        return sheet

    def add(self, row: tuple[str | None, ...]) -> None:
        if self.place == SHEET:
            self.end()
            self.sheet, self.place = self._begin(), 1
        for place, (cell, kind) in enumerate(zip(row, self.kinds, strict=True)):
            if cell:
                self._write(place, cell, kind)
        self.place += 1
        self.rows += 1

    def _write(self, place: int, cell: str, kind: _Kind) -> None:
        if (number := kind.number(cell)) is not None:
            self.sheet.write_number(self.place, place, number, kind.format)
            return
        text = with_public_ids(cell.encode()).decode() if kind.has_ids else cell
        if 2 * len(text) > LONGEST and (units := len(text.encode("utf-16-le")) // 2) > LONGEST:
            self.cut += 1
            note = CUT.format(units)
            text = text.encode("utf-16-le")[: 2 * (LONGEST - len(note))].decode("utf-16-le", "ignore") + note
        if text.startswith("<r>") and text.endswith("</r>"):
            # XlsxWriter would take this for its own markup and pass it on as it is; as two pieces it is text.
            self.sheet.write_rich_string(self.place, place, text[:1], self.text, text[1:])
        else:
            self.sheet.write_string(self.place, place, text, kind.format)

    def end(self) -> None:
        """The filter row covers what the sheet has come to hold."""
        self.sheet.autofilter(0, 0, self.place - 1, len(self.headings) - 1)
