"""The list of customers: search, order, pages."""

import pytest

from customers.models import Customer
from customers.pages.tables import CustomerTable
from customers.queries.search import search
from tests.support.factories import CustomerFactory
from tests.support.plans import analyse

pytestmark = pytest.mark.django_db
URL = "/customers/"


@pytest.mark.parametrize(
    "text",
    ["Mara", "mara lin", "LIND", "lindqv", "mara@", "MARA@EXAMPLE.COM", "crm-7", "CRM-", "  mara   lind "],
)
def test_a_customer_is_found_by_the_beginning_of_name_last_name_email_and_source_id(text):
    mara = CustomerFactory(name="Mara Lindqvist", email="mara@example.com", source_id="crm-77")
    CustomerFactory(name="Priya Raman", email="priya@example.com", source_id="shop-1")

    assert list_of(search(Customer.objects.live(), text)) == [mara]
    assert list_of(search(Customer.objects.live(), text, bounded=True)) == [mara]


@pytest.mark.parametrize("text", ["ara", "example.com", "%", "_", "mara_l", "7"])
def test_what_stands_in_the_middle_and_the_signs_of_like_find_nothing(text):
    CustomerFactory(name="Mara Lindqvist", email="mara@example.com", source_id="crm-77")

    assert list_of(search(Customer.objects.live(), text)) == []


@pytest.mark.parametrize("text", ["lindqvist mara", "Lind Anna", "lindqvist, mara", "LIND anna mar"])
def test_a_customer_is_found_by_the_last_name_before_the_others(text):
    mara = CustomerFactory(name="Mara Anna Lindqvist")
    CustomerFactory(name="Lindqvist Priya")
    CustomerFactory(name="Mara Raman")
    CustomerFactory(name="Tamara Hanna Lindqvist")

    assert list_of(search(Customer.objects.live(), text, bounded=True)) == [mara]


INTERNATIONAL, NATIONAL = "+43 660 123 45 67", "0660/1234567"


@pytest.mark.parametrize("stored", [INTERNATIONAL, NATIONAL, "0043 (0) 660 1234567", "+436601234567"])
@pytest.mark.parametrize(
    "text",
    ["+43 660 1234567", "0043-660-1234567", "0660 1234567", "0660/123 45 67", "660 12 34 567", "234567", "06601234567"],
)
def test_a_customer_is_found_by_a_phone_number_in_any_form(stored, text):
    mara = CustomerFactory(phone=stored)
    CustomerFactory(phone="+43 660 1234568")
    CustomerFactory(phone="")

    assert list_of(search(Customer.objects.live(), text)) == [mara]
    assert list_of(search(Customer.objects.live(), text, bounded=True)) == [mara]


@pytest.mark.parametrize(("stored", "typed"), [(INTERNATIONAL, "+43 660 12"), (NATIONAL, "0660/12")])
def test_a_phone_number_is_found_by_its_beginning_as_it_is_stored(stored, typed):
    mara = CustomerFactory(phone=stored)

    assert list_of(search(Customer.objects.live(), typed)) == [mara]


@pytest.mark.parametrize("text", ["12345", "+43", "660 123", "tel 0660 1234567", "000000", "0660 1234568"])
def test_too_few_digits_other_text_and_another_number_find_nobody(text):
    CustomerFactory(phone=INTERNATIONAL)

    assert list_of(search(Customer.objects.live(), text)) == []


def test_phone_numbers_are_found_through_their_indexes():
    Customer.objects.bulk_create(
        Customer(source_id=f"n-{n}", phone=f"+43 660 {n:07}", name=f"N {n}") for n in range(5_000)
    )
    analyse("customers_customer")
    wanted = search(Customer.objects.live(), "0660 0001234")[:25]

    assert [customer.source_id for customer in wanted] == ["n-1234"]
    plan = wanted.explain()
    assert "customer_phone_suffix" in plan and "customer_phone_prefix" in plan
    assert "Seq Scan" not in plan


def test_a_customer_is_found_by_its_public_id():
    mara, _ = CustomerFactory(), CustomerFactory()

    assert list_of(search(Customer.objects.live(), mara.public_id)) == [mara]
    assert list_of(search(Customer.objects.live(), mara.public_id, bounded=True)) == [mara]


def test_an_empty_search_finds_all_newest_first():
    first, second = CustomerFactory(), CustomerFactory()

    assert list_of(search(Customer.objects.live(), "  ")) == [second, first]


