"""POST /v1/publications: what is handed out, and each refusal (docs/api.md, "Publish")."""

from datetime import timedelta

import pytest
from django.utils import timezone

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from customers.models import Customer
from publications.actions.release import release
from publications.models import Publication
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, StandaloneVoucherFactory, VoucherFactory

pytestmark = pytest.mark.django_db

NO_VOUCHER = (
    400,
    "no_voucher_suitable_for_publication",
    "Couldn't find any voucher suitable for publication",
)


@pytest.fixture
def shop():
    return Api("publish")


def test_a_campaign_may_be_named_or_given_by_its_id(shop):
    campaign = CampaignFactory(name="Coffee", codes=4)

    for selector in ("Coffee", campaign.public_id, {"name": "Coffee"}, {"name": campaign.public_id, "count": 1}):
        answer = shop.post("publications", {"campaign": selector, "customer": "12344"})
        assert (answer.status, answer.json["voucher"]["campaign_id"]) == (200, campaign.public_id)

    assert Voucher.objects.filter(published_at=None).count() == 0


def test_the_publication_says_through_which_door_and_key_it_came(shop):
    CampaignFactory(name="Coffee", codes=1)

    answer = shop.post("publications", {"campaign": "Coffee", "customer": "12344", "channel": "Dashboard"})

    stored = Publication.objects.get()
    assert (answer.json["id"], answer.json["channel"]) == (stored.public_id, "Dashboard")
    assert (stored.origin, stored.actor_kind, stored.actor_id) == ("api", "api_key", shop.key.pk)


def test_a_voucher_wins_over_a_campaign(shop):
    CampaignFactory(name="Coffee", codes=1)
    StandaloneVoucherFactory(code="TEA-1")

    answer = shop.post("publications", {"voucher": "TEA-1", "campaign": "Coffee", "customer": "12344"})

    assert answer.json["voucher"]["code"] == "TEA-1"


def test_a_customer_may_be_an_id_a_source_id_or_fields(shop):
    CampaignFactory(name="Coffee", codes=5)
    known = CustomerFactory(source_id="12344")

    def customer_of(sent):
        return shop.post("publications", {"campaign": "Coffee", "customer": sent}).json["customer"]

    assert customer_of(known.public_id)["source_id"] == "12344"
    assert customer_of("12344")["id"] == known.public_id
    assert customer_of({"id": known.public_id, "name": "Ada"})["name"] == "Ada"
    assert customer_of({"source_id": "12344", "metadata": {"lang": "en"}})["metadata"] == {"lang": "en"}
    assert customer_of("cust_RZa0oS7qUT9giVISFVJhKlMq")["source_id"] == "cust_RZa0oS7qUT9giVISFVJhKlMq"


def test_null_counts_as_not_given_and_what_is_unknown_is_ignored(shop):
    CampaignFactory(name="Coffee", codes=1)

    answer = shop.post(
        "publications",
        {
            "voucher": None,
            "campaign": {"name": "Coffee", "count": None, "colour": "red"},
            "customer": {"source_id": "12344", "name": None, "address": None, "metadata": None, "Name": "x"},
            "channel": None,
            "source_id": None,
            "metadata": None,
            "join_once": None,
            "surprise": [1, 2],
        },
    )

    assert (answer.status, answer.json["channel"], answer.json["metadata"]) == (200, "API", {})


def test_a_code_may_hold_any_characters(shop):
    StandaloneVoucherFactory(code="50% off / £?#")

    answer = shop.post("publications", {"voucher": "50% off / £?#", "customer": "12344"})

    address = answer.json["voucher"]["publish"]["url"]
    assert address == "/v1/vouchers/50%25%20off%20%2F%20%C2%A3%3F%23/publications?page=1&limit=10"
    assert Api().get(address.removeprefix("/v1/")).json["total"] == 1


@pytest.mark.parametrize("text", ["yes", "on", "t", "", "2"])
def test_join_once_is_true_or_false(shop, text):
    answer = shop.post(f"publications?join_once={text}", {"campaign": "Coffee", "customer": "12344"})

    assert answer.error[1::2] == ("invalid_query_params", "join_once: must be true or false")


