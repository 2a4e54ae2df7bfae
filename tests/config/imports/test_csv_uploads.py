"""Reading CSV files as people have them."""

import io
import tracemalloc
from collections import deque

import pytest

from config.imports.csv import uploads as csv_uploads
from config.imports.csv.uploads import (
    MAX_LINE,
    MAX_RECORD,
    MISPLACED_QUOTE,
    TOO_LONG_A_ROW,
    NotCsv,
    Reading,
    look_at,
    read_csv,
)

UTF8 = Reading("utf-8-sig", ",")


def rows_of(content: bytes, reading: Reading = UTF8) -> list[tuple[int, list[str]]]:
    """The good rows."""
    _, rows = read_csv(io.BytesIO(content), reading)
    return [(row.number, row.cells) for row in rows if not row.problem]


def problems_of(content: bytes, reading: Reading = UTF8) -> list[tuple[int, str]]:
    _, rows = read_csv(io.BytesIO(content), reading)
    return [(row.number, row.problem) for row in rows if row.problem]


@pytest.mark.parametrize(
    ("content", "reading"),
    [
        ("Code,Region\nA,Málaga\n".encode(), Reading("utf-8-sig", ",")),
        ("Code;Region\nA;Málaga\n".encode("utf-8-sig"), Reading("utf-8-sig", ";")),
        ("Code\tRegion\nA\tMálaga\n".encode("utf-16"), Reading("utf-16", "\t")),
        ("Code|Region\nA|Málaga\n".encode("cp1252"), Reading("cp1252", "|", guessed=True)),
        (b"Code;Value\nA;10,5\nB;7,25\n", Reading("utf-8-sig", ";")),
        (b"Code\nA\n", Reading("utf-8-sig", ",")),
        ("Code\nA\n".encode("utf-16-le"), Reading("utf-16-le", ",")),
        ("Code;Region\nA;Lyon\n".encode("utf-16-be"), Reading("utf-16-be", ";")),
        (b'Name;"Note, long";City\nAnn;"a, b, c, d";Rome\n', Reading("utf-8-sig", ";")),
    ],
)
def test_encoding_and_delimiter_are_found(content, reading):
    found = look_at(io.BytesIO(content))

    assert found == reading


def test_the_encoding_is_judged_by_the_whole_file():
    ascii_start = b"Code,Region\n" + b"A,Europe\n" * 20_000

    late_cp1252 = look_at(io.BytesIO(ascii_start + "A,Málaga\n".encode("cp1252")))
    one_slip_in_utf8 = look_at(io.BytesIO(ascii_start + "A,Málaga\n".encode() * 3 + b"A,M\xe1laga\n"))

    assert late_cp1252.encoding == "cp1252"
    assert one_slip_in_utf8.encoding == "utf-8-sig"


def test_cells_may_hold_delimiters_quotes_and_line_breaks():
    content = b'Code,Note\r\nA,"one, two"\r\nB,"say ""hi"""\r\nC,"line 1\r\nline 2"\r\nD,last'

    rows = rows_of(content)

    assert rows == [(2, ["A", "one, two"]), (3, ["B", 'say "hi"']), (4, ["C", "line 1\r\nline 2"]), (5, ["D", "last"])]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end(line_end):
    content = line_end.join(["Code,Region", "A,Rome", "B,Oslo"]).encode()

    assert rows_of(content) == [(2, ["A", "Rome"]), (3, ["B", "Oslo"])]


def test_blank_rows_are_left_out_but_counted():
    content = b"\nCode,Region\n\nA,Rome\n,\n   \nB,Oslo\n"

    headings, _ = read_csv(io.BytesIO(content), UTF8)

    assert headings == ["Code", "Region"]
    assert rows_of(content) == [(4, ["A", "Rome"]), (7, ["B", "Oslo"])]


def test_a_row_that_is_too_short_or_too_long_is_named():
    content = b"Code,Region\nA\nB,Rome\nC,Rome,Oslo\nD,Rome,,\n"

    assert rows_of(content) == [(3, ["B", "Rome"]), (5, ["D", "Rome"])]
    assert [(number, text[:52]) for number, text in problems_of(content)] == [
        (2, "This row has 1 cell, too few for the 2 headings. Put"),
        (4, "This row has 3 cells, too many for the 2 headings. P"),
    ]


def test_a_quote_that_is_not_closed_spoils_its_own_row_only():
    content = b'Code,Region\nA,Rome\nB,"Oslo\nC,Paris\n"D",Madrid\nE,Rome\n'

    assert problems_of(content) == [(3, MISPLACED_QUOTE)]
    assert rows_of(content) == [(2, ["A", "Rome"]), (4, ["C", "Paris"]), (5, ["D", "Madrid"]), (6, ["E", "Rome"])]


@pytest.mark.parametrize("below", [0, 1, 30_000])
def test_also_where_no_other_quote_follows(below):
    content = b'Code,Region\nA,"Rome\n' + b"B,Oslo is far away\n" * below

    assert [number for number, _ in problems_of(content)] == [2]
    assert len(rows_of(content)) == below


