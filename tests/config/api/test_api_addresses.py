"""Addresses: what a slash, `%2F` and a trailing slash mean, and that what is no operation is nothing else either."""

import pytest

from campaigns.codes.models import Voucher
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, StandaloneVoucherFactory, VoucherFactory

pytestmark = pytest.mark.django_db

NOWHERE = (404, "not_found", "There is no such operation")
PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
UNKNOWN = [
    *("vouchers/A/B", "vouchers/A/validated", "vouchers/A/qualify", "vouchers/A/enable-like", "vouchers/A/B/C", "vouchers/A/"),
    *("campaigns/A/B", "campaigns/A/publish", "campaigns/A/vouchers/B/C", "campaigns/A/vouchers/B/enable", "campaigns/A/"),
    *("customers/A/B", "customers/A/B/C", "customers/A/consents", "customers/A/segments/B"),
    *("publications/A/B", "publications/create/it", "redemptions/A/B", "redemptions/A/rollback/B"),
    *("segments/A/B", "exports/A/B", "events/A", "async-actions/A/B", "nothing", "nothing/A", "vouchers//A", "vouchers//"),
]  # fmt: skip


@pytest.mark.parametrize("path", UNKNOWN)
def test_what_is_no_operation_is_not_found_by_any_method(path):
    caller = Api()

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        assert caller.send(method, path, "{}").error[:3] == NOWHERE, method
    assert not Voucher.objects.exists()


@pytest.mark.parametrize("word", ["generate", "validate", "enable", "balance", "qualification"])
def test_a_word_of_the_api_makes_no_voucher(word):
    caller, campaign = Api(), CampaignFactory()

    assert caller.post(f"vouchers/{word}", PERCENT).error[:3] == NOWHERE
    assert caller.post(f"campaigns/{campaign.public_id}/vouchers/{word}", {}).error[:3] == NOWHERE
    assert not Voucher.objects.exists()


def test_a_code_that_would_be_an_operation_is_refused():
    answer = Api().post("vouchers", PERCENT | {"code": "publish"})

    assert answer.error[1] == "invalid_payload"
    assert answer.error[3] == "code: “publish” is reserved by the API. Choose another code."


def test_an_operation_knows_its_methods_whatever_codes_there_are():
    StandaloneVoucherFactory(code="import")  # of an older Handout

    answer = Api().get("vouchers/import")

    assert answer.error[:2] == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("sent", ["10%2Foff", "10%2foff"])
def test_a_slash_within_a_code_is_escaped(sent):
    caller = Api()

    made = caller.post(f"vouchers/{sent}", PERCENT).json

    assert made["code"] == "10/off"
    assert caller.get(f"vouchers/{sent}").json["id"] == made["id"]
    assert caller.get(f"vouchers/{sent}/publications").json["total"] == 0
    assert caller.post(f"vouchers/{sent}/disable", {}).json["active"] is False
    assert caller.get("vouchers/10/off").error[:3] == NOWHERE


def test_an_escaped_percent_sign_is_no_slash():
    StandaloneVoucherFactory(code="A%2FB")

    assert Api().get("vouchers/A%252FB").json["code"] == "A%2FB"
    assert Api().get("vouchers/A%2FB").error[:2] == (404, "not_found")


def test_a_code_that_ends_like_an_import_is_made_of_an_object():
    assert Api().post("vouchers/summer%2Fimport", PERCENT).json["code"] == "summer/import"


def test_a_word_after_an_escaped_slash_is_part_of_the_code():
    voucher = StandaloneVoucherFactory(code="A/enable")

    assert Api().get("vouchers/A%2Fenable").json["id"] == voucher.public_id


@pytest.mark.parametrize(
    "path",
    ["publications", "redemptions", "vouchers", "campaigns", "customers", "segments", "exports", "async-actions"],
)
def test_a_trailing_slash_on_a_collection_is_the_collection(path):
    caller = Api()

    assert caller.get(f"{path}/").json == caller.get(path).json
    assert caller.get(f"{path}/?limit=5").status == 200


def test_a_collection_may_be_below_a_name():
    voucher = VoucherFactory(campaign=CampaignFactory(name="A/B"))
    caller = Api()

    assert caller.get(f"vouchers/{voucher.code}/publications/").json["total"] == 0
    assert caller.post("campaigns/A%2FB/vouchers/", {}).json["campaign"] == "A/B"
    assert caller.post("campaigns/", {"name": "C", "voucher": PERCENT}).json["name"] == "C"
    assert caller.get("vouchers/vouchers/").error[:3] == NOWHERE
