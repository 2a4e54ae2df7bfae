"""Reads whom a list names, pasted or from a file: a customer a line, or a table whose headings say where the names are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from django.core.files import File

from config.imports.csv.uploads import look_at

LONGEST_LINE = 10_000  # characters
SEPARATORS = ";,\t"
# Of a column, in any case, with "_" for " ". A source ID means one customer, so it is asked before an address.
SOURCE_IDS = {"source id", "customer source id", "customer id", "external id"}
IDS = {"id", "customer"}
ADDRESSES = {"email", "e-mail", "mail", "email address", "e-mail address", "sent to"}


def named_in(lines: Iterable[str]) -> Iterator[str]:
    """For each line what names the customer: of several cells the first, or under headings the source ID, or else the
    ID or the e-mail address. "" for a blank line and for the headings.
    """
    separator, columns = "", list[int]()
    for number, line in enumerate(lines, start=1):
        if number == 1:
            line = line.lstrip("\ufeff")
            separator, columns = _headings(line)
            if columns:
                yield ""
                continue
        if columns and separator and separator in line:
            cells = _cells(line, separator)
            named = [cells[column] for column in columns if column < len(cells) and cells[column]]
            # A row that names nobody is told of by what it does hold.
            yield (named or [cell for cell in cells if cell] or [""])[0]
        else:
            yield _first_cell(line)


def lines_of(file: BinaryIO | File) -> Iterator[str]:
    """In whatever encoding, as they are taken: a file of a million lines is never in memory as a whole. Raises NotCsv."""
    encoding = look_at(file).encoding
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline=None)  # type: ignore[type-var]
    return iter(lambda: text.readline(LONGEST_LINE), "")


def _headings(line: str) -> tuple[str, list[int]]:
    """The separator, "" between none; and the columns that name customers, the best first, [] where these are no headings."""
    separator = max(f"{SEPARATORS}|", key=line.count)
    separator = separator if separator in line else ""
    names = [cell.lower().replace("_", " ") for cell in _cells(line, separator)]
    return separator, [at for kind in (SOURCE_IDS, IDS, ADDRESSES) for at, name in enumerate(names) if name in kind]


def _cells(line: str, separator: str) -> list[str]:
    try:
        row = next(csv.reader([line.strip("\r\n")], delimiter=separator), []) if separator else [line]
    except csv.Error:
        row = line.split(separator)
    return [_address(cell) for cell in row]


def _first_cell(line: str) -> str:
    """Of `"ada@example.com";Ada` or `Ada <ada@example.com>`: the address."""
    line = line.strip()
    if not line.endswith(">"):
        for separator in SEPARATORS:
            line = line.partition(separator)[0]
    return _address(line)


def _address(cell: str) -> str:
    cell = cell.strip()
    if cell.endswith(">") and "<" in cell:
        cell = cell[cell.rindex("<") + 1 : -1]
    return cell.strip().strip("\"'").strip()