def test_neither_voucher_nor_campaign(shop):
    for body in ({"customer": "12344"}, {"voucher": "", "campaign": "", "customer": "12344"}, {}):
        answer = shop.post("publications", body)
        assert answer.error == (400, "missing_vouchers", "Missing vouchers", "Either Campaign or Voucher is required")


def test_no_customer(shop):
    CampaignFactory(name="Coffee", codes=1)

    for body in ({"campaign": "Coffee"}, {"campaign": "Coffee", "customer": ""}, {"voucher": "A", "customer": None}):
        assert shop.post("publications", body).error[:2] == (400, "missing_customer")

    assert not Publication.objects.exists()


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"voucher": 5}, "voucher: must be a string"),
        ({"campaign": 5}, "campaign: must be a string (a name or an id) or an object with name and count"),
        ({"campaign": {}}, "campaign.name: is required"),
        ({"campaign": {"name": ""}}, "campaign.name: must not be empty"),
        ({"campaign": {"name": "Coffee", "count": 0}}, "campaign.count: must be at least 1"),
        ({"campaign": {"name": "Coffee", "count": 51}}, "campaign.count: must be at most 50"),
        ({"campaign": {"name": "Coffee", "count": "2"}}, "campaign.count: must be a whole number"),
        ({"campaign": {"name": "Coffee", "count": 1.5}}, "campaign.count: must be a whole number"),
        ({"campaign": {"name": "Coffee", "count": True}}, "campaign.count: must be a whole number"),
        ({"customer": 5}, "customer: must be a string (an id or a source_id) or an object"),
        ({"customer": ["12344"]}, "customer: must be a string (an id or a source_id) or an object"),
        (
            {"customer": {"Name": "Ada"}},
            "customer: must have at least one of id, source_id, name, email, phone, description, birthdate, birthday, "
            "address, metadata",
        ),
        ({"customer": {"email": 5}}, "customer.email: must be a string"),
        ({"customer": {"source_id": ""}}, "customer.source_id: must not be empty; leave it out instead"),
        (
            {"customer": {"source_id": "x" * 256}},
            "customer.source_id: can have at most 255 characters; this has 256",
        ),
        ({"customer": {"birthdate": "soon"}}, "customer.birthdate: must be a date such as 1990-12-31; this is 'soon'"),
        ({"customer": {"address": "here"}}, "customer.address: must be an object"),
        ({"channel": ""}, "channel: must not be empty"),
        ({"channel": "x" * 101}, "channel: can have at most 100 characters"),
        ({"source_id": 7}, "source_id: must be a string"),
        ({"source_id": "x" * 256}, "source_id: can have at most 255 characters"),
        ({"metadata": [1]}, "metadata: must be an object"),
        ({"metadata": "x"}, "metadata: must be an object"),
        ({"metadata": {"a": "x" * 32_760}}, "metadata: Metadata can have at most 32 KB; this is 32 KB."),
        ({"join_once": "yes"}, "join_once: must be true or false"),
        ({"voucher": 5, "channel": 5}, "voucher: must be a string; channel: must be a string"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(shop, change, details):
    CampaignFactory(name="Coffee", codes=1)

    answer = shop.post("publications", {"campaign": "Coffee", "customer": {"source_id": "12344"}, **change})

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not Publication.objects.exists()
    assert not Customer.objects.exists()
    assert Voucher.objects.get().published_at is None


@pytest.mark.parametrize(
    ("change", "kind", "reference"),
    [
        ({"campaign": "Tea"}, "campaign", "Tea"),
        ({"campaign": {"name": "camp_AAAAAAAAAAAAAAAA"}}, "campaign", "camp_AAAAAAAAAAAAAAAA"),
        ({"voucher": "NONE-1"}, "voucher", "NONE-1"),
        ({"customer": {"id": "cust_nobody"}}, "customer", "cust_nobody"),
    ],
)
def test_what_is_not_there(shop, change, kind, reference):
    CampaignFactory(name="Coffee", codes=1)

    answer = shop.post("publications", {"campaign": "Coffee", "customer": "12344", **change})

    assert answer.error == (404, "not_found", "Resource not found", f"Cannot find {kind} with id {reference}")
    assert (answer.json["resource_id"], answer.json["resource_type"]) == (reference, kind)
    assert not Publication.objects.exists()


def test_deleted_campaigns_and_their_codes_are_not_there(shop):
    campaign = CampaignFactory(name="Coffee", codes=1, deleted_at=timezone.now())

    for selector in ({"campaign": "Coffee"}, {"campaign": campaign.public_id}, {"voucher": f"C{campaign.pk}-000000"}):
        assert shop.post("publications", {**selector, "customer": "12344"}).error[:2] == (404, "not_found")


def test_a_voucher_that_is_published_already(shop):
    voucher = VoucherFactory(code="ONCE")
    body = {"voucher": "ONCE", "customer": "12344"}
    assert shop.post("publications", body).status == 200

    for again in (body, {**body, "customer": "somebody else"}):
        answer = shop.post("publications", again)
        assert answer.error == (
            400,
            "voucher_already_published",
            "Voucher already published",
            f"Voucher '{voucher.public_id}' has already been published",
        )
        assert (answer.json["resource_id"], answer.json["resource_type"]) == (voucher.public_id, "voucher")


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ({"active": False}, "is disabled"),
        ({"expiration_date": timezone.now() - timedelta(days=1)}, "has expired"),
    ],
)
def test_a_voucher_that_may_not_go_out(shop, state, says):
    VoucherFactory(code="NOT-NOW", **state)

    answer = shop.post("publications", {"voucher": "NOT-NOW", "customer": "12344"})

    assert answer.error[:3] == (400, "voucher_cannot_be_published", "Voucher cannot be published")
    assert answer.error[3].endswith(says)


