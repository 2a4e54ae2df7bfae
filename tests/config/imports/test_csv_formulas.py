"""No cell of a file becomes a formula, however a spreadsheet splits it; and what hides one can be taken away again."""

import csv
import io
import itertools
import re
import sys
import unicodedata

import pytest
from defusedcsv.csv import _escape as as_defusedcsv_would
from django.db.models import Value
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.codes.models import Voucher
from config.imports.csv.cells import text_of
from config.imports.csv.files import csv_file, csv_line
from config.imports.csv.formulas import SIGNS, neutralised, neutralised_row, neutralised_rows, restored
from config.imports.kinds import Column

SPLIT_AT = [",", ";", "\t"]  # what spreadsheets split at, unasked
# Every text of up to three of these, and many longer ones: what begins a formula, and what may stand around it.
PARTS = [*"=+-@|%＝﹢", *"\t\n\r \u3000\ufeff", *",;'\"\\.1Aé"]  # noqa: RUF001 - look-alikes on purpose
TEXTS = ["".join(parts) for n in range(4) for parts in itertools.product(PARTS, repeat=n)]
LONGER = st.text(st.sampled_from([*PARTS, *SIGNS, "\v", "\f", "\x85", "\u2028", "\x00", "\x1f", "\u200b"]), max_size=12)
CELLS = st.lists(LONGER | st.text(max_size=8), min_size=1, max_size=4)
# PostgreSQL cannot hold it.
WITHOUT_NUL = CELLS.filter(lambda cells: "\0" not in "".join(cells))


def as_a_spreadsheet_might(text: str, delimiter: str) -> tuple[list[str], list[str]]:
    """The cells of a file, split at what this one takes for its delimiter; quotes are minded, and then not."""
    minded = [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) for cell in row]
    naive = [cell for line in re.split("[\n\v\f\r\x85\u2028\u2029]", text) for cell in line.split(delimiter)]
    return minded, naive


def is_formula(cell: str) -> bool:
    """Behind all that is not seen, or may be taken for a quote: a sign, of any width or height."""
    seen = "".join(c for c in cell if not (c.isspace() or unicodedata.category(c) in ("Cc", "Cf"))).lstrip('"')
    return unicodedata.normalize("NFKC", seen)[:1] in tuple("=+-@|%") and not re.fullmatch("-?[0-9,.]+", cell)


@given(CELLS, st.sampled_from(SPLIT_AT))
@example(["=1+1"], ",")
@example([" =1+1", "\t=1+1", "\n=1+1", "\u3000＝1+1", "﹦1+1", "|cmd"], ",")  # noqa: RUF001
@example(["Ann;=HYPERLINK(1)", "Ann\t+1", "Ann\n-1", 'Ann;"=1+1;'], ",")
@example(["Ann,=1+1"], ";")
@example(["-5;=1"], ",")
@example(["\x80=1"], ",")
def test_no_formula_opens_whatever_a_spreadsheet_splits_at(cells, delimiter):
    written = csv_line(["id", *cells], delimiter=delimiter).decode()

    own, _ = as_a_spreadsheet_might(written, delimiter)
    foreign = [found for other in {*SPLIT_AT} - {delimiter} for found in as_a_spreadsheet_might(written, other)]
    assert [cell for cell in itertools.chain(own, *foreign) if is_formula(cell)] == []


@given(CELLS, st.sampled_from([*SPLIT_AT, "|"]))
def test_what_was_made_harmless_can_be_restored(cells, delimiter):
    written = [neutralised(cell, delimiter) for cell in cells]

    assert [restored(cell, delimiter) for cell in written] == cells


def test_what_a_cell_begins_with_is_restored_by_every_import():
    one_cell_to_all = [text for text in TEXTS if text == text.strip() and not set(text) & set(";\t\n\r")]

    # An apostrophe before digits is one that somebody typed, to tell a spreadsheet that they are text.
    meant = [text for text in one_cell_to_all if not re.match(r"'+\d", text)]

    assert [text for text in meant if text_of(neutralised(text)) != text] == []


def test_the_signs_are_those_that_unicode_takes_for_one():
    alike = {chr(n) for n in range(sys.maxunicode + 1) if unicodedata.normalize("NFKC", chr(n))[:1] in tuple("=+-@|%")}

    assert set(SIGNS) == alike


def test_what_defusedcsv_neutralises_is_neutralised():
    forgotten = [t for t in TEXTS if as_defusedcsv_would(t) != t == neutralised(t)]

    assert forgotten == []


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd\\|' /C calc'!A0"),
        ("+49 30 1234567", "'+49 30 1234567"),
        ("-5", "-5"),
        ("-1,000.50", "-1,000.50"),
        ("-5+1", "'-5+1"),
        ("Ann; =1+1", "Ann; '=1+1"),
        ("Bring:\n- a pen", "Bring:\n'- a pen"),
        ("ann@example.com", "ann@example.com"),
        ("Rome, -5 °C", "Rome, -5 °C"),
        ('{"a": [1, -2]}', '{"a": [1, -2]}'),
        (-5, -5),
        (None, None),
    ],
)
def test_a_cell(cell, written):
    assert neutralised(cell) == written


@given(WITHOUT_NUL)
def test_a_row_of_postgresql_is_written_as_a_row_of_python(cells):
    as_it_is = csv_line(cells, lossless=True)[:-2]

    assert neutralised_row(as_it_is) == csv_line(cells)[:-2]


@given(st.lists(WITHOUT_NUL, max_size=4))
@example([["Ann"], ["=1+1"], ["Bring:\na pen"]])
@example([["••••••EZ", "Ann"], ["", "•=1"]])
def test_rows_that_are_searched_at_once_are_written_as_rows_of_python(rows):
    as_they_are = [csv_line(cells, lossless=True)[:-2] + b"\n" for cells in rows]

    assert neutralised_rows(as_they_are) == b"".join(map(csv_line, rows))
    assert neutralised_rows(as_they_are, lossless=True) == b"".join(csv_line(cells, lossless=True) for cells in rows)


@pytest.mark.django_db
def test_postgresql_and_python_write_the_same_file():
    texts = [text for text in TEXTS if 0 < len(text) < 3]
    vouchers = (Voucher(code=f"C{n}", additional_info=text) for n, text in enumerate(texts))
    Voucher.objects.bulk_create(vouchers, batch_size=2_000)

    columns = [Column("Info", "additional_info"), Column("End", Value("."))]
    with csv_file(columns, [Voucher.objects.order_by("id")]) as file:
        written = b"".join(file.content.chunks())

    assert written == b"".join(map(csv_line, [["Info", "End"], *([text, "."] for text in texts)]))


@pytest.mark.parametrize("hostile", [";" * 30_000, '"' * 30_000, " " * 30_000, ";'" * 15_000, "\n" * 30_000])
def test_a_cell_made_to_be_searched_for_long_is_not(hostile):
    """In quadratic time this would take minutes."""
    for _ in range(20):
        neutralised_row(csv_line([hostile], lossless=True))
        assert restored(neutralised(hostile), ",") == hostile
