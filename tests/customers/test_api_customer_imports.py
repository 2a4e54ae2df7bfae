"""POST /v1/customers/importCSV and /v1/customers/bulk/async: what comes in, and what the async action tells of it."""

from datetime import datetime

import pytest

from config.staff.models import AuditEntry
from customers.models import Customer, CustomerImport
from tests.support.api.calls import Api
from tests.support.api.imports import done
from tests.support.factories import CustomerFactory
from tests.support.imports import sample

pytestmark = pytest.mark.django_db


def test_a_file_of_customers():
    CustomerFactory(source_id="test-user@voucherify.io", name="Old", phone="1")
    caller = Api()

    action = done(caller, caller.upload("customers/importCSV", sample("import-customers-template.csv")))

    customer = Customer.objects.get()
    assert (action["type"], action["result"]) == (
        "CUSTOMERS.IMPORT_CSV",
        {
            "message": "1 customer(s) imported successfully, 0 failed.",
            "done_count": 1,
            "failed_count": 0,
            "failed": [],
        },
    )
    assert (customer.name, customer.address["city"]) == ("John Smith", "New York")
    assert AuditEntry.objects.get(action="customers.imported").actor_kind == "api_key"


def test_a_row_of_a_customer_that_is_wrong():
    caller = Api()

    action = done(caller, caller.upload("customers/importCSV", "Source_id,Email,Birthdate\nc-1,nonsense,\n"))

    assert action["operation_status"] == "FAILED"
    assert action["result"]["failed"] == [
        {
            "source_id": "c-1",
            "row": 1,
            "reason": "Email: 'nonsense' is not an e-mail address. Correct the cell, or empty it.",
        }
    ]


def test_customers_in_bulk(project):
    project(keep_files_days=30)
    known = CustomerFactory(source_id="John", name="Old", phone="1", metadata={"lang": "en"}, address={"city": "Rome"})
    caller = Api()

    action = done(caller, caller.post("customers/bulk/async", [
        {
            "source_id": "John", "name": "John Smith", "email": "John@Example.com", "birthday": "2022-04-04", "phone": None,
            "address": {"line_1": "123 Main St."}, "metadata": {"test": True, "age": 7}, "description": "",
        },
        {"source_id": "Jane", "name": "Jane Smith"},
        {"source_id": "Bad", "birthdate": "soon"},
        {"source_id": "Jane", "name": "Another"},
    ]))  # fmt: skip

    known.refresh_from_db()
    jane = Customer.objects.get(source_id="Jane")
    assert (known.name, known.email, known.phone, known.birthdate.isoformat()) == (
        "John Smith", "John@Example.com", "1", "2022-04-04",
    )  # fmt: skip
    assert known.metadata == {"lang": "en", "test": True, "age": 7}
    assert known.address == {"city": "Rome", "line_1": "123 Main St."}
    assert jane.name == "Jane Smith"
    until = datetime.fromisoformat(action["result"].pop("reports_available_till"))
    assert (until - datetime.fromisoformat(action["updated_at"])).days == 30
    assert (action["type"], action["operation_status"]) == ("CUSTOMERS.BULK_UPDATE", "SUCCESS")
    assert action["result"] == {
        "message": "2 customer(s) imported successfully, 2 failed.",
        "done_count": 2,
        "failed_count": 2,
        "reports": [],
        "errors": [
            {
                "source_id": "Bad",
                "key": "invalid_customer",
                "message": "Invalid Customer",
                "details": "birthdate: must be a date such as 1990-12-31; this is 'soon'. Correct the cell, or empty it.",
            },
            {
                "source_id": "Jane",
                "key": "invalid_customer",
                "message": "Invalid Customer",
                "details": "source_id: is the same as in object 2. Combine the rows of one customer.",
            },
        ],
    }


@pytest.mark.parametrize(
    "customer", [{"name": "Ada"}, {"source_id": "", "name": "Ada"}, {"source_id": None, "name": "x"}]
)
def test_in_bulk_each_customer_has_a_source_id(customer):
    answer = Api().post("customers/bulk/async", [{"source_id": "c-1"}, customer])

    assert answer.error == (400, "invalid_payload", "Invalid payload", "1.source_id: is required")
    assert not CustomerImport.objects.exists()
