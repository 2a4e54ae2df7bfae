"""Customers who share an e-mail address are listed, a part of the addresses at a time."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.queries import find_doubles as module
from customers.queries.find_doubles import find_doubles
from tests.support.factories import CustomerFactory

pytestmark = pytest.mark.django_db
PAGE = "/customers/duplicates"


def shared(email: str, times: int = 2):
    return [CustomerFactory(email=email) for _ in range(times)]


def test_those_who_share_an_address_in_whatever_case_are_found():
    first, second = CustomerFactory(email="Ada@Example.com"), CustomerFactory(email="ada@example.com")
    CustomerFactory(email="ben@example.com")
    CustomerFactory.create_batch(2, email="")

    doubles = find_doubles()

    assert [(double.email, double.times, double.customers) for double in doubles.found] == [
        ("ada@example.com", 2, [first, second])
    ]
    assert doubles.further == ""


def test_every_part_is_looked_at_and_no_address_twice(monkeypatch):
    monkeypatch.setattr(module, "LOOKED_AT", 3)
    monkeypatch.setattr(module, "PAGE", 2)
    addresses = [f"{letter}@example.com" for letter in "abcdefghij"]
    for number, address in enumerate(addresses):
        shared(address, 1 + number % 3)

    found, after = [], ""
    while True:
        doubles = find_doubles(after=after)
        found += [double.email for double in doubles.found]
        if not (after := doubles.further):
            break

    assert found == [address for number, address in enumerate(addresses) if number % 3]


def test_the_page_asks_the_same_number_of_queries_however_many_there_are(signed_in):
    browser = signed_in("Operator")
    shared("one@example.com")

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as context:
            assert browser.get(PAGE).status_code == 200
        return len(context)

    few = queries()
    for number in range(20):
        shared(f"n{number}@example.com", 7)

    assert queries() == few
    page = browser.get(PAGE).content.decode()
    assert "and 2 more" in page
    assert "one@example.com" in page


def test_nobody_is_double(signed_in):
    CustomerFactory()
    browser = signed_in("Operator")

    assert "No duplicates" in browser.get(PAGE).content.decode()
    assert "No more duplicates" in browser.get(PAGE, {"after": "zzz\0"}).content.decode()
    assert PAGE in browser.get("/customers/").content.decode()
