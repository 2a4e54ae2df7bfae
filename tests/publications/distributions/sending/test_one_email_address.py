"""An e-mail address is one address, whatever door it comes through: no second recipient, no header, no blanks around it."""

import pytest

from customers.actions.import_customers import import_customers
from customers.actions.upsert import InvalidCustomer, clean_customer
from customers.models import Customer, CustomerImport
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory, VoucherFactory

pytestmark = pytest.mark.django_db

HOSTILE = [
    "a@x.com\nBcc: b@x.com",
    "a@x.com\r\nBcc: b@x.com",
    "a@x.com, b@x.com",
    "a@x.com;b@x.com",
    "a@x.com b@x.com",
    "Ada <a@x.com>",
    "<a@x.com>",
    "a@x.com\u2028Bcc: b@x.com",
    "a@x.com\tb@x.com",
    "a@@x.com",
    "@x.com",
    "a@",
    "nonsense",
]
DOORS = {
    "customers": lambda customer: ("post", "customers", customer),
    "one customer": lambda customer: ("put", "customers/known", {"email": customer["email"]}),
    "publications": lambda customer: ("post", "publications", {"campaign": "Coffee", "customer": customer}),
    "events": lambda customer: ("post", "events", {"event": "seen", "customer": customer}),
    "redemptions": lambda customer: (
        "post",
        "redemptions",
        {"redeemables": [{"object": "voucher", "id": "ONE-1"}], "customer": customer},
    ),
    "one redemption": lambda customer: ("post", "vouchers/ONE-1/redemption", {"customer": customer}),
}


@pytest.fixture
def shop():
    CampaignFactory(name="Coffee", codes=1)
    VoucherFactory(code="ONE-1")
    CustomerFactory(source_id="known", email="known@example.com")
    return Api()


@pytest.mark.parametrize("door", sorted(DOORS))
def test_what_is_not_one_address_is_refused_at_every_door_of_the_api(shop, door):
    for email in HOSTILE:
        method, path, body = DOORS[door]({"source_id": "new", "email": email})
        answer = getattr(shop, method)(path, body)

        assert answer.error[:2] == (400, "invalid_payload"), email
        assert "is not an e-mail address" in answer.json["details"]
    assert [customer.email for customer in Customer.objects.all()] == ["known@example.com"]


def test_by_get_as_well():
    CampaignFactory(name="Coffee", codes=1)

    answer = Api(for_integrations=True).get(
        "publications/create",
        **{"campaign": "Coffee", "customer[source_id]": "x", "customer[email]": "a@x.com, b@x.com"},
    )

    assert answer.error[1::2] == ("invalid_query_params", "customer.email: 'a@x.com, b@x.com' is not an e-mail address")


@pytest.mark.parametrize("door", sorted(DOORS))
def test_blanks_around_it_are_taken_away(shop, door):
    method, path, body = DOORS[door]({"source_id": "known", "email": " \tAda@Example.com\n"})

    assert getattr(shop, method)(path, body).status == 200
    assert Customer.objects.get(source_id="known").email == "Ada@Example.com"


def test_in_bulk_and_in_a_file_the_row_is_refused_and_the_others_come_in(shop):
    sent = [{"source_id": f"bulk-{n}", "email": email} for n, email in enumerate(HOSTILE)]
    shop.post("customers/bulk/async", [*sent, {"source_id": "good", "email": " good@example.com "}])
    shop.upload("customers/importCSV", 'Source_id,Email\nfile-1,"a@x.com, b@x.com"\nfile-2, two@example.com \n')
    for ordered in CustomerImport.objects.order_by("pk"):
        import_customers(ordered.pk)

    emails = set(Customer.objects.exclude(source_id="known").values_list("source_id", "email"))
    assert emails == {("good", "good@example.com"), ("file-2", "two@example.com")}


def test_an_empty_address_takes_it_away_and_texts_are_trimmed():
    assert clean_customer({"email": " ", "name": " Ada  L. ", "phone": " +1 555 "}) == {
        "email": "",
        "name": "Ada  L.",
        "phone": "+1 555",
    }
    with pytest.raises(InvalidCustomer, match="email: 'x' is not an e-mail address"):
        clean_customer({"email": "x"})
