"""What the cells of a file that leaves Handout are: declared once a column, written as CSV or into a spreadsheet."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from django.db.models import F, Func, TextField
from django.db.models.expressions import Combinable

from config.public_ids import CAMPAIGN, public_id


class Text(Func):
    """Text that somebody typed or sent. An empty one is an empty cell, like NULL."""

    output_field = TextField()
    template = "nullif((%(expressions)s)::text, '')"


class Code(Text):
    """A voucher's code, in clear or masked."""


class Number(Func):
    """A number without trailing zeros: 10.5000 is 10.5."""

    output_field = TextField()
    template = "trim_scale((%(expressions)s)::numeric)::text"


class Money(Number):
    """A number that a spreadsheet shows with two decimals."""


class Flag(Func):
    """true or false."""

    output_field = TextField()
    template = "(%(expressions)s)::text"


class Time(Func):
    """A moment as the API writes it: 2026-11-24T09:30:00.000Z."""

    output_field = TextField()
    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""


class Day(Func):
    """A day without a time, such as a birthdate: 1990-05-17."""

    output_field = TextField()
    template = "(%(expressions)s)::text"


MARK = secrets.token_hex(16)  # drawn anew by each process, so that no text in the database can hold it
_MARKED = re.compile(rf"{MARK}:(\w+):(\d+);".encode())


class PublicId(Func):
    """A row's key, to become its public id with the given `prefix`: what the database cannot make is put in while the
    lines pass through."""

    output_field = TextField()
    template = f"('{MARK}:%(prefix)s:' || (%(expressions)s)::text || ';')"


class Column(NamedTuple):
    """A heading, where its cells come from (a field's name or an expression), and what they are."""

    heading: str
    value: str | Combinable
    kind: Callable[..., Func] = Text

    def cell(self) -> Func:
        return self.kind(F(self.value) if isinstance(self.value, str) else self.value)


def has_public_ids(cells: Sequence[Func]) -> bool:
    """Also reads what ids are made with from the database: while rows are copied out, their connection is busy, and the
    first id would wait for it for ever."""
    if not any(isinstance(cell, PublicId) for cell in cells):
        return False
    public_id(CAMPAIGN, 1)
    return True


def with_public_ids(lines: bytes) -> bytes:
    return _MARKED.sub(lambda found: _public_id(found[1], found[2]), lines)


@lru_cache(maxsize=10_000)  # an id takes 18 µs; a campaign or customer stands in many lines
def _public_id(prefix: bytes, key: bytes) -> bytes:
    return public_id(prefix.decode(), int(key)).encode()
