"""POST /v1/publications/batch: each item in its place, all or none, safe to repeat (docs/api.md, "Many publications at once")."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.codes.models import Voucher
from customers.models import Customer
from publications.models import Publication
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory, StandaloneVoucherFactory, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return Api("publish")


def item(n, campaign="Coffee", **more):
    return {"campaign": campaign, "customer": f"shop-{n}", "source_id": f"order-{n}"} | more


def batch(shop, *items, **more):
    return shop.post("publications/batch", {"publications": list(items), **more})


def told(answer):
    """Of each item the code it got, or why it got none."""
    return [row["key"] if row["object"] == "error" else row["voucher"]["code"] for row in answer.json["publications"]]


def test_each_item_gets_the_next_code_in_its_order(shop):
    campaign = CampaignFactory(name="Coffee", codes=3)

    answer = batch(shop, item(1), item(2, channel="mail", metadata={"lang": "en"}), item(3, customer={"name": "Ada"}))

    assert told(answer) == [f"C{campaign.pk}-00000{n}" for n in range(3)]
    assert (answer.json["total"], answer.json["published_count"], answer.json["failed_count"]) == (3, 3, 0)
    second = answer.json["publications"][1]
    assert (second["channel"], second["metadata"], second["tracking_id"]) == ("mail", {"lang": "en"}, "shop-2")
    assert shop.get(f"publications/{second['id']}").json["voucher"]["code"] == second["voucher"]["code"]


def test_it_answers_as_the_single_call_would(shop):
    CampaignFactory(name="Coffee", codes=2)

    of_batch = batch(shop, item(1)).json["publications"][0]
    single = shop.post("publications", item(1)).json

    assert of_batch == single


def test_what_cannot_be_published_is_told_in_its_place_and_the_others_are_published(shop):
    CampaignFactory(name="Coffee", codes=4)
    taken = published(StandaloneVoucherFactory(code="TAKEN")).vouchers[0]
    StandaloneVoucherFactory(code="FREE")

    answer = batch(
        shop,
        item(1, "Nowhere"),
        {"source_id": "order-2", "customer": "shop-2"},
        {"source_id": "order-3", "campaign": "Coffee"},
        {"source_id": "order-4", "voucher": "TAKEN", "customer": "shop-4"},
        {"source_id": "order-5", "voucher": "FREE", "customer": "shop-5"},
        {"source_id": "order-6", "voucher": "FREE", "customer": "shop-6"},
        item(7, customer={"source_id": "shop-7", "email": "no address"}),
        item(8, customer={"id": "cust_nobody"}),
        item(9, campaign={"name": "Coffee", "count": 2}),
        item(10),
    )

    assert told(answer)[:9] == [
        "not_found", "missing_vouchers", "missing_customer", "voucher_already_published", "FREE",
        "voucher_already_published", "invalid_payload", "not_found", "too_many_vouchers_requested",
    ]  # fmt: skip
    assert answer.json["published_count"] == 2
    refused = answer.json["publications"][3]
    assert (refused["index"], refused["source_id"], refused["code"]) == (3, "order-4", 400)
    assert (refused["details"], refused["resource_id"]) == (
        f"Voucher '{taken.public_id}' has already been published", taken.public_id,
    )  # fmt: skip
    assert answer.json["publications"][6]["details"] == "customer.email: 'no address' is not an e-mail address"
    failed = Publication.objects.filter(result="FAILURE").order_by("pk")
    assert list(failed.values_list("source_id", "failure_code")) == [
        ("order-4", "voucher_already_published"), ("order-6", "voucher_already_published"),
    ]  # fmt: skip


def test_a_pool_that_is_too_small_serves_who_comes_first(shop):
    CampaignFactory(name="Coffee", codes=2)

    answer = batch(shop, *(item(n) for n in range(4)))

    assert told(answer)[2:] == ["no_voucher_suitable_for_publication"] * 2
    assert answer.json["published_count"] == 2
    assert Publication.objects.filter(result="FAILURE").count() == 2


def test_a_pool_that_extends_itself_makes_what_is_missing_and_no_more(shop):
    CampaignFactory(name="Coffee", codes=1, auto_update=True)

    answer = batch(shop, *(item(n) for n in range(5)))

    assert answer.json["published_count"] == 5
    assert Voucher.objects.count() == 5


def test_all_or_none(shop):
    CampaignFactory(name="Coffee", codes=2)

    answer = batch(shop, *(item(n) for n in range(3)), atomic=True)

    assert answer.error[:3] == (400, "batch_refused", "Nothing was published")
    assert answer.error[3].startswith("1 of 3 items cannot be published; the first is publications.2: The campaign has")
    assert [(error["index"], error["key"]) for error in answer.json["errors"]] == [
        (2, "no_voucher_suitable_for_publication")
    ]
    assert Voucher.objects.filter(published_at=None).count() == 2
    assert list(Publication.objects.values_list("result", "source_id")) == [("FAILURE", "order-2")]

    assert batch(shop, item(0), item(1), atomic=True).json["published_count"] == 2


@pytest.mark.parametrize("wrong", [item(2, "Nowhere"), {"source_id": "order-2", "campaign": "Coffee"}])
def test_all_or_none_touches_no_customer_when_an_item_is_wrong(shop, wrong):
    CampaignFactory(name="Coffee", codes=2)

    answer = batch(shop, item(1), wrong, atomic=True)

    assert answer.status == 400
    assert [error["index"] for error in answer.json["errors"]] == [1]
    assert Customer.objects.count() == 0
    assert Publication.objects.count() == 0


@pytest.mark.parametrize("atomic", [False, True])
def test_a_repeat_is_answered_with_what_was_published_also_when_the_pool_is_empty(shop, atomic):
    CampaignFactory(name="Coffee", codes=3)
    items = [item(n, customer={"source_id": f"shop-{n}", "name": "Ada"}) for n in range(3)]

    first = batch(shop, *items, atomic=atomic)
    again = batch(shop, *items, atomic=atomic)

    assert again.json == first.json
    assert Publication.objects.count() == 3


@pytest.mark.parametrize("atomic", [False, True])
def test_the_same_order_twice_in_a_batch_is_one_publication(shop, atomic):
    CampaignFactory(name="Coffee", codes=3)

    answer = batch(shop, item(1), item(2), item(1), atomic=atomic)

    codes = told(answer)
    assert codes[0] == codes[2] != codes[1]
    assert Voucher.objects.filter(published_at=None).count() == 1


def test_a_source_id_of_another_request_is_refused(shop):
    CampaignFactory(name="Coffee", codes=3)
    batch(shop, item(1))

    answer = batch(shop, item(1, customer="somebody else"), item(2))

    assert told(answer)[0] == "duplicate_source_id"
    assert answer.json["published_count"] == 1
    assert not Customer.objects.filter(source_id="somebody else").exists()


@pytest.mark.parametrize("atomic", [False, True])
def test_join_once_gives_a_customer_one_code(shop, atomic):
    CampaignFactory(name="Coffee", codes=4, join_once=True)
    held = batch(shop, item(1)).json["publications"][0]["voucher"]["code"]

    answer = batch(
        shop, item(2, customer="shop-1"), item(3, customer="ada"), item(4, customer="ada"), item(5), atomic=atomic
    )

    codes = told(answer)
    assert codes[0] == held
    assert codes[1] == codes[2] != codes[3]
    assert Voucher.objects.exclude(published_at=None).count() == 3


def test_fields_update_customers_and_new_ones_are_created(shop):
    CampaignFactory(name="Coffee", codes=4)
    known, other = CustomerFactory(source_id="shop-1", name="Old"), CustomerFactory(source_id="shop-2", name="Bob")

    batch(
        shop,
        item(1, customer={"source_id": "shop-1", "name": "Ada"}),
        item(2, customer={"id": other.public_id, "metadata": {"tier": 1}}),
        item(3, customer={"source_id": "shop-3", "name": "Cy"}),
        item(4, customer={"source_id": "shop-3", "phone": "1"}),
    )

    known.refresh_from_db()
    other.refresh_from_db()
    assert (known.name, other.name, other.metadata) == ("Ada", "Bob", {"tier": 1})
    assert list(Customer.objects.filter(source_id="shop-3").values_list("name", "phone")) == [("Cy", "1")]


def test_a_hundred_take_as_few_statements_as_two(shop):
    CampaignFactory(name="Coffee", codes=200)

    def statements(numbers):
        with CaptureQueriesContext(connection) as captured:
            assert batch(shop, *map(item, numbers)).json["failed_count"] == 0
        return len(captured)

    statements([1000])  # the key's use is noted
    assert statements(range(100)) == statements(range(100, 102)) <= 16


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "publications: is required"),
        ({"publications": []}, "publications: must not be empty"),
        ({"publications": [{"campaign": "Coffee", "customer": "1"}]}, "publications.0.source_id: is required"),
        ({"publications": [item(1, channel=7)]}, "publications.0.channel: must be a string"),
        ({"publications": [item(n) for n in range(1001)]}, "publications: can have at most 1,000 elements; this has 1,001"),
        ({"publications": [item(1)], "atomic": "yes"}, "atomic: must be true or false"),
    ],
)  # fmt: skip
def test_what_is_no_batch_is_refused_as_a_whole(shop, body, details):
    answer = shop.post("publications/batch", body)

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)


def test_a_key_that_only_reads_publishes_nothing():
    assert batch(Api("read"), item(1)).status == 403
