"""POST, PUT and DELETE /v1/vouchers: made, changed, switched, deleted (contract.md, "Vouchers, campaigns, customers")."""

from datetime import UTC, datetime
from decimal import Decimal
from threading import Thread

import pytest
from django.db import connection

from campaigns.models import Campaign, Voucher
from config.models import AuditEntry
from publications.release import release
from tests.api_calls import Api
from tests.factories import STAFF, CampaignFactory, StandaloneVoucherFactory, VoucherFactory, published

pytestmark = pytest.mark.django_db

TENTH_OFF = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}
CODE_IN_USE = "Duplicated voucher exists with id WELCOME"


def logged() -> list[tuple]:
    """[(action, object_id, kind of the actor)], the oldest first; without the making of the key."""
    entries = AuditEntry.objects.exclude(action="api_key.created").order_by("pk")
    return list(entries.values_list("action", "object_id", "actor_kind"))


def test_a_voucher_with_a_code_of_its_own():
    caller = Api()

    answer = caller.post(
        "vouchers/welcome/10",
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
    assert caller.get("vouchers/welcome/10").json == answer.json
    assert logged() == [("code.created", voucher.public_id, "api_key")]


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
    assert none_left.error[3].startswith("code_config: 2 characters over 1 random place give 2 codes, and too few")


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
    assert another.error[3] == "“Coffee” is a campaign of one code, which it has. Make another campaign for more."
    assert campaign.vouchers.get().code == "BEAN"


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, "discount.type: Choose what the code gives."),
        ({"type": "LOYALTY_CARD"}, "type: must be 'DISCOUNT_VOUCHER' or 'GIFT_VOUCHER'"),
        ({"type": "GIFT_VOUCHER"}, "gift.amount: Enter an amount above 0."),
        ({"gift": {"amount": 0}}, "gift.amount: Enter an amount above 0."),
        ({"discount": {"type": "PERCENT"}}, "discount: Enter the value."),
        ({"discount": {"type": "PERCENT", "percent_off": "10"}}, "discount.percent_off: must be a number"),
        ({"discount": {"type": "PERCENT", "percent_off": 101}}, "discount: Enter a percentage above 0 and up to 100."),
        ({"discount": {"percent_off": 10}}, "discount.type: is required"),
        (TENTH_OFF | {"redemption": {"quantity": 0}}, "redemption.quantity: Enter 1 or more; leave it empty for no limit."),
        (TENTH_OFF | {"redemption": {"quantity": 2**40}}, "redemption.quantity: Ensure this value is less than or equal to 2147483647."),
        (TENTH_OFF | {"redemption": 5}, "redemption: must be an object"),
        (TENTH_OFF | {"active": 1}, "active: must be true or false"),
        (TENTH_OFF | {"start_date": "soon"}, "start_date: must be an ISO 8601 time such as 2026-03-01T12:00:00Z"),
        (
            TENTH_OFF | {"start_date": "2026-02-01T00:00:00Z", "expiration_date": "2026-01-01T00:00:00Z"},
            "expiration_date: The expiration must be after the start.",
        ),
        (TENTH_OFF | {"metadata": []}, "metadata: must be an object"),
        (TENTH_OFF | {"metadata": {"a": "x" * 33_000}}, "metadata: Metadata may hold at most 32 KB; this is 32 KB."),
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
        ({"charset": "AA"}, "code_config.charset: “A” is there twice: name each character once."),
        ({"pattern": "ABC"}, "code_config.pattern: Put at least one #: each # becomes a random character."),
        ({"length": 0}, "code_config.length: At least 1 random character is needed."),
        ({"length": 2.5}, "code_config.length: must be a whole number"),
        ({"length": 300}, "code_config.length: A code would have 300 characters; at most 255 are possible."),
        ({"length": 2**62}, f"code_config.length: A code would have {2**62} characters; at most 255 are possible."),
        (
            {"charset": "".join(map(chr, range(0x4E00, 0x4E00 + 300)))},
            "code_config.charset: At most 255 different characters are possible.",
        ),
        ({"prefix": "A B"}, "code_config.prefix: Spaces and invisible characters cannot be part of a code."),
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

    assert answer.error[3] == "type: The codes of this campaign are of the type DISCOUNT_VOUCHER."


def test_a_campaign_that_there_is_not():
    answer = Api().post("vouchers/BEAN", {"campaign": "Coffee"})

    assert answer.error == (404, "not_found", "Resource not found", "Cannot find campaign with id Coffee")


def test_what_was_sent_is_changed_and_nothing_else():
    voucher = StandaloneVoucherFactory(code="BEAN", category="old", metadata={"a": 1}, additional_info="For Ada")
    caller = Api()

    answer = caller.put(
        "vouchers/BEAN",
        {
            "category": "new",
            "discount": {"type": "PERCENT", "percent_off": 45},
            "expiration_date": "2042-12-31T23:59:59Z",
            "active": False,
            "metadata": {"Season": "Winter"},
            "code": "OTHER",
            "redemption": {"quantity": 9},
        },
    )

    voucher.refresh_from_db()
    assert (answer.status, answer.json) == (200, caller.get("vouchers/BEAN").json)
    assert (answer.json["category"], answer.json["discount"]) == ("new", {"type": "PERCENT", "percent_off": 45})
    assert (answer.json["active"], answer.json["metadata"]) == (False, {"Season": "Winter"})
    assert (answer.json["additional_info"], answer.json["redemption"]["quantity"]) == ("For Ada", None)
    assert voucher.expiration_date == datetime(2042, 12, 31, 23, 59, 59, tzinfo=UTC)
    entry = AuditEntry.objects.get(action="code.changed")
    assert (entry.actor_kind, entry.actor_label, entry.object_id) == ("api_key", "Shop", voucher.public_id)
    assert entry.details["changes"]["discount_value"] == {"from": "10.0000", "to": "45"}


