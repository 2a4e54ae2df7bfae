"""What clients of before 2019 send: the old publish call, and bodies that say nothing."""

import pytest

from campaigns.codes.models import Voucher
from publications.models import Publication
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, CustomerFactory, StandaloneVoucherFactory, VoucherFactory

pytestmark = pytest.mark.django_db

ERLICH = {"source_id": "12344", "email": "erlich@example.com"}


@pytest.fixture
def campaign():
    return CampaignFactory(name="Autumn coffee", codes=5)


def test_the_old_publish_call_answers_with_the_voucher(campaign):
    caller = Api("publish")

    answer = caller.post(
        "vouchers/publish",
        {"campaign": "Autumn coffee", "customer": ERLICH, "channel": "mail", "metadata": {"test": True}},
    )

    publication = Publication.objects.get()
    assert answer.status == 200
    assert (answer.json["object"], answer.json["campaign"]) == ("voucher", "Autumn coffee")
    assert [entry["customer"] for entry in answer.json["publish"]["entries"]] == ["12344"]
    assert (publication.channel, publication.metadata) == ("mail", {"test": True})
    assert publication.ledger.get().voucher.code == answer.json["code"]
    assert not Voucher.objects.filter(code="publish").exists()


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("?campaign=Autumn+coffee", {"customer": "12344"}),  # PHP and Ruby
        ("?campaign=Autumn+coffee&customer=12344", None),
        ("?campaign[name]=Autumn+coffee&campaign[count]=1&customer[source_id]=12344&channel=mail", {}),
        ("?campaign=Another&customer=nobody", {"campaign": {"name": "Autumn coffee"}, "customer": "12344"}),
    ],
)
def test_it_may_be_said_in_the_query(campaign, query, body):
    answer = Api().post(f"vouchers/publish{query}", body)

    assert answer.json["campaign"] == "Autumn coffee"
    assert answer.json["publish"]["entries"][0]["customer"] == "12344"


def test_several_are_answered_as_a_publication(campaign):
    answer = Api().post("vouchers/publish", {"campaign": {"name": "Autumn coffee", "count": 3}, "customer": ERLICH})

    assert (answer.json["object"], len(answer.json["vouchers"])) == ("publication", 3)


def test_a_named_code_of_a_customer_of_ours(campaign):
    voucher, customer = VoucherFactory(campaign=campaign), CustomerFactory()

    answer = Api().post("vouchers/publish", {"voucher": voucher.code, "customer": customer.public_id})

    assert (answer.json["code"], answer.json["holder_id"]) == (voucher.code, customer.public_id)


@pytest.mark.parametrize(
    ("query", "body", "error"),
    [
        ("", {}, (400, "missing_vouchers")),
        ("", None, (400, "missing_vouchers")),
        ("?campaign=Autumn+coffee", {}, (400, "missing_customer")),
        ("?campaign=Decaf", {"customer": "12344"}, (404, "not_found")),
        ("?campaign[count]=5", {"customer": "12344"}, (400, "invalid_query_params")),
        ("?join_once=yes&campaign=Autumn+coffee", {"customer": "12344"}, (400, "invalid_query_params")),
        ("", {"campaign": {"name": "Autumn coffee", "count": "5"}, "customer": "12344"}, (400, "invalid_payload")),
        ("", {"campaign": {"name": "Autumn coffee", "count": 6}, "customer": "1"}, (400, "no_voucher_suitable_for_publication")),
    ],
)  # fmt: skip
def test_the_old_call_refuses_as_the_new_one(campaign, query, body, error):
    assert Api().post(f"vouchers/publish{query}", body).error[:2] == error
    assert not Publication.objects.filter(result="SUCCESS").exists()


def test_keys_that_only_read_do_not_publish(campaign):
    answer = Api("read").post("vouchers/publish", {"campaign": "Autumn coffee", "customer": "12344"})

    assert answer.error[:2] == (403, "forbidden")


def test_a_body_of_null_is_no_body():
    voucher, caller = VoucherFactory(), Api()

    assert caller.post(f"vouchers/{voucher.code}/disable", None).json["active"] is False
    assert caller.post(f"vouchers/{voucher.code}/enable", None).json["active"] is True
    assert caller.post(f"vouchers/{voucher.code}/redemption", None).json["result"] == "SUCCESS"
    assert caller.post("customers", None).error[:2] == (400, "invalid_payload")


def test_an_answer_without_a_body_is_of_no_type():
    customer = CustomerFactory()

    answer = Api().delete(f"customers/{customer.public_id}")

    assert (answer.status, answer.content) == (204, b"")
    assert not {"Content-Type", "Content-Length"} & set(answer.headers)


def test_the_tracking_id_may_be_the_body_as_well():
    """`client.redemptions.redeem(code, "shop-1")` of npm voucherify up to 5."""
    voucher = StandaloneVoucherFactory()

    answer = Api().post(f"vouchers/{voucher.code}/redemption?tracking_id=shop-1", "shop-1")
    escaped = Api().post(f"vouchers/{voucher.code}/redemption?tracking_id=shop%25201%252F2", "shop 1/2")
    another = Api().post(f"vouchers/{voucher.code}/redemption?tracking_id=shop-1", "shop-2")

    assert answer.json["tracking_id"] == "shop-1"
    assert (escaped.status, another.error[1]) == (200, "invalid_payload")


@pytest.mark.parametrize("body", ["text", 5, True, []])
def test_a_body_that_is_no_object_is_refused(campaign, body):
    voucher, caller = VoucherFactory(), Api()
    paths = [f"vouchers/{voucher.code}/redemption", "vouchers/publish", "publications", "customers", "campaigns"]

    answers = {path: caller.post(path, body).error for path in paths}

    assert {answer[1] for answer in answers.values()} == {"invalid_payload"}
    assert {answer[3] for answer in answers.values()} == {"The body must be a JSON object."}
