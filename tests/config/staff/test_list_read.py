"""A list of customers may be lines of any kind, or a table whose headings say which column names them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.imports.csv.uploads import NotCsv
from customers.segments.read_list import lines_of, named_in, pasted_lines
from tests.support.workbooks import workbook


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (["ada@example.com", "", " shop-1 "], ["ada@example.com", "", "shop-1"]),
        (["ada@example.com;Ada", '"ben@example.com",Ben'], ["ada@example.com", "ben@example.com"]),
        (['"Adler, Ada" <ada@example.com>', "shop|1"], ["ada@example.com", "shop|1"]),
        (["\ufeffE-Mail", "ada@example.com, Ada"], ["", "ada@example.com"]),
        (["Name,Source_id,Email", "Ada,shop-1,ada@example.com"], ["", "shop-1"]),
        (["Name;E-mail", "Ada; <ada@example.com>"], ["", "ada@example.com"]),
        (['Name,Email,ID', '"Adler, Ada",ada@example.com,'], ["", "ada@example.com"]),
        (["Name|Email", 'Ada|"ada@example.com"', "Ben|"], ["", "ada@example.com", "Ben"]),
        (["Name,Email", "", ","], ["", "", ""]),
        (["Name,City", "Ada,Kyiv"], ["Name", "Ada"]),
        ([], []),
    ],
)  # fmt: skip
def test_what_of_each_line_names_the_customer(lines, named):
    assert list(named_in(lines)) == named


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_file_is_read_in_its_encoding(encoding):
    file = SimpleUploadedFile("list.csv", "Name,Email\r\nZoë,zoë@example.com\r\n".encode(encoding))

    assert list(named_in(lines_of(file))) == ["", "zoë@example.com"]


def test_a_workbook_is_read_as_its_first_sheet():
    content = workbook(People=[["Name", "E-mail"], ["Ada", "ada@example.com"], ["Ben", "ben@example.com"]])

    assert list(named_in(lines_of(SimpleUploadedFile("list.xlsx", content)))) == [
        "",
        "ada@example.com",
        "ben@example.com",
    ]


def test_an_old_spreadsheet_is_no_list():
    with pytest.raises(NotCsv, match="This is a spreadsheet of an old kind"):
        lines_of(SimpleUploadedFile("list.xls", b"\xd0\xcf\x11\xe0 and more"))


ABC = ["alice@example.com", "bob@example.com", "carol@example.com"]


@pytest.mark.parametrize(
    ("pasted", "named"),
    [
        ("alice@example.com; bob@example.com; carol@example.com", ABC),
        ("alice@example.com, bob@example.com,carol@example.com", ABC),
        ("alice@example.com bob@example.com  carol@example.com", ABC),
        ("alice@example.com\tbob@example.com\tcarol@example.com", ABC),
        ("alice@example.com；bob@example.com，carol@example.com", ABC),  # noqa: RUF001
        ("alice@example.com;\r\nbob@example.com;\r\ncarol@example.com;", ABC),
        ("Alice <alice@example.com>; Bob <bob@example.com>; carol@example.com", ABC),
        ("Ada, Alice <alice@example.com>; Bo, Bob <bob@example.com>; Carol <carol@example.com>", ABC),
        ('"Ada, Alice" <alice@example.com>, "Bo; Bob" <bob@example.com>, <carol@example.com>', ABC),
        ("alice@example.com, Bob <bob@example.com>, Carol <carol@example.com>,", ABC),
        ("Alice (alice@example.com), 'bob@example.com', <mailto:carol@example.com>.", ABC),
        ("alice@example.com; shop-1; bob@example.com", ["alice@example.com", "shop-1", "bob@example.com"]),
        ("Alice <alice@example.com>; Carol; Bob <bob@example>", ["alice@example.com", "Carol", "bob@example"]),
        ("Alice <alice-at-example.com>; bob@example.com", ["alice-at-example.com", "bob@example.com"]),
        ("alice@example.com; carol@; bob@example.com", ["alice@example.com", "carol@", "bob@example.com"]),
        ("alice@example.com;Alice;Kyiv", ["alice@example.com"]),
        ("shop-1; shop-2, shop-3", ["shop-1", "shop-2", "shop-3"]),
        ("anna, ben\ncarl", ["anna", "ben", "carl"]),
        ("shop|1", ["shop|1"]),
        ('"alice@example.com; bob@example.com', ["alice@example.com", "bob@example.com"]),
    ],
)
def test_nobody_of_a_pasted_list_is_lost(pasted, named):
    found = [name for name in named_in(pasted_lines(pasted)) if name]

    assert found == named
