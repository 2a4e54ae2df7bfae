"""Lists have no last page: from the first row to the very last, forwards and backwards, in every order."""

import re
from datetime import UTC, datetime, timedelta

import django_tables2 as tables
import pytest
from django.db import connection
from django.db.models import Count, F
from django.db.models.functions import Lower
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from campaigns.models import Campaign
from config.staff.lists.paging import Page
from config.staff.lists.tables import Table
from customers.models import Customer, Event
from tests.support.factories import CampaignFactory, CustomerFactory
from tests.support.plans import offer_only_indexes, plan

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


class NameTable(Table):
    created_at = tables.Column(orderable=True, order_by=("created_at", "id"))
    per_page = 3

    class Meta(Table.Meta):
        model = Customer
        fields = ("name", "created_at")


def customers(count: int, *, days: int = 1, **fields) -> list[Customer]:
    made = [CustomerFactory(**fields) for _ in range(count)]
    for number, customer in enumerate(made):
        Customer.objects.filter(pk=customer.pk).update(created_at=DAY + timedelta(days=number // days))
    return made


def page_of(rows, address: str = "", **kwargs) -> Page:
    return Page(rows, QueryDict(address), **{"per_page": 3, "moment": "created_at", **kwargs})


def walked(rows, **kwargs) -> tuple[list, list]:
    """The keys of all pages, from the first forwards and from the last backwards, by the pages' own links."""
    forwards, page = [], page_of(rows, **kwargs)
    forwards += map(page._key_of, page.rows)
    while page.has_next:
        page = page_of(rows, f"after={page.last_key}", **kwargs)
        forwards += map(page._key_of, page.rows)
    backwards, page = [], page_of(rows, "before=end", **kwargs)
    backwards += map(page._key_of, reversed(page.rows))
    while page.has_previous:
        shown = page.first_key
        page = page_of(rows, f"before={shown}", **kwargs)
        keys = [page._key_of(row) for row in page.rows]
        # The first page is shown whole, so it may end with what was seen already.
        backwards += reversed(keys[: keys.index(shown)] if shown in keys else keys)
    return forwards, backwards


ORDERS = {
    "newest": ("-created_at", "-id"),
    "oldest": ("created_at", "id"),
    "key": ("-id",),
    "mixed": ("name", "-created_at", "-id"),
    "mixed, downwards": ("-name", "created_at", "id"),
    "a column that may be null": ("birthdate", "id"),
    "the same downwards": ("-birthdate", "-id"),
    "null first": (F("birthdate").asc(nulls_first=True), "id"),
    "null last": (F("birthdate").desc(nulls_last=True), "-id"),
    "null in the middle": ("name", "-birthdate", "id"),
    "an expression": (Lower("name"), "id"),
    "an expression downwards": (Lower("name").desc(), "-id"),
    "not told apart": ("name",),
    "as the model is": (),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_each_row_stands_on_one_page_both_ways(order):
    births = [None, "1980-01-01", "1990-01-01", None, "1980-01-01", None, "2000-01-01", "1980-01-01"]
    for number, birthdate in enumerate(births):
        CustomerFactory(name="abA"[number % 3], birthdate=birthdate)
    Customer.objects.update(created_at=DAY)
    Customer.objects.filter(name="b").update(created_at=DAY - timedelta(days=1))
    rows = Customer.objects.order_by(*order) if order else Customer.objects.all()

    forwards, backwards = walked(rows)

    expected = [customer.pk for customer in (rows.order_by("name", "id") if order == ("name",) else rows)]
    assert (forwards, backwards) == (expected, expected[::-1])


def test_a_list_of_groups_is_paged_by_its_own_key():
    for count in (2, 5, 2, 1, 5, 2, 3):
        customer = CustomerFactory()
        for _ in range(count):
            Event.objects.create(customer=customer, name="order", actor_kind="system")
    rows = Event.objects.order_by().values("customer_id").annotate(n=Count("pk")).order_by("-n", "-customer_id")

    forwards, backwards = walked(rows, key="customer_id", moment="")

    expected = [row["customer_id"] for row in rows]
    assert (len(expected), forwards, backwards) == (7, expected, expected[::-1])


def test_a_relation_is_sorted_as_its_model_is():
    for customer in customers(5):
        Event.objects.create(customer=customer, name="order", actor_kind="system")
    rows = Event.objects.order_by("customer", "-id")

    assert walked(rows)[0] == [event.pk for event in rows]


def test_nothing_is_seen_twice_or_missed_while_rows_come_and_go():
    first = customers(9)
    page = page_of(Customer.objects.all())
    customers(2)
    Customer.objects.filter(pk=first[4].pk).delete()

    page = page_of(Customer.objects.all(), f"after={page.last_key}")

    assert [row.pk for row in page.rows] == [first[5].pk, first[3].pk, first[2].pk]


def test_where_thousands_share_a_moment_each_is_listed_once():
    made = customers(8, days=8)

    forwards, _ = walked(Customer.objects.all())

    assert forwards == [customer.pk for customer in reversed(made)]


@pytest.mark.parametrize(
    "address, shown",
    [
        ("", (1, 3)),
        ("after=-3", (4, 6)),
        ("before=end", (6, 8)),
        ("before=-6", (3, 5)),
        ("before=-3", (1, 3)),
        ("at=2026-03-05", (4, 6)),
    ],
)
def test_a_page_tells_which_rows_it_shows(address, shown):
    made = customers(8)
    address = (
        re.sub(r"-(\d)$", lambda found: str(made[-int(found[1])].pk), address) if "at=" not in address else address
    )

    page = page_of(Customer.objects.all(), address)

    assert (page.start_index, page.end_index, page.count) == (*shown, 8)


def test_beyond_what_is_counted_a_page_tells_no_number(monkeypatch):
    monkeypatch.setattr("config.staff.lists.paging.COUNT_UP_TO", 5)
    customers(8)
    rows = Customer.objects.all()

    first, last = page_of(rows), page_of(rows, "before=end")

    assert (first.start_index, first.count, first.capped) == (1, 5, True)
    assert (last.start_index, len(last.rows), last.has_next) == (None, 3, False)
    assert page_of(rows, "page=99").start_index == 4


def test_the_first_page_is_whole_when_one_comes_back_to_it():
    made = customers(7)

    page = page_of(Customer.objects.all(), f"before={made[5].pk}")

    assert [row.pk for row in page.rows] == [made[6].pk, made[5].pk, made[4].pk]
    assert (page.has_previous, page.has_next) == (False, True)


@pytest.mark.parametrize(
    "order, at, shown",
    [
        (("-created_at", "-id"), "2026-03-03", [5, 4, 3]),
        (("created_at", "id"), "2026-03-03", [4, 5, 6]),
        (("-id",), "2026-03-03", [5, 4, 3]),
        (("id",), "2026-03-03", [4, 5, 6]),
        (("-created_at", "-id"), "2027-01-01", [7, 6, 5]),
        (("-created_at", "-id"), "2020-01-01", [2, 1, 0]),
        (("-id",), "2020-01-01", [2, 1, 0]),
        (("-id",), "2027-01-01", [7, 6, 5]),
    ],
)
def test_one_jumps_to_a_date(order, at, shown):
    made = customers(8, days=2)

    page = page_of(Customer.objects.order_by(*order), f"at={at}")

    assert [row.pk for row in page.rows] == [made[number].pk for number in shown]


def test_there_is_no_jump_where_the_order_is_another():
    customers(8)

    page = page_of(Customer.objects.order_by("name", "id"), "at=2026-03-03")

    assert (page.can_jump, page.start_index) == (False, 1)


def test_an_address_whose_row_is_gone_shows_the_beginning_and_says_so(rf):
    customers(8)

    table = NameTable(Customer.objects.all()).read(rf.get("/?after=1"))

    assert (table.page.lost, table.page.start_index) == (True, 1)
    assert "no longer exists, so the list starts from the top" in table.as_html(table.request)


def test_a_row_that_fits_the_filter_no_more_still_tells_the_place():
    made = customers(8)
    Customer.objects.filter(pk=made[4].pk).update(name="Another")

    page = page_of(Customer.objects.exclude(name="Another"), f"after={made[4].pk}")

    assert [row.pk for row in page.rows] == [made[3].pk, made[2].pk, made[1].pk]


def test_links_keep_filters_and_order_and_leave_the_old_place(rf):
    made = customers(8)

    table = NameTable(Customer.objects.all()).read(rf.get(f"/?q=a&sort=created_at&after={made[2].pk}"))
    html = table.as_html(table.request)
    links = re.findall(r'href="(\?[^"]*)"[^>]*>(?:<svg.*?</svg>)?(First|Previous|Next|Last)', html, re.S)

    assert {word: link.replace("&amp;", "&") for link, word in links} == {
        "First": "?q=a&sort=created_at",
        "Previous": f"?q=a&sort=created_at&before={made[3].pk}",
        "Next": f"?q=a&sort=created_at&after={made[5].pk}",
        "Last": "?q=a&sort=created_at&before=end",
    }


@pytest.mark.parametrize(
    "address, most", [("", 2), ("before=end", 2), ("after", 4), ("before", 4), ("at=2026-03-05", 3)]
)
def test_a_page_costs_the_same_queries_wherever_it_is(address, most):
    made = customers(9)
    if address in ("after", "before"):
        address += f"={made[4].pk}"

    with CaptureQueriesContext(connection) as asked:
        page_of(Customer.objects.all(), address)

    assert len(asked) == most


def test_what_is_skipped_is_a_range_of_the_index():
    """Not an OFFSET, not a filter over what the index gives: a condition of the index."""
    customers(3)
    place = page_of(Customer.objects.all()).rows[0]
    with CaptureQueriesContext(connection) as asked:
        page_of(Customer.objects.all(), f"after={place.pk}")
    [statement] = [query["sql"] for query in asked if "LIMIT 4" in query["sql"]]

    offer_only_indexes()
    found = plan(statement)

    assert "Index Cond: (ROW(created_at, id) < ROW(" in found
    assert "Sort" not in found


def test_campaigns_that_never_end_come_after_those_that_do():
    ends = [None, DAY, None, DAY + timedelta(days=1), None, DAY]
    made = [CampaignFactory(expiration_date=end) for end in ends]
    rows = Campaign.objects.order_by("expiration_date", "id")

    assert walked(rows)[0] == [made[number].pk for number in (1, 5, 3, 0, 2, 4)]