def test_the_page_shows_what_was_searched(signed_in):
    CustomerFactory(name="Mara Lindqvist")
    CustomerFactory(name="Priya Raman")

    page = signed_in("Viewer").get(URL, {"q": "pri"}).content.decode()

    assert "Priya Raman" in page
    assert "Mara Lindqvist" not in page


def test_a_beginning_of_very_many_is_not_looked_for_in_all_and_the_page_says_so(signed_in, monkeypatch):
    monkeypatch.setattr("customers.queries.search.MANY", 2)
    monkeypatch.setattr("customers.pages.tables.MANY", 2)
    CustomerFactory.create_batch(5, name="Mara", email="", source_id=None)
    browser = signed_in("Viewer")

    found = browser.get(URL, {"q": "mar"}).context["table"]

    assert len(found.page) == 3  # all five without the bound
    assert found.notice.startswith("More than 2 customers start like this")
    assert browser.get(URL).context["table"].notice == ""


def test_the_page_by_name_disregards_case_and_keeps_the_search(signed_in):
    for name in ("beth", "Adam", "Carl"):
        CustomerFactory(name=f"{name} Same")

    answer = signed_in("Viewer").get(URL, {"q": "same", "sort": "-name"})

    assert [str(row.record) for row in answer.context["table"].page] == ["Carl Same", "beth Same", "Adam Same"]
    assert "?q=same&amp;sort=name" in answer.content.decode()


def test_erased_customers_are_not_listed(signed_in):
    CustomerFactory(source_id=None, name="", email="", erased_at="2026-01-01T00:00Z")

    page = signed_in("Viewer").get(URL).content.decode()

    assert "No customers yet" in page


def test_an_unknown_order_or_page_is_no_error(signed_in):
    CustomerFactory(name="Mara")

    page = signed_in("Viewer").get(URL, {"sort": "metadata", "page": "999"}).content.decode()

    assert "Mara" in page


def test_only_the_table_is_answered_to_a_filter_of_htmx(signed_in):
    CustomerFactory(name="Mara")

    answer = signed_in("Viewer").get(URL, headers={"HX-Request": "true", "HX-Target": "list"})

    assert answer.content.decode().lstrip().startswith('<div id="list"')
    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize("rows", [1, 50])
def test_the_page_takes_seven_queries_however_many_customers(signed_in, django_assert_num_queries, rows):
    browser = signed_in("Viewer")
    CustomerFactory.create_batch(rows)

    # session, user, project settings, the user's and the roles' permissions, count, rows
    with django_assert_num_queries(7):
        browser.get(URL)


def test_a_search_uses_an_index_for_each_of_the_five(db):
    Customer.objects.bulk_create(
        Customer(name=f"Name{n} Last{n}", email=f"mail{n}@example.com", source_id=f"crm-{n}") for n in range(5_000)
    )
    analyse("customers_customer")

    plan = search(Customer.objects.live(), "last4711")[:25].explain()

    assert plan.count("Bitmap Index Scan on customer_") == 5
    assert "Seq Scan" not in plan


def test_the_list_by_name_walks_its_index():
    Customer.objects.bulk_create(Customer(name=f"Name{n}") for n in range(5_000))
    analyse("customers_customer")

    ordered, _ = CustomerTable([]).order_name(Customer.objects.live(), is_descending=False)

    assert "Index Scan using customer_by_name" in ordered[:25].explain()


def list_of(customers) -> list[Customer]:
    return list(customers)


def test_an_exporter_takes_the_list_away_as_it_is_searched(signed_in):
    CustomerFactory(name="Mara")

    link = "/exports/new?q=mara&amp;kind=customers"
    assert link in signed_in("Exporter").get(URL, {"q": "mara", "sort": "name"}).content.decode()
    assert link not in signed_in("Operator").get(URL, {"q": "mara"}).content.decode()


def test_the_table_alone_is_the_same_as_in_its_page(signed_in):
    CustomerFactory(name="Mara")
    browser = signed_in("Manager")

    page = browser.get(URL).content.decode()
    table = browser.get(URL, headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()

    def without_token(html: str) -> str:  # which is another each time that it is drawn
        return "\n".join(line for line in html.splitlines() if "csrfmiddlewaretoken" not in line)

    assert without_token(table.strip()) in without_token(page)