def test_a_customer_who_joined_may_not_name_another_code(shop):
    campaign = CampaignFactory(name="Club", codes=2, join_once=True)
    shop.post("publications", {"campaign": "Club", "customer": "12344"})

    answer = shop.post("publications", {"voucher": f"C{campaign.pk}-000001", "customer": "12344"})

    assert answer.error == (
        400,
        "voucher_cannot_be_published",
        "Voucher cannot be published",
        "Customer already joined program",
    )


def test_an_empty_pool(shop):
    CampaignFactory(name="Coffee")

    answer = shop.post("publications", {"campaign": "Coffee", "customer": "12344"})

    assert answer.error[:3] == NO_VOUCHER


def test_all_or_nothing(shop):
    CampaignFactory(name="Coffee", codes=4)
    five = {"campaign": {"name": "Coffee", "count": 5}, "customer": "12344"}

    assert shop.post("publications", five).error[:3] == NO_VOUCHER
    assert Voucher.objects.filter(published_at=None).count() == 4

    four = {"campaign": {"name": "Coffee", "count": 4}, "customer": "12344"}
    assert len(shop.post("publications", four).json["vouchers"]) == 4


def test_an_auto_update_campaign_makes_what_is_missing_until_its_space_is_used_up(shop):
    CampaignFactory(name="Coffee", auto_update=True, code_pattern="CAFE-#", code_charset="0123")
    three = {"campaign": {"name": "Coffee", "count": 3}, "customer": "12344"}

    assert len(shop.post("publications", three).json["vouchers"]) == 3

    answer = shop.post("publications", three)
    assert answer.error == (*NO_VOUCHER, "Couldn't create new vouchers for publication")


def test_an_expired_campaign_gives_nothing_and_a_disabled_one_does(shop):
    CampaignFactory(name="Over", codes=1, expiration_date=timezone.now() - timedelta(seconds=1))
    CampaignFactory(name="Off", codes=1, active=False)

    assert shop.post("publications", {"campaign": "Over", "customer": "12344"}).error[:3] == NO_VOUCHER
    assert shop.post("publications", {"campaign": "Off", "customer": "12344"}).status == 200