def test_a_quote_within_a_quoted_cell_must_be_doubled():
    content = b'Code,Region\nA,"Ro"me"\nB,5" disk\n'

    assert problems_of(content) == [(2, MISPLACED_QUOTE)]
    assert rows_of(content) == [(3, ["B", '5" disk'])]


def test_bytes_that_are_no_text_are_reported_by_row():
    utf8 = b"Code,Region\nA,Rome\nB,M\xe1laga\nC,Oslo\n"
    utf16 = "Code,Region\nA,Rome\n".encode("utf-16") + b"\x00\xd8" + "B,Oslo\nC,Rome\n".encode("utf-16-le")

    assert rows_of(utf8) == [(2, ["A", "Rome"]), (4, ["C", "Oslo"])]
    assert problems_of(utf8) == [
        (
            3,
            "This row contains bytes that are not valid UTF-8. Save the file as “CSV UTF-8”, or choose its encoding.",
        )
    ]
    assert [number for number, _ in problems_of(utf16, Reading("utf-16", ","))] == [3]
    assert rows_of(b"Code\n\x81A\nB\n", Reading("cp1252", ",")) == [(3, ["B"])]


def test_a_nul_is_reported_by_row():
    content = b"Code\nA\nB\0C\nD\n"

    assert rows_of(content) == [(2, ["A"]), (4, ["D"])]
    assert problems_of(content) == [(3, "This row contains a NUL character. Remove it.")]


def test_a_line_without_end_is_not_read_into_memory():
    content = b"Code,Region\nA,Rome\n" + b"B," * (MAX_LINE // 2 + 10) + b"\nC,Oslo\n"

    assert rows_of(content) == [(2, ["A", "Rome"]), (4, ["C", "Oslo"])]
    assert [number for number, _ in problems_of(content)] == [3]


def test_a_quote_that_is_open_for_many_cells_spoils_its_own_row_only():
    good = b'C,",",Paris\n'  # within a quote that is open, it closes it and opens the next
    content = b'Code,Mark,City\nA,"Rome\n' + good * (MAX_RECORD // len(good) + 1)

    assert problems_of(content) == [(2, TOO_LONG_A_ROW)]
    assert rows_of(content)[-1] == (MAX_RECORD // len(good) + 3, ["C", ",", "Paris"])


def test_a_file_of_quotes_left_open_is_refused_before_it_is_read_for_hours_or_held(monkeypatch):
    monkeypatch.setattr(csv_uploads, "READ_AGAIN", 2 * MAX_RECORD)  # fifty times as much otherwise
    left_open = b'C","Rome\n'  # as a row, and within a quote that is open
    content = io.BytesIO(b"Code,City\nA,Rome\n" + left_open * (2 * MAX_RECORD // len(left_open)))
    _, rows = read_csv(content, UTF8)

    tracemalloc.start()
    with pytest.raises(NotCsv) as refused:
        deque(rows, maxlen=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert str(refused.value) == (
        "Too many rows open a double quote and do not close it; the latest is row 5. "
        "Close the quotes, or export the file again with every quote inside a cell written twice."
    )
    assert peak < 40_000_000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty. Its first row must contain headings, such as “Code”, or data."),
        (b" \r\n\r\n", "The file is empty. Its first row must contain headings, such as “Code”, or data."),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 50, "This is a spreadsheet of an old kind (.xls), or an archive. In Excel choose File, "
         "Save as, “Excel Workbook (.xlsx)” or “CSV UTF-8”; in other programs export it as CSV. Then upload that file."),
        (b"%PDF-1.7\n", "This is neither an Excel workbook nor a text file. Upload one of the two: .xlsx, or CSV with one row per line."),
        (b"\xef\xbb\xbf\n<HTML><table><tr><td>Code</td></tr></table>", "This is a web page or XML, whatever its name ends with. Open it in a "
         "spreadsheet, save it as “Excel Workbook (.xlsx)” or “CSV UTF-8”, and upload that file."),
        (b"Code\n\0\0\0\0\0\1\2", "This file is not text. Upload an Excel workbook (.xlsx), or CSV with one row per line."),
    ],
)  # fmt: skip
def test_what_is_no_csv_is_refused_with_advice(content, message):
    with pytest.raises(NotCsv) as refused:
        look_at(io.BytesIO(content))

    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"Code,Region, code\nA,b,c\n", "Two columns have the heading “code”. Give each column a unique heading."),
        (b"Code,M\xe1\nA,b\n", "The headings in row 1 cannot be read. This row contains bytes that are not valid UTF-8. "
         "Save the file as “CSV UTF-8”, or choose its encoding."),
        (b",".join(b"c%d" % n for n in range(201)),
         "The first row has 201 columns; the maximum is 200. Is the delimiter right?"),
        (b"x" * 256, f"A heading is longer than 255 characters: “{'x' * 40}…”. Does the first row contain headings?"),
    ],
)  # fmt: skip
def test_headings_that_cannot_be_used_are_refused(content, message):
    with pytest.raises(NotCsv) as refused:
        read_csv(io.BytesIO(content), UTF8)

    assert str(refused.value) == message
