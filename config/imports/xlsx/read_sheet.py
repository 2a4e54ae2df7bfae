"""Writes one sheet of a workbook as CSV to standard output. Run as a program of its own, never imported by Handout.

A workbook of 1.5 KB can take any amount of memory: two cells in opposite corners make its reader abort. So it is read
here, under limits of memory and processor time that end this process and nothing else.

    read_sheet.py WORKBOOK [SHEET]

The names of the sheets are written to standard error as JSON, {"sheets": [...], "sheet": "..."}, before the rows; or
{"refused": "..."} where it cannot be read.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from posixpath import join, normpath
from typing import Any
from xml.etree import ElementTree

sys.path.append(str(Path(__file__).parents[3]))

from config.imports.csv.cells import marked

MEMORY = 1024**3  # bytes
SECONDS = 60  # of processor time; 200,000 rows of ten cells take three
UNPACKED = 1024**3  # bytes that the parts of the workbook say they unpack to
WRITTEN = 1024**3  # bytes of CSV
TOO_LARGE = "The workbook is too large to be read here. Save the sheet as “CSV UTF-8” and upload that file."


# calamine tells a cell with an error, such as #N/A, as an empty one: so these are looked for here.
ERROR = re.compile(
    rb'<c\b(?=[^>]{0,200}\bt="e")[^>]{0,200}\br="([A-Z]{1,3})(\d{1,7})"[^>]{0,200}>.{0,2000}?<v>([^<]{1,20})', re.DOTALL
)
OWN = b"handout-export"  # as files.py writes it
PIECE, OVERLAP = 1024 * 1024, 4096  # bytes
MOST_ERRORS = 100_000


class Refused(Exception):
    pass


def main(path: str, chosen: str) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        check_sizes(path)
        write(path, chosen)
    except Refused as refused:
        tell(refused=str(refused))
    except MemoryError:
        tell(refused=TOO_LARGE)


def check_sizes(path: str) -> None:
    try:
        with zipfile.ZipFile(path) as parts:
            if sum(part.file_size for part in parts.infolist()) > UNPACKED:
                raise Refused(TOO_LARGE)
            if not any(part.filename.startswith("xl/") for part in parts.infolist()):
                raise Refused("This is an archive, not a spreadsheet. Unpack it, and upload the file in it.")
    except zipfile.BadZipFile:
        raise Refused("The spreadsheet is damaged. Open it, save it again, and upload that file.") from None


def write(path: str, chosen: str) -> None:
    import python_calamine  # noqa: PLC0415 - under the limits

    try:
        book = python_calamine.CalamineWorkbook.from_path(path)
        sheets = [
            sheet.name
            for sheet in book.sheets_metadata
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            and sheet.visible == python_calamine.SheetVisibleEnum.Visible
        ]
        if not sheets:
            raise Refused("The spreadsheet has no visible sheet.")
        name = chosen if chosen in sheets else sheets[0]
        sheet = book.get_sheet_by_name(name)
        for other in sheets[1:] if not chosen else ():
            if sheet.total_height:
                break
            name, sheet = other, book.get_sheet_by_name(other)
        errors = errors_of(path, name)
        tell(sheets=sheets, sheet=name)
        left = sheet.start[1] if sheet.start else 0  # empty columns before the first are not told
        own = is_own(path)
        rows = csv.writer(sys.stdout)
        for y, row in enumerate(rows_of(sheet, own), start=1):
            for x, error in errors.get(y, {}).items():
                if left <= x < left + len(row):
                    row[x - left] = error
            rows.writerow(row)
        sys.stdout.flush()
    except python_calamine.PasswordError:
        raise Refused("The spreadsheet is protected by a password. Remove it, and upload the file again.") from None
    except python_calamine.CalamineError:
        raise Refused("The spreadsheet is damaged. Open it, save it again, and upload that file.") from None


def rows_of(sheet: Any, own: bool) -> Iterator[list[str]]:
    """From the first row of the sheet on, so that rows are numbered as in the spreadsheet."""
    for row in sheet.iter_rows():
        texts = [text_of(cell) for cell in row]
        yield [marked(text) if text[:1] in ("'", "=") else text for text in texts] if own else texts


def is_own(path: str) -> bool:
    """Whether Handout wrote it (files.py): then a text that begins with an apostrophe is that text. In other workbooks the
    apostrophe was left by a CSV file that a spreadsheet had opened."""
    with zipfile.ZipFile(path) as parts, suppress(KeyError):
        return OWN in parts.read("docProps/core.xml")
    return False


def text_of(cell: Any) -> str:
    """As a person sees it in the spreadsheet: whole numbers without ".0", dates by the type of the cell."""
    match cell:
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return number(cell)
        case datetime():
            moment = cell + timedelta(microseconds=500)  # a spreadsheet counts in parts of a day
            milliseconds = moment.microsecond // 1000
            moment = moment.replace(microsecond=milliseconds * 1000)
            if moment.time() == time.min:
                return moment.date().isoformat()
            return moment.isoformat(sep=" ", timespec="milliseconds" if milliseconds else "seconds")
        case date():
            return cell.isoformat()
        case time():
            return cell.isoformat(timespec="seconds")
        case timedelta():
            return str(cell)
    return str(cell)


def number(value: float) -> str:
    """Spreadsheets keep 15 digits: 0.1 + 0.2 is shown as 0.3, and what was longer ends in zeros."""
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if value == int(value) and abs(value) < 2**53:
        return str(int(value))
    return f"{Decimal(f'{value:.15g}'):f}"


def errors_of(path: str, name: str) -> dict[int, dict[int, str]]:
    """{row: {column, from 0: "#N/A"}} of the cells of a sheet that hold an error."""
    found: dict[int, dict[int, str]] = {}
    with zipfile.ZipFile(path) as parts:
        part = part_of(parts, name)
        if part not in parts.namelist():
            return found
        with parts.open(part) as xml:
            text = b""
            while piece := xml.read(PIECE):
                text = text[-OVERLAP:] + piece
                if b't="e"' not in text:
                    continue
                for letters, row, error in ERROR.findall(text):
                    if len(found) > MOST_ERRORS:
                        raise Refused("More than 100,000 rows hold an error such as #N/A. Correct the formulas first.")
                    found.setdefault(int(row), {})[column(letters)] = error.decode(errors="replace")
    return found


def part_of(parts: zipfile.ZipFile, name: str) -> str:
    """Where the cells of that sheet are; "" where the workbook does not say."""
    try:
        book = ElementTree.fromstring(parts.read("xl/workbook.xml"))  # noqa: S314 - under the limits
        links = ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    except (KeyError, ElementTree.ParseError):
        return ""
    ids = [
        value
        for sheet in book.iterfind(".//{*}sheet")
        if sheet.get("name") == name
        for key, value in sheet.items()
        if key.endswith("}id")
    ]
    target = next((link.get("Target", "") for link in links.iterfind("{*}Relationship") if link.get("Id") in ids), "")
    return normpath(join("xl", target)).lstrip("/") if target else ""


def column(letters: bytes) -> int:
    at = 0
    for letter in letters:
        at = at * 26 + letter - ord("A") + 1
    return at - 1


def tell(**what: Any) -> None:
    print(json.dumps(what), file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
