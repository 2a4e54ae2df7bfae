"""Customers come in by CSV files: new ones are added, known ones updated."""

from datetime import date

import pytest

from config.staff.models import AuditEntry
from customers.models import Customer
from tests.support.factories import CustomerFactory
from tests.support.imports import counts, error_rows, imported_customers, refused, sample

pytestmark = pytest.mark.django_db


def test_the_sample_file_imports_as_it_is():
    done = imported_customers(sample("import-customers-template.csv"))

    customer = Customer.objects.get()
    assert (done.status, counts(done), done.done) == ("done", (1, 1, 0, 0), done.size)
    assert (customer.name, customer.source_id) == ("John Smith", "test-user@voucherify.io")
    assert (customer.email, customer.phone) == ("test-user@voucherify.io", "+1 (989) 123-4632")
    assert (customer.description, customer.birthdate) == ("A good customer.", date(2022, 7, 3))
    assert customer.address == {
        "line_1": "100 Main St",
        "line_2": "Blg 2 Apt 3",
        "city": "New York",
        "postal_code": "12345",
        "state": "New York",
        "country": "United States",
    }
    assert customer.metadata == {"favorite_brands": "Nike,Fenty,Reebok", "CRM_created_date": "2022-05-18T10:00:00.000Z"}


def test_the_import_is_audited_without_personal_data():
    done = imported_customers("Name,Source_id\nAnn,s1\n")

    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_label) == ("customers.imported", "", "")
    assert (entry.actor_label, entry.details) == (
        done.actor_label,
        {"rows": 1, "imported": 1, "updated": 0, "refused": 0},
    )


def test_a_known_source_id_updates_what_is_filled_and_keeps_the_rest():
    known = CustomerFactory(
        source_id="s1",
        name="Ann",
        email="ann@example.com",
        address={"city": "Rome", "country": "Italy"},
        metadata={"lang": "it", "tier": "gold"},
    )

    done = imported_customers(
        "Source_id,Name,Email,City,tier,Birthdate\ns1,Ann Lee,,Oslo,silver,\ns2,Ben,,,,1990-01-02\n"
    )

    known.refresh_from_db()
    assert counts(done) == (2, 1, 1, 0)
    assert (known.name, known.email, known.birthdate) == ("Ann Lee", "ann@example.com", None)
    assert known.address == {"city": "Oslo", "country": "Italy"}
    assert known.metadata == {"lang": "it", "tier": "silver"}
    assert known.updated_at is not None
    assert Customer.objects.get(source_id="s2").birthdate == date(1990, 1, 2)


def test_known_customers_are_refused_where_they_may_not_be_updated():
    CustomerFactory(source_id="s1", name="Ann")

    done = imported_customers("Source_id,Name\ns1,Other\ns2,Ben\n", update_existing=False)

    assert counts(done) == (2, 1, 0, 1)
    assert refused(done) == [
        (2, "Source_id: already belongs to a customer. Choose to update customers, or remove the row.")
    ]
    assert Customer.objects.get(source_id="s1").name == "Ann"


def test_a_row_without_source_id_adds_a_customer_each_time_where_addresses_are_not_matched():
    imported_customers("Name,Email\nAnn,ann@example.com\nAnn,ann@example.com\n", match_by_email=False)

    assert list(Customer.objects.values_list("name", "source_id")) == [("Ann", None), ("Ann", None)]


def test_the_later_of_two_rows_with_one_source_id_is_refused(monkeypatch):
    monkeypatch.setattr("config.imports.run_import.CHUNK", 2)

    done = imported_customers("Source_id,Name\ns1,First\ns2,Ben\n,Nobody\ns1,Second\n")

    assert counts(done) == (4, 3, 0, 1)
    assert refused(done) == [(5, "Source_id: is the same as in row 2. Combine the rows of one customer.")]
    assert Customer.objects.get(source_id="s1").name == "First"


def test_a_refused_row_does_not_hold_its_source_id():
    done = imported_customers("Source_id,Email\ns1,not an address\ns1,ann@example.com\n")

    assert counts(done) == (2, 1, 0, 1)
    assert Customer.objects.get().email == "ann@example.com"


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("ann at example.com,,,", "Email: 'ann at example.com' is not an e-mail address. Correct the cell, or empty it."),
        (",31.13.1990,,", "Birthdate: “31.13.1990” is not a date. Write it as 2026-11-30 or 2026-11-30T23:59:00Z."),
        (f",,{'1' * 51},", "Phone: can have at most 50 characters; this has 51. Correct the cell, or empty it."),
        (f",,,{'x' * 33_000}", "Metadata can have at most 32 KB; this is 32 KB."),
    ],
)  # fmt: skip
def test_a_bad_cell_says_how_to_mend_it(row, error):
    done = imported_customers(f"Email,Birthdate,Phone,note\n{row}\n")

    assert (done.status, counts(done)) == ("done", (1, 0, 0, 1))
    assert refused(done) == [(2, error)]


def test_all_that_is_wrong_with_a_row_is_said_at_once():
    CustomerFactory(source_id="s1")

    done = imported_customers(
        f"Source_id,Email,Birthdate,City,Metadata\ns1,ann at example.com,soon,{'x' * 256},none\n", update_existing=False
    )

    assert refused(done) == [
        (
            2,
            "Birthdate: “soon” is not a date. Write it as 2026-11-30 or 2026-11-30T23:59:00Z. "
            'Metadata: “none” is not a JSON object. Write it as {"lang": "en"}, or empty the cell. '
            "Email: 'ann at example.com' is not an e-mail address. Correct the cell, or empty it. "
            "City: can have at most 255 characters; this has 256. Correct the cell, or empty it. "
            "Source_id: already belongs to a customer. Choose to update customers, or remove the row.",
        )
    ]


@pytest.mark.parametrize("on_error", ["keep_good", "all_or_nothing"])
def test_metadata_that_would_outgrow_the_customer_are_refused(on_error):
    CustomerFactory(source_id="s1", metadata={"old": "x" * 20_000})

    done = imported_customers(f"Source_id,new\ns1,{'y' * 20_000}\n", on_error=on_error)

    assert counts(done) == (1, 0, 0, 1)
    assert refused(done) == [
        (2, "Metadata: together with what this customer already has, it would exceed 32 KB. Remove some of it.")
    ]


def test_all_or_nothing_leaves_nothing():
    known = CustomerFactory(source_id="s1", name="Ann")

    done = imported_customers("Source_id,Name,Email\ns1,Other,\ns2,Ben,wrong\n", on_error="all_or_nothing")

    known.refresh_from_db()
    assert (done.status, counts(done)) == ("failed", (2, 0, 0, 1))
    assert (
        done.error
        == "Nothing was imported: 1 row is invalid. Fix the file and upload it again, or import only the valid rows."
    )
    assert (Customer.objects.count(), known.name) == (1, "Ann")
    assert [row[:3] for row in error_rows(done)] == [["Source_id", "Name", "Email"], ["s2", "Ben", "wrong"]]


def test_all_or_nothing_adds_and_updates_all():
    CustomerFactory(source_id="s1", name="Ann")

    done = imported_customers("Source_id,Name\ns1,Ann Lee\ns2,Ben\n,Cid\n", on_error="all_or_nothing")

    assert (done.status, counts(done)) == ("done", (3, 2, 1, 0))
    assert set(Customer.objects.values_list("name", flat=True)) == {"Ann Lee", "Ben", "Cid"}
