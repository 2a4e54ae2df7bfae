"""Adding and editing a customer by hand."""

from datetime import date

import pytest

from config.staff.models import AuditEntry
from customers.actions.create_customer import SourceIdTaken, create_customer
from customers.actions.edit_customer import CustomerChanged, edit_customer
from customers.models import Customer
from tests.support.factories import STAFF, CustomerFactory

pytestmark = pytest.mark.django_db
NEW = "/customers/new"


def edit_url(customer) -> str:
    return f"/customers/{customer.public_id}/edit"


def test_a_customer_is_added(signed_in):
    browser = signed_in("Operator")

    answer = browser.post(
        NEW,
        {
            "name": "Mara Lind",
            "email": "mara@example.com",
            "source_id": "crm-77",
            "birthdate": "1990-12-31",
            "city": "Madrid",
            "metadata": '{"lang": "es"}',
        },
    )

    customer = Customer.objects.get()
    assert answer.url == f"/customers/{customer.public_id}/"
    assert (customer.name, customer.email, customer.source_id) == ("Mara Lind", "mara@example.com", "crm-77")
    assert (customer.birthdate, customer.address) == (date(1990, 12, 31), {"city": "Madrid"})
    assert customer.metadata == {"lang": "es"}
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.object_label) == ("customer.created", customer.public_id, "")
    assert entry.details == {}


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"city": "Madrid"}, {"__all__": ["Enter at least a name, an e-mail, a phone number or a source ID."]}),
        ({"email": "mara at example.com"}, {"email": ["Enter a valid email address."]}),
        ({"name": "M", "birthdate": "2999-01-01"}, {"birthdate": ["This date is in the future."]}),
        ({"name": "M", "metadata": "[1]"},
         {"metadata": ['Metadata must be a JSON object, such as {"lang": "en"}.']}),
        ({"name": "M", "metadata": '{"a" 1}'},
         {"metadata": ["This is not valid JSON: expecting ':' delimiter in line 1, column 6. "
                       "Put names and text in double quotes."]}),
        ({"name": "M", "metadata": '{"a": NaN}'}, {"metadata": ["NaN is not a JSON value."]}),
        ({"name": "M", "metadata": '{"a": 1e999}'},
         {"metadata": ["Metadata contains a number that is too large to store; remove it."]}),
        ({"name": "M", "metadata": '{"a": "' + "x" * 40_000 + '"}'},
         {"metadata": ["Metadata can have at most 32 KB; this is 39 KB."]}),
        ({"name": "M", "metadata": "[" * 100_000},
         {"metadata": ["This is nested too deeply, or contains a number with thousands of digits."]}),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_explained_and_nothing_saved(signed_in, fields, errors):
    answer = signed_in("Operator").post(NEW, fields)

    assert {field: [str(e) for e in found] for field, found in answer.context["form"].errors.items()} == errors
    assert not Customer.objects.exists()


def test_a_taken_source_id_is_refused_by_the_database_and_the_form_says_so(signed_in):
    CustomerFactory(source_id="crm-77")

    answer = signed_in("Operator").post(NEW, {"name": "Mara", "source_id": "crm-77"})

    assert answer.context["form"].errors == {"source_id": ["Another customer already has the source ID “crm-77”."]}
    assert Customer.objects.count() == 1
    assert not AuditEntry.objects.exists()


def test_creating_never_writes_over_the_owner_of_a_source_id():
    owner = CustomerFactory(name="Owner", source_id="crm-77")

    with pytest.raises(SourceIdTaken):
        create_customer({"name": "Intruder", "source_id": "crm-77"}, by=STAFF)

    owner.refresh_from_db()
    assert owner.name == "Owner"


def test_what_a_shop_changed_while_the_form_was_open_stays(signed_in):
    customer = CustomerFactory(name="Mara", phone="1", metadata={"lang": "es"}, address={"city": "Madrid"})
    browser = signed_in("Operator")
    form = browser.get(edit_url(customer)).context["form"]
    Customer.objects.update(phone="2", metadata={"lang": "en"}, address={"city": "Madrid", "country": "Spain"})

    browser.post(edit_url(customer), sent_back(form) | {"name": "Mara Lind", "city": "Toledo"})

    customer.refresh_from_db()
    assert (customer.name, customer.phone, customer.metadata) == ("Mara Lind", "2", {"lang": "en"})
    assert customer.address == {"city": "Toledo", "country": "Spain"}
    assert AuditEntry.objects.get().details == {"fields": ["address", "name"]}


def test_the_verb_leaves_other_columns_alone():
    customer = CustomerFactory(name="Mara", phone="1")
    Customer.objects.update(phone="2")

    edit_customer(customer, {"name": "Mara Lind"}, by=STAFF)

    customer.refresh_from_db()
    assert (customer.name, customer.phone) == ("Mara Lind", "2")
    assert AuditEntry.objects.get().details == {"fields": ["name"]}


def test_saving_an_unchanged_form_writes_nothing(signed_in):
    customer = CustomerFactory(metadata={"b": 1, "a": [1, 2]}, address={"city": "Madrid"}, birthdate="1990-12-31")
    browser = signed_in("Operator")

    browser.post(edit_url(customer), sent_back(browser.get(edit_url(customer)).context["form"]))

    customer.refresh_from_db()
    assert customer.updated_at is None
    assert not AuditEntry.objects.exists()


def test_a_source_id_is_set_once(signed_in):
    customer = CustomerFactory(source_id=None)
    browser = signed_in("Operator")

    browser.post(edit_url(customer), {"name": "Mara", "source_id": "crm-77"})
    browser.post(edit_url(customer), {"name": "Mara", "source_id": "crm-78"})

    customer.refresh_from_db()
    assert customer.source_id == "crm-77"


def test_a_source_id_set_by_somebody_else_meanwhile_is_not_replaced():
    customer = CustomerFactory(source_id=None)
    Customer.objects.update(source_id="crm-1")

    with pytest.raises(CustomerChanged):
        edit_customer(customer, {"source_id": "crm-2"}, by=STAFF)

    customer.refresh_from_db()
    assert customer.source_id == "crm-1"


def test_setting_a_source_id_that_another_has_is_refused(signed_in):
    CustomerFactory(source_id="crm-77")
    customer = CustomerFactory(source_id=None)

    answer = signed_in("Operator").post(edit_url(customer), {"name": "Mara", "source_id": "crm-77"})

    assert answer.context["form"].errors == {"source_id": ["Another customer already has the source ID “crm-77”."]}


def test_the_admin_writes_only_what_was_changed_in_its_form(signed_in):
    customer = CustomerFactory(name="Mara", phone="1")
    browser = signed_in("Manager")
    url = f"/admin/customers/customer/{customer.pk}/change/"
    form = browser.get(url).context["adminform"].form
    Customer.objects.update(phone="2")

    browser.post(url, sent_back(form) | {"name": "Mara Lind"})

    customer.refresh_from_db()
    assert (customer.name, customer.phone) == ("Mara Lind", "2")
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details) == ("customer.edited", {"fields": ["name"]})


def sent_back(form) -> dict:
    """What a browser sends back of a form that nobody touched: its inputs, and what they were shown with."""
    inputs = [field for field in form if not field.field.disabled]
    shown = {field.html_name: field.value() if field.value() is not None else "" for field in inputs}
    return shown | {field.html_initial_name: shown[field.html_name] for field in inputs}
