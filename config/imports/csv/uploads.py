"""Reading CSV files as people have them: any usual delimiter and encoding, with every bad row named by its number."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import BinaryIO, NamedTuple, TypeAlias, cast

from django.core.files import File

from config.imports.csv.columns import ERROR_FILE_ENDS, Field
from config.imports.csv.encodings import ENCODINGS, SAMPLE_BYTES, UNREADABLE, find_encoding
from config.imports.csv.formulas import restored
from config.imports.csv.headings import is_row_of_headings, names_of_columns

DELIMITERS = {",": "Comma (,)", ";": "Semicolon (;)", "\t": "Tab", "|": "Vertical bar (|)"}
MAX_COLUMNS = 200
MAX_LINE = 1_000_000  # characters
MAX_RECORD = 1_000_000  # characters of a record with all the lines that its quotes hold together
READ_AGAIN = 100_000_000  # characters of lines that were given back, in a whole file
MAX_HEADING = 255
FEW_ROWS = 50  # by which headings are told from data
MARKUP = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<workbook")  # what it begins with
UTF_16 = ("utf-16", "utf-16-le", "utf-16-be")

_SEP_LINE = re.compile(r"sep=.", re.IGNORECASE | re.DOTALL)
EMPTY = "The file is empty. Its first row must contain headings, such as “Code”, or data."

MISPLACED_QUOTE = (
    "A double quote is not closed here, or is in the wrong place. "
    'Put the whole cell in double quotes, and write quotes inside it twice: "".'
)
TOO_LONG_A_CELL = (
    f"A cell is longer than {csv.field_size_limit():,} characters: a double quote was probably opened and not closed."
)
TOO_LONG_A_ROW = (
    f"A double quote opens here and no row ends within {MAX_RECORD:,} characters: it was probably not closed. "
    'Close the quote; write a quote inside a cell twice: "".'
)

Upload: TypeAlias = BinaryIO | File


class NotCsv(ValueError):
    """The file as a whole cannot be read; the message is for the person who uploaded it, and says how to mend it."""


class Row(NamedTuple):
    number: int  # as a spreadsheet shows it: the headings are row 1, blank rows count, a quoted line break does not
    cells: list[str]
    problem: str = ""  # why the row cannot be read, and how to mend it; then `cells` is only what it looks like


class Reading(NamedTuple):
    """How a file is read."""

    encoding: str
    delimiter: str
    headed: bool = True  # the first row is headings, not data
    guessed: bool = False  # nothing in the file says that this is its encoding


def look_at(file: Upload, fields: Sequence[Field] = ()) -> Reading:
    """Finds the encoding, by all bytes of the file, the delimiter, by its first rows, and whether the first one is headings:
    which is known where they are called like `fields`. Raises NotCsv."""
    file.seek(0)
    start = file.read(SAMPLE_BYTES)
    _refuse_other_formats(start)
    encoding, guessed = find_encoding(file)
    file.seek(0)
    reading = Reading(encoding, _delimiter_of(start, encoding), guessed=guessed)
    return reading._replace(headed=starts_with_headings(file, reading, fields))


def starts_with_headings(file: Upload, reading: Reading, fields: Sequence[Field]) -> bool:
    file.seek(0)
    rows = [row.cells for row in islice(_table(file, reading), FEW_ROWS) if not row.problem]
    return not rows or is_row_of_headings(rows[0], rows[1:], fields)


def read_csv(file: Upload, reading: Reading) -> tuple[list[str], Iterator[Row]]:
    """The headings, trimmed, and the rows below them; blank rows are left out. The file is never held in memory.

    `file.tell()` says meanwhile how far it was read. Raises NotCsv where the headings cannot be used.
    """
    file.seek(0)
    records = _table(file, reading)
    top = next(records, None)
    if top is None:
        raise NotCsv(EMPTY)
    if not reading.headed:
        headings = names_of_columns(_width(top))
        return headings, _fitted(chain([top], records), len(headings))
    headings = _headings(top)
    if headings[-2:] == ERROR_FILE_ENDS:  # in our own file the cells are as they were, but for what made them harmless
        headings = [restored(heading, reading.delimiter) for heading in headings]
        records = (row._replace(cells=[restored(cell, reading.delimiter) for cell in row.cells]) for row in records)
    return headings, _fitted(records, len(headings))


def _table(file: Upload, reading: Reading) -> Iterator[Row]:
    """Every record; without the line “sep=;” that tells a spreadsheet the delimiter, and which it does not show."""
    records = _records(file, reading)
    top = next(records, None)
    if top is None:
        return
    if is_sep_line(reading.delimiter.join(top.cells)):
        yield from (row._replace(number=row.number - 1) for row in records)
        return
    yield top
    yield from records


def is_sep_line(line: str) -> bool:
    return bool(_SEP_LINE.fullmatch(line.strip(' "\r\n')))


def _width(top: Row) -> int:
    """Of a file without headings, without the empty cells at the end."""
    cells = list(top.cells)
    while len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    if len(cells) > MAX_COLUMNS:
        raise NotCsv(f"The file has {len(cells):,} columns; the maximum is {MAX_COLUMNS}. Is the delimiter right?")
    return len(cells)


def _refuse_other_formats(start: bytes) -> None:
    if not start.strip():
        raise NotCsv(EMPTY)
    if start.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise NotCsv(
            "This is a spreadsheet of an old kind (.xls), or an archive. In Excel choose File, Save as, “Excel Workbook "
            "(.xlsx)” or “CSV UTF-8”; in other programs export it as CSV. Then upload that file."
        )
    if start.startswith((b"%PDF", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff")):
        raise NotCsv(
            "This is neither an Excel workbook nor a text file. Upload one of the two: .xlsx, or CSV with one row per line."
        )
    if start.lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:20].lower().startswith(MARKUP):  # some programs call these .xls
        raise NotCsv(
            "This is a web page or XML, whatever its name ends with. Open it in a spreadsheet, save it as “Excel Workbook "
            "(.xlsx)” or “CSV UTF-8”, and upload that file."
        )
    zeros = start.count(b"\0")
    if zeros > len(start) // 10 and not find_encoding(io.BytesIO(start)).name.startswith("utf-16"):
        raise NotCsv("This file is not text. Upload an Excel workbook (.xlsx), or CSV with one row per line.")


def _delimiter_of(start: bytes, encoding: str) -> str:
    """The one that splits the first rows into most columns; of equals the first, a comma."""
    if len(start) == SAMPLE_BYTES:  # the sample may end within a character
        start = start[: len(start) // 2 * 2] if encoding in UTF_16 else start.rpartition(b"\n")[0] or start
    first = start.decode(encoding, "replace").lstrip("\ufeff").partition("\n")[0]
    if is_sep_line(first):
        sign = first.strip(' "\r\n')[4:]
        if sign in DELIMITERS:
            return sign

    def columns(delimiter: str) -> int:
        rows = list(islice(_records(io.BytesIO(start), Reading(encoding, delimiter)), 5))
        return min((len(row.cells) for row in rows if not row.problem), default=0)

    return max(DELIMITERS, key=columns)


def _headings(top: Row) -> list[str]:
    if top.problem:
        raise NotCsv(f"The headings in row {top.number} cannot be read. {top.problem}")
    headings = [cell.strip() for cell in top.cells]
    while headings and not headings[-1]:
        headings.pop()
    if len(headings) > MAX_COLUMNS:
        raise NotCsv(
            f"The first row has {len(headings):,} columns; the maximum is {MAX_COLUMNS}. Is the delimiter right?"
        )
    seen: dict[str, str] = {}
    for heading in filter(None, headings):
        if len(heading) > MAX_HEADING:
            raise NotCsv(
                f"A heading is longer than {MAX_HEADING} characters: “{heading[:40]}…”. Does the first row contain headings?"
            )
        if heading.casefold() in seen:
            raise NotCsv(f"Two columns have the heading “{heading}”. Give each column a unique heading.")
        seen[heading.casefold()] = heading
    return headings


def _fitted(records: Iterator[Row], width: int) -> Iterator[Row]:
    """Every row as wide as the headings; the others with their problem."""
    for row in records:
        cells = row.cells
        if len(cells) == width or row.problem:
            yield row
        elif len(cells) > width and not any(cells[width:]):
            yield row._replace(cells=cells[:width])
        else:
            amount, way = (len(cells), "too few" if len(cells) < width else "too many")
            yield row._replace(
                problem=f"This row has {amount} {'cell' if amount == 1 else 'cells'}, {way} for the {width} headings. "
                "Put cells that contain the delimiter or a line break in double quotes, and do not leave out cells."
            )


def _records(file: Upload, reading: Reading) -> Iterator[Row]:
    """Every record that is not blank, the headings included.

    The csv module is strict here. Where it gives up, a quote that nobody closed has mostly swallowed the lines below:
    then only the line that began the record is bad, and reading starts again with the next. A record ends at
    MAX_RECORD, so little is ever held; and a file that would be read over and over is refused: NotCsv.
    """
    lines = _Lines(io.TextIOWrapper(cast(BinaryIO, file), reading.encoding, errors="mark-unreadable", newline=""))
    try:
        parse = csv.reader(lines, delimiter=reading.delimiter, strict=True)
        for number in range(1, 1 << 62):
            lines.start_record()
            try:
                cells = next(parse)
            except StopIteration:
                return
            except csv.Error as error:
                first = lines.keep_first(number)
                parse = csv.reader(lines, delimiter=reading.delimiter, strict=True)
                yield Row(number, [first.rstrip("\r\n")], _problem_with(error))
                continue
            text = "".join(cells)
            if not text or text.isspace():
                continue
            yield Row(number, cells, _problem_of(text, reading, lines))
    finally:
        with suppress(ValueError):  # the file was closed before
            lines.text.detach()  # else the end of the text would close the file


def _problem_with(error: csv.Error) -> str:
    if isinstance(error, _TooLong):
        return TOO_LONG_A_ROW
    return TOO_LONG_A_CELL if "field larger" in str(error) else MISPLACED_QUOTE


def _problem_of(text: str, reading: Reading, lines: _Lines) -> str:
    if "\0" in text:
        return "This row contains a NUL character. Remove it."
    if not text.isascii() and UNREADABLE in text:
        return (
            f"This row contains bytes that are not valid {ENCODINGS.get(reading.encoding, reading.encoding).split()[0]}. "
            "Save the file as “CSV UTF-8”, or choose its encoding."
        )
    if lines.cut:
        return f"A line of this row is longer than {MAX_LINE:,} characters. Is a quote or a line break missing?"
    return ""


class _TooLong(csv.Error):
    """A record of more than MAX_RECORD characters."""


class _Lines:
    """Lines for csv.reader, which can be given back: those read since the record began are remembered."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text
        self.record: list[str] = []
        self.length = 0  # of the record
        self.again: deque[str] = deque()
        self.given_back = 0
        self.cut = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else self._read()
        if not line:
            raise StopIteration
        self.record.append(line)
        self.length += len(line)
        if self.length > MAX_RECORD and len(self.record) > 1:
            raise _TooLong
        return line

    def start_record(self) -> None:
        self.record = []
        self.length = 0
        self.cut = False

    def keep_first(self, number: int) -> str:
        """Gives back all lines of record `number` but the first, which is returned."""
        first, *others = self.record
        self.given_back += self.length - len(first)
        if self.given_back > READ_AGAIN:
            raise NotCsv(
                f"Too many rows open a double quote and do not close it; the latest is row {number}. "
                "Close the quotes, or export the file again with every quote inside a cell written twice."
            )
        self.again.extendleft(reversed(others))
        return first

    def _read(self) -> str:
        line = self.text.readline(MAX_LINE)
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            self.cut = True
            while (rest := self.text.readline(MAX_LINE)) and rest[-1] not in "\r\n":
                pass
        return line
