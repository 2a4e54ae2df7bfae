"""GET /v1/publications/create: the same as the POST, from a query string (docs/api.md, "Publish")."""

import pytest

from customers.models import Customer
from publications.api.publications import PublicationSent
from publications.models import Publication
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, VoucherFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return Api("publish", for_integrations=True)


def test_it_takes_the_same_from_a_query_string(shop):
    CampaignFactory(name="Black Friday", codes=1)

    answer = shop.get(
        "publications/create",
        **{
            "campaign[name]": "Black Friday",
            "campaign[count]": "1",
            "customer[source_id]": "12344",
            "customer[address][city]": "Kyiv",
            "customer[metadata][vip]": "yes",
            "metadata[tags][0]": "a",
            "metadata[tags][1]": "b",
            "metadata[note]": "None",
            "channel": "kiosk",
            "source_id": "order-1",
        },
    )

    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
    assert (answer.json["channel"], answer.json["source_id"]) == ("kiosk", "order-1")
    assert answer.json["metadata"] == {"tags": ["a", "b"], "note": "None"}
    customer = Customer.objects.get()
    assert (customer.source_id, customer.address, customer.metadata) == ("12344", {"city": "Kyiv"}, {"vip": "yes"})


def test_a_code_may_be_named_and_a_customer_be_a_word(shop):
    VoucherFactory(code="ONE")

    answer = shop.get("publications/create?voucher=ONE&customer=12344&join_once=true")

    assert (answer.json["voucher"]["code"], answer.json["tracking_id"]) == ("ONE", "12344")


@pytest.mark.parametrize(
    ("query", "key", "details"),
    [
        ("campaign[name]=Coffee", "invalid_query_params", "Query should have required property 'customer'"),
        ("customer[source_id]=1", "missing_vouchers", "Either Campaign or Voucher is required"),
        (
            "campaign[name]=Coffee&campaign[count]=2&customer=1",
            "too_many_vouchers_requested",
            "Only up to 1 can be published",
        ),
        (
            "campaign[name]=Coffee&campaign[count]=x&customer=1",
            "invalid_query_params",
            "campaign.count: must be a whole number",
        ),
        (
            "campaign[name]=Coffee&campaign[count]=99&customer=1",
            "invalid_query_params",
            "campaign.count: must be at most 50",
        ),
        ("campaign=Coffee&customer=1&join_once=perhaps", "invalid_query_params", "join_once: must be true or false"),
        (
            "campaign=Coffee&customer=1&customer[name]=Ada",
            "invalid_query_params",
            "customer[name]: this part of it has a value of its own as well",
        ),
        (
            "campaign=Coffee&customer[name]=Ada&customer=1",
            "invalid_query_params",
            "customer: has parts of its own as well",
        ),
        (
            "campaign=Coffee&customer=1&metadata" + "[a]" * 9 + "=1",
            "invalid_query_params",
            "metadata: is nested more than 8 levels deep",
        ),
    ],
)
def test_what_is_wrong_with_the_query(shop, query, key, details):
    CampaignFactory(name="Coffee", codes=2)

    answer = shop.get(f"publications/create?{query}")

    assert (answer.status, answer.error[1], answer.error[3]) == (400, key, details)
    assert not Publication.objects.exists()


@pytest.mark.parametrize("form", ["[]", "[0]", "[a]", "[a][b]", "[a][]", "[0][a]", "[", "]", "[[a]]", "[]]"])
@pytest.mark.parametrize(
    "name", [*PublicationSent.model_fields, "campaign[count]", "campaign[name]", "customer[email]"]
)
def test_a_word_that_comes_as_something_nested(shop, name, form):
    CampaignFactory(name="Coffee", codes=2)
    whole = {"campaign[name]": "Coffee", "customer[source_id]": "1"}
    whole = {key: value for key, value in whole.items() if not (name + "[").startswith(key.partition("[")[0] + "[")}

    answer = shop.get("publications/create", **whole, **{name + form: "1"})

    if answer.status != 200:
        assert answer.error[:2] in [(400, "invalid_query_params"), (400, "missing_vouchers"), (404, "not_found")]


def test_join_once_that_comes_as_something_nested(shop):
    CampaignFactory(name="Coffee", codes=1)

    answer = shop.get("publications/create?campaign=Coffee&customer=1&join_once[a]=1")

    assert (answer.status, answer.error[1], answer.error[3]) == (
        400,
        "invalid_query_params",
        "join_once: must be true or false",
    )
