"""How a CSV file is written: for a spreadsheet of some country, or for a program."""

from __future__ import annotations

import re
from typing import NamedTuple

from django.db import models
from django.db.models import Func, TextField, Value

from config.imports.kinds import MARK, Code, Column, Day, Text, Time


class Delimiter(models.TextChoices):
    COMMA = "comma", "Comma"
    SEMICOLON = "semicolon", "Semicolon"
    TAB = "tab", "Tab"

    @property
    def sign(self) -> str:
        return {"comma": ",", "semicolon": ";", "tab": "\t"}[self.value]


class Dates(models.TextChoices):
    ISO = "iso", "ISO 8601 in UTC: 2026-12-31T22:59:59.000Z"
    LOCAL = "local", "Local time: 2026-12-31 23:59:59"
    DAY_FIRST = "day_first", "Local time: 31.12.2026 23:59:59"
    MONTH_FIRST = "month_first", "Local time: 12/31/2026 23:59:59"


class CsvLayout(NamedTuple):
    delimiter: str = Delimiter.COMMA.sign
    byte_order_mark: bool = False  # without it, Excel takes UTF-8 for Windows-1252
    lossless: bool = False  # every character as it is stored, formulas too: for programs
    protects: bool = False  # what Excel would read as a number, a date or TRUE is marked as text
    dates: str = Dates.ISO
    zone: str = "UTC"  # of local times

    def cells(self, columns: list[Column]) -> list[Func]:
        return [self._cell(column.cell()) for column in columns]

    def _cell(self, cell: Func) -> Func:
        (value,) = cell.get_source_expressions()
        if self.dates != Dates.ISO and isinstance(cell, Time):
            return _LocalTime(value, pattern=_PATTERNS[self.dates], zone=self.zone.replace("'", ""))
        if self.dates != Dates.ISO and isinstance(cell, Day):
            return _LocalDay(value, pattern=_PATTERNS[self.dates])
        if self.protects and not self.lossless and isinstance(cell, Text):
            return _Protected(cell, _WHOLE, kind="code" if isinstance(cell, Code) else "other")
        return cell


PLAIN = CsvLayout()

_PATTERNS: dict[str, str] = {Dates.LOCAL: "YYYY-MM-DD", Dates.DAY_FIRST: "DD.MM.YYYY", Dates.MONTH_FIRST: "MM/DD/YYYY"}


class _LocalTime(Func):
    """Without a fraction where it has none. In the hour that comes twice when summer time ends, the second one is told
    apart by standing in UTC."""

    output_field = TextField()
    template = f"""(SELECT CASE WHEN (at - interval '1 hour') AT TIME ZONE '%(zone)s' = at AT TIME ZONE '%(zone)s'
            THEN {Time.template.replace("%(expressions)s", "at")}
            ELSE rtrim(rtrim(to_char(at AT TIME ZONE '%(zone)s', '%(pattern)s HH24:MI:SS.MS'), '0'), '.') END
       FROM (SELECT %(expressions)s) AS this (at))"""  # noqa: S608 - our own constants


class _LocalDay(Func):
    output_field = TextField()
    template = "to_char((%(expressions)s)::date, '%(pattern)s')"


# What Excel does not take for the text that it is: 00012345, 20 digits, 1E10, 12-MAR, TRUE. Months and truth are those of
# English, German, French, Spanish and Italian. And what an import would take an apostrophe off: '00123, 'TRUE.
_MONTH = (
    "(jan(uary|uar)?|feb(ruary|ruar)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?"
    "|nov(ember)?|dec(ember)?|mrz|m[äÄ]rz?|mai|juni|juli|okt(ober)?|dez(ember)?|janv|f[éÉ]vr|avr(il)?|juin|juil(let)?|ao[ûÛ]t"
    "|d[éÉ]c|ene|abr|ago|dic|gen|mag|giu|lug|set|ott)"
)
MISREAD = "|".join(
    (
        "-?0[0-9]+",  # zeros in front are lost
        "-?[0-9]{12,}",  # shown, and saved again, as 1.23457E+11
        "-?[0-9][0-9,. ]*[,.][0-9,. ]*",  # decimals and thousands, of one country or another
        "-?([0-9]+[.,]?[0-9]*|[.,][0-9]+)E[+-]?[0-9]+",
        "[0-9]{1,4}[-/. ][0-9]{1,2}([-/. ][0-9]{1,4})?([T ]+[0-9]{1,2}:[0-9:.]+)?",  # days, and fractions: 1/2
        "[0-9]+ [0-9]+/[0-9]+",
        f"[0-9]{{1,4}}[-/. ]*{_MONTH}[.]?((,? *|[-/.])[0-9]{{1,4}})?",
        f"{_MONTH}[-/. ]*[0-9]{{1,4}}((, *| +|[-/.])[0-9]{{1,4}})?",
        "[0-9]{1,4}:[0-9]{1,2}(:[0-9]{1,2}([.,][0-9]+)?)?( *[AP]M?)?",
        "[0-9]{1,2} +[AP]M?",
        "[$€£¥] *[0-9][0-9.,]*|[0-9][0-9.,]* *[%€$£¥]|[(][0-9.,]+[)]",
        "true|false|wahr|falsch|vrai|faux|verdadero|falso|vero",
        "''*([0-9][0-9A-Z_./-]*|TRUE|FALSE)",
    )
)
_WHOLE = Value(f"^ *({MISREAD}) *$")
_LONGEST = 40
_PROTECTED = re.compile(rf'"?{MARK}:(code|other):([^~]*)~"?'.encode())


class _Protected(Func):
    """A text that Excel would misread is marked by the database, and becomes a formula that gives that very text while
    the lines pass through. The pattern allows no quotes in it, so nothing can be smuggled into the formula."""

    output_field = TextField()
    template = f"""(SELECT CASE WHEN length(cell) <= {_LONGEST} AND cell ~* pattern
            THEN '{MARK}:%(kind)s:' || cell || '~' ELSE cell END
       FROM (SELECT %(expressions)s) AS this (cell, pattern))"""  # noqa: S608 - our own constants


class Protected(NamedTuple):
    lines: bytes
    codes: int
    others: int


def with_protection(lines: bytes) -> Protected:
    """The lines with the marked cells in their final form, and how many of them were codes."""
    kinds = [kind for kind, _ in _PROTECTED.findall(lines)]
    if not kinds:
        return Protected(lines, 0, 0)
    codes = kinds.count(b"code")
    return Protected(_PROTECTED.sub(rb'"=""\2"""', lines), codes, len(kinds) - codes)
