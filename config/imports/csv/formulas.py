"""What a spreadsheet would run as a formula in a CSV file, how it is made harmless, and how that is taken back.

By OWASP's page on CSV injection, and beyond defusedcsv: a cell begins a formula also behind white space and quotes and
with a look-alike of a sign; and since many spreadsheets split at semicolons whatever the file does, a formula may begin
in the midst of one of its cells. An apostrophe before it makes it text. ADR 0008 has the reasons and figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

# What begins a formula, or did in old spreadsheets, and what Unicode's compatibility forms turn into one of these.
SIGNS = "=+-@|%⁺⁼₊₌⩵⩶﬩﹢﹣﹦﹪﹫％＋－＝＠｜"  # noqa: RUF001 - look-alikes on purpose
# What a spreadsheet may skip before it, and what it may split at or take for quoting.
_BLANK = (
    r"\x00-\x08\x0e-\x20\x7f-\x84\x86-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u202a-\u202f\u205f-\u206f\u3000\ufeff"
)
_BREAK = r"\t\n\v\f\r\x85\u2028\u2029"
_SIGN = rf"(?:[{re.escape(SIGNS)}]|\\+\|)"  # a bar is written as \|, which has to be told from one that was so already
_START = re.compile(rf"""'*[\t\r\n]|[{_BLANK}{_BREAK},;"']*+{_SIGN}""")
_HIDDEN_START = re.compile(rf"'(?={_START.pattern})")
_NUMBER = re.compile(r"-?[0-9,.]+")  # -5 and -1,000.50 are no formulas

# A superset of what is changed, to be looked for in UTF-8. What matters beyond ASCII begins with one of these bytes, or
# ends with one where it separates. What may stand between a separator and a sign is deleted.
_BETWEEN = bytes([*range(0x01, 0x09), *range(0x0E, 0x21), 0x7F]) + b"\"'"
_SEPARATORS, _SIGNS = b",;\0\n\v\f\r\x85\xa8\xa9", b"=+-@|%\\\xc2\xd8\xe1\xe2\xe3\xef"
_COMMA_OR_EQUAL = bytes.maketrans(_SEPARATORS + _SIGNS, b"," * len(_SEPARATORS) + b"=" * len(_SIGNS))
_BULLET = "•".encode()  # hides codes, in each line of some reports; it only begins like a sign
_CELL = {sign: re.compile(rf"""(?:^|{sign})("(?:[^"]++|"")*+"|[^{sign}]*+)""") for sign in ",;\t"}
_SEPARATES = re.compile(rb"[;\t\n\v\f\r\x85\xa8\xa9]")
# In a file that is split at tabs, a cell that holds one stands in quotes.
_HOLDS_TAB = re.compile(rb"""["'][\t]""")


def neutralised(cell: Any, delimiter: str = ",") -> Any:
    """The cell as it may stand in a file that is split at `delimiter`: "=1+1" becomes "'=1+1". Numbers stay numbers,
    also typed ones.

    Within quotes the file's own delimiter is one to nobody; at others a spreadsheet may split all the same.
    """
    if not isinstance(cell, str) or _NUMBER.fullmatch(cell):
        return cell
    harmless = _inner(delimiter).sub(r"\1'", cell)
    return hidden(harmless) if _START.match(cell) else harmless


def hidden(cell: str) -> str:
    """A cell that begins with a formula, behind an apostrophe."""
    return "'" + cell.replace("|", "\\|")


def restored(cell: str, delimiter: str) -> str:
    """What `neutralised` was given."""
    return _inner(delimiter, "'").sub(r"\1", without_apostrophe(cell))


def without_apostrophe(cell: str) -> str:
    """The cell without the apostrophe in front of it that keeps a spreadsheet from calculating: '+1 555 0100 means
    +1 555 0100. Spreadsheets hide it, and so people type it as well."""
    if _HIDDEN_START.match(cell):
        return cell[1:].replace("\\|", "|")
    return cell


def neutralised_rows(
    rows: Sequence[bytes | bytearray | memoryview], *, lossless: bool = False, delimiter: str = ","
) -> bytes:
    """The same of records as PostgreSQL writes them, each ending with \\n, as lines of a file, each ending with \\r\\n.

    Most hold nothing that could begin a formula, and are only searched, all at once.
    """
    lines = b"".join(rows)
    one_line_each = lines.count(b"\n") == len(rows)
    if one_line_each and (lossless or not _is_suspect(lines, delimiter)):
        return lines.replace(b"\n", b"\r\n")
    records = (bytes(row[:-1]) for row in rows)
    return b"".join((record if lossless else neutralised_row(record, delimiter)) + b"\r\n" for record in records)


def _is_suspect(rows: bytes, delimiter: str) -> bool:
    plain = rows.replace(_BULLET, b"")
    if delimiter == "\t":
        if _HOLDS_TAB.search(plain):
            return True
        plain = plain.replace(b"\t", b",")
    seen = plain.translate(_COMMA_OR_EQUAL, _BETWEEN)
    return seen[:1] == b"=" or b",=" in seen or b"\t" in plain or b"\r" in rows


def neutralised_row(row: bytes, delimiter: str = ",") -> bytes:
    """The same of one record, without its end."""
    if b"\n" not in row and not _is_suspect(row, delimiter):
        return row
    anywhere = delimiter != "," or _SEPARATES.search(row)
    cells = _CELL[delimiter].findall(row.decode())
    for place, cell in enumerate(cells):
        if anywhere or _START.match(cell):  # also behind the quote that opens it
            cells[place] = (
                f'"{_neutralised_quoted(cell, delimiter)}"' if cell[:1] == '"' else neutralised(cell, delimiter)
            )
    return delimiter.join(cells).encode()


def neutralised_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The same of a whole file that was written as it is stored."""
    record, quotes = b"", 0
    for line in lines:
        record += line
        quotes += line.count(b'"')
        if quotes % 2 == 0:  # else a cell goes on in the next line
            yield neutralised_row(record.removesuffix(b"\r\n")) + b"\r\n"
            record = b""


def _neutralised_quoted(cell: str, delimiter: str) -> str:
    return neutralised(cell[1:-1].replace('""', '"'), delimiter).replace('"', '""')


@lru_cache
def _inner(delimiter: str, hidden: str = "") -> re.Pattern[str]:
    """What stands before a formula (and the apostrophe that hides it) in the midst of a cell."""
    separators = "".join({",", ";"} - {delimiter})
    return re.compile(rf"""([{separators}{_BREAK}][{_BLANK}"']*){hidden}(?={_SIGN})""")
