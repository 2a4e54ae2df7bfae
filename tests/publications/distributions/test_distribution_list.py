"""A list of recipients, pasted or uploaded: a line each, by e-mail address or source ID."""

import pytest

from publications.distributions.actions import list_recipients as verb
from publications.distributions.actions.change_draft import NoDraft
from publications.distributions.actions.list_recipients import Problem, TooManyLines, list_recipients
from tests.support.distributions import draft, running
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db


def test_lines_are_found_by_source_id_and_by_address_whatever_its_case():
    ada, bob = CustomerFactory(source_id="shop-ada"), CustomerFactory(email="Bob@Example.com")
    made = draft()

    listed = list_recipients(
        made, ["email;name", "", "shop-ada;Ada", "Bob <bob@example.com>", ' "BOB@example.com", x', "carol@example.com"],
        by=STAFF,
    )  # fmt: skip

    assert list(made.listed.values_list("line", "given", "customer")) == [
        (3, "shop-ada", ada.pk), (4, "bob@example.com", bob.pk), (5, "BOB@example.com", bob.pk),
        (6, "carol@example.com", None),
    ]  # fmt: skip
    assert listed._asdict() == {
        "lines": 4, "customers": 2, "repeated": 1, "unknown": 1, "problem_count": 0, "problems": [],
    }  # fmt: skip


def test_a_line_that_cannot_be_kept_is_told_and_the_others_are_taken():
    listed = list_recipients(draft(), ["a" * 321, "b\x00b", "shop-1"], by=STAFF)

    assert listed.lines == 1
    assert listed.problems == [
        Problem(1, "a" * 80, "It is longer than any address or ID (320 characters)."),
        Problem(2, "b\ufffdb", "It contains an invisible character."),
    ]


def test_a_new_list_takes_the_place_of_the_old_one():
    made = draft(3)

    list_recipients(made, [CustomerFactory().source_id], by=STAFF)

    assert made.listed.count() == 1


def test_a_list_that_is_too_long_leaves_the_old_one(monkeypatch):
    monkeypatch.setattr(verb, "MOST_LINES", 5)
    made = draft(3)

    with pytest.raises(TooManyLines):
        list_recipients(made, [f"shop-{n}" for n in range(9)], by=STAFF)

    assert made.listed.count() == 3


def test_of_two_customers_with_the_address_the_first_is_meant():
    first, _ = CustomerFactory.create_batch(2, email="ada@example.com")
    made = draft()

    list_recipients(made, ["ada@example.com"], by=STAFF)

    assert made.listed.get().customer == first


def test_the_list_of_a_run_cannot_be_changed():
    with pytest.raises(NoDraft):
        list_recipients(running(1, codes=1), ["shop-1"], by=STAFF)
