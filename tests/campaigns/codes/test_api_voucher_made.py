"""POST /v1/vouchers: made with a code of their own or at random, standalone or in a campaign."""

from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread

import pytest
from django.db import connection

from campaigns.codes.models import Voucher
from config.staff.models import AuditEntry
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory, VoucherFactory

pytestmark = pytest.mark.django_db

TENTH_OFF = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
CODE_IN_USE = "Duplicated voucher exists with id WELCOME"


def test_a_voucher_with_a_code_of_its_own():
    caller = Api()

    answer = caller.post(
        "vouchers/welcome%2F10",
        {
            "category": "New Customers",
            "type": "DISCOUNT_VOUCHER",
            "discount": {"percent_off": 10, "type": "PERCENT", "effect": "APPLY_TO_ORDER"},
            "start_date": "2022-01-01T00:00:00Z",
            "expiration_date": "2042-12-31T23:59:59Z",
            "validity_timeframe": {"duration": "PT1H", "interval": "P2D"},
            "active": False,
            "additional_info": "This voucher will remain inactive until enabled.",
            "redemption": {"quantity": 10},
            "metadata": {"test": True, "locale": "de-en"},
        },
    )

    voucher = Voucher.objects.get()
    assert answer.status == 200
    assert answer.json == {
        "id": voucher.public_id,
        "code": "welcome/10",
        "campaign": None,
        "campaign_id": None,
        "category": "New Customers",
        "category_id": None,
        "categories": [],
        "type": "DISCOUNT_VOUCHER",
        "discount": {"type": "PERCENT", "percent_off": 10},
        "gift": None,
        "loyalty_card": None,
        "start_date": "2022-01-01T00:00:00.000Z",
        "expiration_date": "2042-12-31T23:59:59.000Z",
        "validity_timeframe": None,
        "validity_day_of_week": None,
        "active": False,
        "additional_info": "This voucher will remain inactive until enabled.",
        "metadata": {"test": True, "locale": "de-en"},
        "assets": {"qr": {}, "barcode": {}},
        "is_referral_code": False,
        "created_at": answer.json["created_at"],
        "updated_at": None,
        "holder_id": None,
        "redemption": {
            "quantity": 10,
            "redeemed_quantity": 0,
            "object": "list",
            "url": "/v1/vouchers/welcome%2F10/redemptions?page=1&limit=10",
        },
        "publish": {
            "object": "list",
            "count": 0,
            "data_ref": "entries",
            "entries": [],
            "total": 0,
            "url": "/v1/vouchers/welcome%2F10/publications?page=1&limit=10",
        },
        "validation_rules_assignments": {"object": "list", "data_ref": "data", "data": [], "total": 0},
        "object": "voucher",
    }
    assert caller.get("vouchers/welcome%2F10").json == answer.json
    entry = AuditEntry.objects.get(action="code.created")
    assert (entry.object_id, entry.actor_kind, entry.actor_label) == (voucher.public_id, "api_key", "Shop")


def test_a_code_that_exists_or_existed_is_a_conflict():
    caller = Api()
    VoucherFactory(code="WELCOME")
    VoucherFactory(code="GONE", deleted_at=datetime(2026, 1, 1, tzinfo=UTC))

    answers = [
        caller.post("vouchers/WELCOME", TENTH_OFF),
        caller.post("vouchers", TENTH_OFF | {"code": "WELCOME"}),
        caller.post("vouchers/GONE", TENTH_OFF),
    ]

    assert answers[0].error == (409, "duplicate_found", "Duplicated resource found", CODE_IN_USE)
    assert (answers[0].json["resource_id"], answers[0].json["resource_type"]) == ("WELCOME", "voucher")
    assert [answer.status for answer in answers] == [409, 409, 409]
    assert Voucher.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_makes_the_code():
    caller, statuses = Api(), []

    def make():
        statuses.append(caller.post("vouchers/WELCOME", TENTH_OFF).status)
        connection.close()

    threads = [Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] + [409] * 7


def test_a_random_code_as_its_configuration_says():
    config = {"pattern": "GIFT-####", "prefix": "New-", "postfix": "-0", "charset": "01", "initial_count": 7}

    answer = Api().post(
        "vouchers",
        {"type": "GIFT_VOUCHER", "gift": {"amount": 10000, "effect": "APPLY_TO_ORDER"}, "code_config": config},
    )

    voucher = Voucher.objects.get()
    assert answer.json["code"] == voucher.code
    assert voucher.code.removeprefix("New-GIFT-").removesuffix("-0").strip("01") == ""
    assert (len(voucher.code), voucher.gift_amount) == (15, Decimal(100))
    assert (answer.json["gift"], answer.json["discount"]) == ({"amount": 10000, "balance": 10000}, None)
    assert answer.json["redemption"]["quantity"] is None


def test_a_random_code_of_eight_characters_where_nothing_is_said():
    assert len(Api().post("vouchers", TENTH_OFF).json["code"]) == 8


def test_all_codes_of_a_small_space_and_not_one_more():
    caller, body = Api(), TENTH_OFF | {"code_config": {"length": 1, "charset": "01"}}

    codes = {caller.post("vouchers", body).json["code"] for _ in range(2)}
    none_left = caller.post("vouchers", body)

    assert codes == {"0", "1"}
    assert none_left.error[:3] == (400, "invalid_payload", "Invalid payload")
    assert none_left.error[3].startswith("code_config: 2 characters in 1 random position give 2 codes, and too few")


