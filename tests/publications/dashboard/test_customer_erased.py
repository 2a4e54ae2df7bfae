"""Erasing a customer's personal data keeps the publications, anonymised."""

import pytest
from django.db import connection

from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from customers.actions.track_event import track_event
from customers.models import Customer
from publications.actions.publish import publish_code
from publications.dashboard.erase_customer import erase_customer
from publications.models import Publication
from publications.refusals import DuplicateSourceId
from tests.support.factories import STAFF, CustomerFactory, VoucherFactory, published

PERSONAL = {
    "name": "Mara Lindqvist",
    "email": "mara@example.com",
    "phone": "+34 600 000 000",
    "source_id": "crm-77",
    "description": "Likes dark roast",
    "birthdate": "1990-12-31",
    "address": {"city": "Madrid"},
    "metadata": {"vip": True},
}
pytestmark = pytest.mark.django_db


def test_nothing_of_the_person_stays_in_the_row():
    customer = CustomerFactory(**PERSONAL)

    assert erase_customer(customer, by=STAFF) is True

    row = Customer.objects.get()
    assert row.erased_at is not None
    assert (row.name, row.email, row.phone, row.source_id) == ("", "", "", None)
    assert (row.description, row.birthdate, row.address, row.metadata) == ("", None, {}, {})


def test_the_codes_stay_published_and_the_publication_loses_what_was_personal():
    customer, voucher = CustomerFactory(**PERSONAL), VoucherFactory()
    published(voucher, customer, source_id="order-1", metadata={"note": "for Mara"})

    erase_customer(customer, by=STAFF)

    publication = Publication.objects.get()
    assert (publication.customer_id, publication.source_id) == (customer.pk, "order-1")
    assert (publication.metadata, publication.request_hash) == (None, None)
    assert Voucher.objects.get().published_at is not None


def test_a_repeat_of_an_erased_customers_request_hands_out_nothing():
    customer, voucher = CustomerFactory(**PERSONAL), VoucherFactory()
    published(voucher, customer, source_id="order-1")
    erase_customer(customer, by=STAFF)

    with pytest.raises(DuplicateSourceId):
        publish_code(voucher, {"source_id": "crm-77"}, origin="api", by=STAFF, source_id="order-1")

    assert Publication.objects.filter(result="SUCCESS").count() == 1


def test_the_source_id_is_free_again():
    erase_customer(CustomerFactory(source_id="crm-77"), by=STAFF)

    assert CustomerFactory(source_id="crm-77").pk


def test_another_customers_data_stays():
    other = CustomerFactory(name="Priya Raman")
    published(customer=other, metadata={"note": "for Priya"})

    erase_customer(CustomerFactory(**PERSONAL), by=STAFF)

    other.refresh_from_db()
    assert other.name == "Priya Raman"
    assert Publication.objects.get().metadata == {"note": "for Priya"}


def test_erasing_is_audited_by_id_alone_and_once():
    customer = CustomerFactory(**PERSONAL)
    published(customer=customer)

    erase_customer(customer, by=STAFF)
    assert erase_customer(customer, by=STAFF) is False

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_label) == ("customer.erased", customer.public_id, "")
    assert entry.details == {"publications": 1}


def test_no_word_of_the_person_is_left_in_the_database(signed_in):
    browser = signed_in("Manager")
    browser.post("/customers/new", {"name": "Mara Lindqvist", "email": "mara@example.com", "source_id": "crm-77"})
    customer = Customer.objects.get()
    browser.post(
        f"/admin/customers/customer/{customer.pk}/change/",
        {"name": "Mara Lindqvist", "email": "mara@example.com", "phone": "+34", "birthdate": "", "description": ""},
    )
    published(customer=customer, metadata={"note": "for Mara"})
    track_event("Mara Lindqvist called", {"source_id": "crm-77"}, metadata={"note": "for Mara"}, by=STAFF)

    browser.post(f"/customers/{customer.public_id}/erase")

    assert tables_that_hold("Lindqvist") == tables_that_hold("mara@") == tables_that_hold("for Mara") == []


def test_the_page_asks_first_and_then_erases(signed_in):
    customer = CustomerFactory(**PERSONAL)
    browser = signed_in("Manager")

    question = browser.get(f"/customers/{customer.public_id}/erase").content.decode()
    assert "This cannot be undone." in question
    assert Customer.objects.get().erased_at is None

    answer = browser.post(f"/customers/{customer.public_id}/erase")
    assert answer.url == "/customers/"
    assert Customer.objects.get().erased_at is not None
    assert browser.get(f"/customers/{customer.public_id}/erase").status_code == 404


def tables_that_hold(text: str) -> list[str]:
    """Every table with the text anywhere in a row. Sessions and their like are the database's too."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        holding = []
        for name in tables:
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{name}" AS row WHERE row::text LIKE %s)', [f"%{text}%"])
            if cursor.fetchone()[0]:
                holding.append(name)
    return holding
