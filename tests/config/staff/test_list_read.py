"""A list of customers may be lines of any kind, or a table whose headings say which column names them."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from config.imports.csv.uploads import NotCsv
from customers.segments.read_list import lines_of, named_in


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


def test_a_spreadsheet_is_no_list():
    with pytest.raises(NotCsv, match="This is a spreadsheet"):
        lines_of(SimpleUploadedFile("list.xlsx", b"PK\x03\x04 and more"))