def test_null_clears_a_date_or_a_text():
    voucher = VoucherFactory(
        code="BEAN", category="old", additional_info="x", metadata={"a": 1}, active=False,
        start_date=datetime(2026, 1, 1, tzinfo=UTC), expiration_date=datetime(2026, 2, 1, tzinfo=UTC),
    )  # fmt: skip
    names = ["category", "additional_info", "start_date", "expiration_date", "metadata", "active", "discount"]

    Api().put("vouchers/BEAN", dict.fromkeys(names))

    voucher.refresh_from_db()
    assert [getattr(voucher, name) for name in names[:4]] == [None] * 4
    assert (voucher.metadata, voucher.active) == ({"a": 1}, False)


def test_a_code_of_a_campaign_may_get_a_discount_of_its_own_of_the_same_type():
    voucher = VoucherFactory(code="BEAN")
    caller = Api()

    same = caller.put("vouchers/BEAN", {"discount": {"type": "PERCENT", "percent_off": 15}})
    other = caller.put("vouchers/BEAN", {"discount": {"type": "AMOUNT", "amount_off": 500}})

    voucher.refresh_from_db()
    assert same.json["discount"] == {"type": "PERCENT", "percent_off": 15}
    assert other.error == (
        400,
        "invalid_voucher",
        "Invalid Voucher",
        "It is not possible to change the type of a code's discount.",
    )
    assert (voucher.discount_type, voucher.discount_value) == ("PERCENT", 15)
    assert Campaign.objects.get().discount_value == 10


def test_a_published_code_can_be_changed_and_stays_published():
    voucher = published(VoucherFactory(code="BEAN")).vouchers[0]

    answer = Api().put("vouchers/BEAN", {"category": "vip"})

    assert (answer.json["publish"]["count"], answer.json["category"]) == (1, "vip")
    voucher.refresh_from_db()
    assert voucher.published_at is not None


def test_enabled_and_disabled_however_often():
    voucher, caller = VoucherFactory(code="BEAN"), Api()

    answers = [caller.send("POST", f"vouchers/{call}", "") for call in
               ("BEAN/disable", f"{voucher.public_id}/disable", "BEAN/enable", "BEAN/enable")]  # fmt: skip

    assert [(answer.status, answer.json["active"]) for answer in answers] == [
        (200, False),
        (200, False),
        (200, True),
        (200, True),
    ]
    assert [action for action, *_ in logged()] == ["code.disabled", "code.enabled"]


def test_a_deleted_voucher_is_gone_and_its_code_stays_reserved():
    voucher, caller = VoucherFactory(code="BEAN"), Api()

    answer = caller.delete("vouchers/BEAN")

    assert (answer.status, answer.content) == (204, b"")
    assert caller.get("vouchers/BEAN").status == caller.get(f"vouchers/{voucher.public_id}").status == 404
    assert caller.delete("vouchers/BEAN").error[:2] == (404, "not_found")
    assert caller.post("vouchers/BEAN", TENTH_OFF).status == 409
    assert [entry for entry in logged() if entry[0] == "code.deleted"] == [
        ("code.deleted", voucher.public_id, "api_key")
    ]


def test_force_frees_a_code_that_nobody_ever_got():
    VoucherFactory(code="BEAN")
    caller = Api()

    assert caller.delete("vouchers/BEAN?force=true").status == 204

    assert not Voucher.objects.exists()
    assert caller.post("vouchers/BEAN", TENTH_OFF).status == 200


@pytest.mark.parametrize("released", [False, True])
def test_what_was_published_stays_on_record_whatever_is_forced(released):
    publication = published(VoucherFactory(code="BEAN"))
    voucher = publication.vouchers[0]
    if released:
        release(voucher, by=STAFF, reason="Sent to the wrong customer")
    caller = Api()

    assert caller.delete("vouchers/BEAN?force=true").status == 204

    assert caller.get("vouchers/BEAN").status == 404
    assert caller.post("vouchers/BEAN", TENTH_OFF).status == 409
    history = caller.get("publications").json["publications"]
    assert [(row["id"], row["voucher"]["code"]) for row in history] == [(publication.public_id, "BEAN")]
    assert AuditEntry.objects.get(action="code.deleted").details == {"erased": False}


def test_a_deleted_code_is_not_published():
    campaign = CampaignFactory(name="Coffee", codes=1)
    caller = Api()
    caller.delete(f"vouchers/{campaign.vouchers.get().code}")

    answer = caller.post("publications", {"campaign": "Coffee", "customer": "12344"})

    assert answer.error[1] == "no_voucher_suitable_for_publication"


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_voucher_that_there_is_not(method):
    answer = Api().send(method, "vouchers/NONE", "{}")

    assert answer.error == (404, "not_found", "Resource not found", "Cannot find voucher with id NONE")
    assert Api().send("POST", "vouchers/NONE/enable", "{}").error[:2] == (404, "not_found")