def test_a_source_id_makes_a_repeat_safe(shop):
    CampaignFactory(name="Coffee", codes=1)
    body = {"campaign": "Coffee", "customer": {"source_id": "12344"}, "source_id": "order-1"}

    first = shop.post("publications", body)
    again = shop.post("publications", body)  # the pool is empty by now

    assert first.status == again.status == 200
    assert first.json == again.json
    assert Publication.objects.count() == 1


@pytest.mark.parametrize("change", [{"customer": "somebody else"}, {"campaign": "Tea"}, {"voucher": "TEA-1"}])
def test_a_source_id_used_for_something_else(shop, change):
    CampaignFactory(name="Coffee", codes=2)
    VoucherFactory(code="TEA-1", campaign=CampaignFactory(name="Tea", codes=2))
    body = {"campaign": "Coffee", "customer": "12344", "source_id": "order-1"}
    shop.post("publications", body)

    answer = shop.post("publications", {**body, **change})

    assert answer.error == (
        400,
        "duplicate_source_id",
        "Duplicate source_id",
        "Publication with source_id: 'order-1' already exists",
    )


def test_a_source_id_whose_code_was_released(shop):
    CampaignFactory(name="Coffee", codes=1)
    body = {"campaign": "Coffee", "customer": "12344", "source_id": "order-1"}
    shop.post("publications", body)
    release(Voucher.objects.get(), by=STAFF, reason="Returned")

    assert shop.post("publications", body).error[3].endswith("already exists and was released")


@pytest.mark.parametrize("where", ["query", "body", "campaign"])
def test_join_once_gives_the_same_code_each_time(shop, where):
    CampaignFactory(name="Club", codes=2, join_once=where == "campaign")
    body = {"campaign": "Club", "customer": "12344"} | ({"join_once": True} if where == "body" else {})
    path = "publications?join_once=true" if where == "query" else "publications"

    first, again = shop.post(path, body), shop.post(path, body)

    assert (first.status, first.json) == (200, again.json)


@pytest.mark.parametrize("change", [{"source_id": "order-1"}, {"join_once": True}])
def test_several_codes_do_not_go_with_a_source_id_or_join_once(shop, change):
    CampaignFactory(name="Coffee", codes=3)

    answer = shop.post("publications", {"campaign": {"name": "Coffee", "count": 2}, "customer": "12344", **change})

    assert answer.error == (
        400,
        "too_many_vouchers_requested",
        "Too many vouchers requested",
        "Only up to 1 can be published",
    )


def test_the_code_expires_so_long_after_its_publication(shop):
    CampaignFactory(name="Coffee", codes=1, activity_duration="P1D", expiration_date=timezone.now() + timedelta(days=9))

    answer = shop.post("publications", {"campaign": "Coffee", "customer": "12344"})

    created, expires = answer.json["created_at"], answer.json["voucher"]["expiration_date"]
    assert expires[10:] == created[10:]
    assert Voucher.objects.get().expiration_date - Publication.objects.get().created_at == timedelta(days=1)


def test_failed_attempts_are_listed(shop):
    CampaignFactory(name="Coffee")
    shop.post("publications", {"campaign": "Coffee", "customer": "12344", "metadata": {"try": 1}})

    (listed,) = Api("read").get("publications").json["publications"]

    assert (listed["result"], listed["failure_code"]) == ("FAILURE", "no_voucher_suitable_for_publication")
    assert listed["failure_message"].startswith("The campaign has too few codes left in its pool.")
    assert (listed["vouchers"], listed["vouchers_id"], listed["metadata"]) == ([], [], {"try": 1})
    assert (listed["tracking_id"], listed["channel"]) == ("12344", "API")


def test_a_post_with_a_bad_query_string(shop):
    Campaign.objects.all().delete()

    answer = shop.post("publications?join_once=perhaps", {"campaign": "Coffee", "customer": "12344"})

    assert answer.error == (
        400,
        "invalid_query_params",
        "Invalid query params",
        "join_once: must be true or false",
    )
