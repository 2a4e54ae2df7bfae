"""Reads whom a list names, pasted or from a file: customers on lines, or a table whose headings say where they are.

On a line there may be several, however a mail program writes them: `Ada <ada@example.com>; "Bo, Ben" <ben@example.com>`,
`ada@example.com, ben@example.com` or with blanks between. What else stands beside a single address describes it; what
stands among several is told like an address that nobody has, so that nothing is lost silently.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from django.core.files import File

from config.imports.csv.uploads import look_at
from config.imports.xlsx.read_workbook import is_workbook, read_sheet

LONGEST_LINE = 10_000  # characters
SEPARATORS = ";,\t"
# Between recipients also where a comma belongs to a name: “Adler, Ada <ada@example.com>; Bo, Ben <ben@example.com>”.
BETWEEN = ";\t；、"  # noqa: RUF001 - as they are typed in East Asia
COMMAS = ",，"  # noqa: RUF001
AROUND = "\"'<>()[]., \u00a0\u200b\ufeff"
MAILTO = "mailto:"
# Of a column, in any case, with "_" for " ". A source ID means one customer, so it is asked before an address.
SOURCE_IDS = {"source id", "customer source id", "customer id", "external id"}
IDS = {"id", "customer"}
ADDRESSES = {"email", "e-mail", "mail", "email address", "e-mail address", "sent to"}


def named_in(lines: Iterable[str]) -> Iterator[str]:
    """Of each line what names customers: all addresses in it, or else the first cell; under headings the source ID, or else
    the ID or the e-mail address. "" for a blank line and for the headings.
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
            yield from _recipients(line)


def pasted_lines(text: str) -> list[str]:
    """A pasted list with one recipient a line, where it is no table: also IDs that stand beside each other."""
    lines = text.splitlines()
    if not lines or _headings(lines[0].lstrip("\ufeff"))[1]:
        return lines
    return [name for line in lines for name in _recipients(line.lstrip("\ufeff"), all_cells=True)]


def lines_of(file: BinaryIO | File) -> Iterator[str]:
    """In whatever encoding, as they are taken: a file of a million lines is never in memory as a whole. Of a workbook, the
    lines of its first sheet. Raises NotCsv."""
    if is_workbook(file):
        file = read_sheet(file).content
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


def _recipients(line: str, *, all_cells: bool = False) -> list[str]:
    """Who is named on a line that belongs to no table; [""] for a blank one."""
    addresses = line.count("@")
    if not addresses:
        cells = [_address(cell) for cell in _split(line, BETWEEN + COMMAS)]
        named = list(filter(None, cells)) if all_cells else cells[:1]
        return named or [""]
    found: list[str] = []
    for part in _split(line, BETWEEN):
        *named, rest = part.split(">")
        for each in named:  # “Ada Adler <ada@example.com”, perhaps behind other addresses
            before, bracket, address = each.rpartition("<")
            found += _plain(before, others=False) if bracket else _plain(each, others=addresses > 1)
            found += [_address(f"<{address}>")] if bracket else []
        found += _plain(rest, others=addresses > 1)
    return list(filter(None, found)) or [""]


def _plain(text: str, *, others: bool) -> list[str]:
    """The addresses in a text without brackets; with `others`, also what between commas holds none."""
    found: list[str] = []
    for cell in _split(text, COMMAS):
        addresses = [_address(word) for word in cell.split() if "@" in word]
        found += addresses or ([_address(cell)] if others and any(map(str.isalnum, cell)) else [])
    return found


def _split(line: str, separators: str) -> list[str]:
    """At separators outside of quotes; at all of them where a quote is left open."""
    parts, start, quoted = [], 0, False
    quotes = line.count('"') % 2 == 0
    for at, sign in enumerate(line):
        if sign == '"' and quotes:
            quoted = not quoted
        elif sign in separators and not quoted:
            parts.append(line[start:at])
            start = at + 1
    return [*parts, line[start:]]


def _address(cell: str) -> str:
    cell = cell.strip()
    if cell.endswith(">") and "<" in cell:
        cell = cell[cell.rindex("<") + 1 : -1]
    if "@" in cell:
        cell = cell.strip(AROUND)
        return cell[len(MAILTO) :] if cell.lower().startswith(MAILTO) else cell
    return cell.strip().strip("\"'").strip()