@pytest.mark.parametrize("how", ["campaign", "campaign_id"])
def test_in_a_campaign(how):
    campaign = CampaignFactory(name="Coffee", redemption_limit=3)
    body = {how: campaign.name if how == "campaign" else campaign.public_id}

    named = Api().post("vouchers/BEAN", body)
    random = Api().post("vouchers", body)

    assert [answer.json["campaign_id"] for answer in (named, random)] == [campaign.public_id] * 2
    assert named.json["discount"] == {"type": "PERCENT", "percent_off": 10}
    assert named.json["redemption"]["quantity"] == 3
    campaign.refresh_from_db()
    assert campaign.pool_version == 2


def test_the_one_code_of_a_standalone_campaign():
    campaign = CampaignFactory(name="Coffee", standalone=True)
    caller = Api()

    at_random = caller.post("vouchers", {"campaign": "Coffee"})
    named = caller.post("vouchers/BEAN", {"campaign": "Coffee"})
    another = caller.post("vouchers/LEAF", {"campaign": "Coffee"})

    assert at_random.error[:3] == (400, "invalid_campaign", "Invalid Campaign")
    assert (named.status, another.status) == (200, 400)
    assert (
        another.error[3]
        == "“Coffee” is a single-code campaign and already has its code. Create another campaign for more."
    )
    assert campaign.vouchers.get().code == "BEAN"


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_makes_the_one_code_of_a_standalone_campaign():
    campaign, caller, statuses = CampaignFactory(name="Coffee", standalone=True), Api(), []

    def make(n):
        statuses.append(caller.post(f"vouchers/BEAN-{n}", {"campaign": "Coffee"}).status)
        connection.close()

    threads = [Thread(target=make, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] + [400] * 7
    assert campaign.vouchers.count() == 1


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "discount.type: Choose what the code is worth."),
        ({"type": "LOYALTY_CARD"}, "type: must be 'DISCOUNT_VOUCHER' or 'GIFT_VOUCHER'"),
        ({"type": "GIFT_VOUCHER"}, "gift.amount: Enter an amount above 0."),
        ({"gift": {"amount": 0}}, "gift.amount: Enter an amount above 0."),
        ({"discount": {"type": "PERCENT"}}, "discount: Enter the value."),
        ({"discount": {"type": "PERCENT", "percent_off": "10"}}, "discount.percent_off: must be a number"),
        ({"discount": {"type": "PERCENT", "percent_off": 101}}, "discount: Enter a percentage above 0 and up to 100."),
        ({"discount": {"percent_off": 10}}, "discount.type: is required"),
        (TENTH_OFF | {"redemption": {"quantity": 0}}, "redemption.quantity: Enter 1 to 1,000,000,000; leave empty for no limit."),
        (TENTH_OFF | {"redemption": {"quantity": 2**40}}, "redemption.quantity: Enter 1 to 1,000,000,000; leave empty for no limit."),
        (TENTH_OFF | {"redemption": 5}, "redemption: must be an object"),
        (TENTH_OFF | {"active": 1}, "active: must be true or false"),
        (TENTH_OFF | {"start_date": "soon"}, "start_date: must be an ISO 8601 time such as 2026-03-01T12:00:00Z"),
        (
            TENTH_OFF | {"start_date": "2026-02-01T00:00:00Z", "expiration_date": "2026-01-01T00:00:00Z"},
            "expiration_date: The expiration must be after the start.",
        ),
        (TENTH_OFF | {"metadata": []}, "metadata: must be an object"),
        (TENTH_OFF | {"metadata": {"a": "x" * 33_000}}, "metadata: Metadata can have at most 32 KB; this is 32 KB."),
        (TENTH_OFF | {"category": "x" * 101}, "category: Ensure this value has at most 100 characters (it has 101)."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(body, details):
    answer = Api().post("vouchers/WELCOME", body)

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not Voucher.objects.exists()


@pytest.mark.parametrize(
    ("config", "details"),
    [
        ({"charset": "AA"}, "code_config.charset: “A” appears twice. List each character once."),
        ({"pattern": "ABC"}, "code_config.pattern: Include at least one #. Each # becomes a random character."),
        ({"length": 0}, "code_config.length: Use at least 1 random character."),
        ({"length": 2.5}, "code_config.length: must be a whole number"),
        ({"length": 300}, "code_config.length: Codes would have 300 characters; the maximum is 255."),
        ({"length": 2**62}, f"code_config.length: Codes would have {2**62} characters; the maximum is 255."),
        (
            {"charset": "".join(map(chr, range(0x4E00, 0x4E00 + 300)))},
            "code_config.charset: Use at most 255 different characters.",
        ),
        ({"prefix": "A B"}, "code_config.prefix: Codes cannot contain spaces or invisible characters."),
    ],
)
def test_a_configuration_that_gives_no_codes(config, details):
    answer = Api().post("vouchers", TENTH_OFF | {"code_config": config})

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)


@pytest.mark.parametrize("code", ["%20", "A%09B", "x" * 256])
def test_a_text_that_cannot_be_a_code(code):
    answer = Api().post(f"vouchers/{code}", TENTH_OFF)

    assert answer.error[3] == "code: Enter 1 to 255 visible characters."


def test_the_type_is_that_of_the_campaign():
    CampaignFactory(name="Coffee")

    answer = Api().post("vouchers/BEAN", {"campaign": "Coffee", "type": "GIFT_VOUCHER", "gift": {"amount": 100}})

    assert answer.error[3] == "type: The codes in this campaign have the type DISCOUNT_VOUCHER."


def test_a_campaign_that_there_is_not():
    answer = Api().post("vouchers/BEAN", {"campaign": "Coffee"})

    assert answer.error == (404, "not_found", "Resource not found", "Cannot find campaign with id Coffee")
