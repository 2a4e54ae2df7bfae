"""POST and GET /v1/campaigns (docs/api.md, "Vouchers, campaigns, customers")."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from campaigns.codes.models import CodeOrder
from campaigns.models import Campaign
from config.staff.models import AuditEntry
from tests.support.api.calls import Api
from tests.support.factories import CampaignFactory

pytestmark = pytest.mark.django_db

PERCENT = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


def names(answer):
    assert answer.status == 200, answer.json
    return [campaign["name"] for campaign in answer.json["campaigns"]]


def test_a_campaign_is_made_and_its_codes_are_ordered():
    caller = Api()

    answer = caller.post(
        "campaigns",
        {
            "name": "Discount Campaign 4",
            "campaign_type": "DISCOUNT_COUPONS",
            "join_once": True,
            "type": "AUTO_UPDATE",
            "start_date": "2020-08-16T00:00:00Z",
            "expiration_date": "2043-12-26T00:00:00Z",
            "vouchers_count": 3,
            "voucher": {
                "type": "DISCOUNT_VOUCHER",
                "discount": {"percent_off": 10.5, "type": "PERCENT"},
                "redemption": {"quantity": 10},
                "code_config": {"pattern": "10OFF-#######"},
            },
            "validity_timeframe": {"interval": "P2D", "duration": "P1D"},
            "activity_duration_after_publishing": "P24D",
            "use_voucher_metadata_schema": False,
            "category": "First",
            "description": "Ten and a half",
            "metadata": {"region": "AMER"},
        },
    )

    campaign = Campaign.objects.get()
    order = CodeOrder.objects.get()
    assert (order.campaign, order.total, order.actor_kind, order.actor_id) == (campaign, 3, "api_key", caller.key.pk)
    assert AuditEntry.objects.get(action="campaign.created").actor_label == "Shop"
    dates = {"start_date": "2020-08-16T00:00:00.000Z", "expiration_date": "2043-12-26T00:00:00.000Z"}
    assert answer.status == 200
    assert answer.json == {
        "id": campaign.public_id,
        "name": "Discount Campaign 4",
        "description": "Ten and a half",
        "campaign_type": "DISCOUNT_COUPONS",
        "type": "AUTO_UPDATE",
        "voucher": {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "PERCENT", "percent_off": 10.5},
            "redemption": {"quantity": 10},
            "code_config": {
                "length": 7,
                "charset": "23456789ABCDEFGHJKLMNPQRSTUVWXYZ",
                "pattern": "10OFF-#######",
            },
            "is_referral_code": False,
            **dates,
        },
        "auto_join": False,
        "join_once": True,
        "use_voucher_metadata_schema": False,
        **dates,
        "validity_timeframe": None,
        "validity_day_of_week": None,
        "activity_duration_after_publishing": "P24D",
        "vouchers_count": 0,
        "active": True,
        "metadata": {"region": "AMER"},
        "created_at": answer.json["created_at"],
        "updated_at": None,
        "category": "First",
        "category_id": None,
        "categories": [],
        "creation_status": "IN_PROGRESS",
        "vouchers_generation_status": "IN_PROGRESS",
        "protected": False,
        "validation_rules_assignments": {"object": "list", "data_ref": "data", "data": [], "total": 0},
        "object": "campaign",
    }
    assert Api("read").get("campaigns/Discount Campaign 4").json == answer.json


@pytest.mark.parametrize(
    ("kind", "voucher", "columns"),
    [
        (None, {"discount": {"type": "AMOUNT", "amount_off": 1050}}, ("AMOUNT", Decimal("10.5"), None)),
        (None, {"discount": {"type": "FIXED", "fixed_amount": 99}}, ("FIXED", Decimal("0.99"), None)),
        (None, {"discount": {"type": "UNIT", "unit_off": 2, "unit_type": "tea"}}, ("UNIT", Decimal(2), None)),
        (
            "GIFT_VOUCHERS",
            {"type": "GIFT_VOUCHER", "gift": {"amount": 1000, "effect": "APPLY_TO_ORDER"}},
            (None, None, Decimal(10)),
        ),
        ("REFERRAL_PROGRAM", PERCENT | {"is_referral_code": True}, ("PERCENT", Decimal(10), None)),
    ],
)
def test_kinds_and_values(kind, voucher, columns):
    answer = Api().post("campaigns", {"name": "Coffee", "campaign_type": kind, "voucher": voucher})

    campaign = Campaign.objects.get()
    assert (campaign.discount_type, campaign.discount_value, campaign.gift_amount) == columns
    assert campaign.kind == (kind or "DISCOUNT_COUPONS")
    assert (answer.json["type"], answer.json["vouchers_generation_status"]) == ("STATIC", "DONE")
    sent = voucher.get("gift") or voucher["discount"]
    answered = answer.json["voucher"].get("gift") or answer.json["voucher"]["discount"]
    assert {name: answered[name] for name in sent if name != "effect"} == {
        name: value for name, value in sent.items() if name != "effect"
    }


@pytest.mark.parametrize(
    ("redemption", "limit"), [(None, None), ({}, None), ({"quantity": None}, None), ({"quantity": 5}, 5)]
)
def test_a_limit_of_null_is_none(redemption, limit):
    Api().post("campaigns", {"name": "Coffee", "voucher": PERCENT | {"redemption": redemption}})

    assert Campaign.objects.get().redemption_limit == limit


@pytest.mark.parametrize(
    ("redemption", "limit"), [(None, None), ({}, None), ({"quantity": None}, None), ({"quantity": 5}, 5)]
)
def test_a_gift_voucher_may_be_used_until_its_balance_is_0_unless_told(redemption, limit):
    voucher = {"type": "GIFT_VOUCHER", "gift": {"amount": 1000}, "redemption": redemption}
    answer = Api().post("campaigns", {"name": "Cards", "campaign_type": "GIFT_VOUCHERS", "voucher": voucher})

    assert answer.json["voucher"]["redemption"]["quantity"] == limit
    assert Campaign.objects.get().redemption_limit == limit


def test_a_name_is_taken_once():
    CampaignFactory(name="Coffee")

    answer = Api().post("campaigns", {"name": "Coffee", "voucher": PERCENT})

    assert answer.error == (
        409,
        "duplicate_found",
        "Duplicated resource found",
        "Duplicated campaign exists with name Coffee",
    )
    assert (answer.json["resource_id"], answer.json["resource_type"]) == ("Coffee", "campaign")


@pytest.mark.parametrize(
    ("change", "details"),
    [
        ({"name": None}, "name: must be a string"),
        ({"name": ""}, "name: This field cannot be blank."),
        ({"voucher": None}, "voucher: must be an object"),
        ({"voucher": {}}, "The body must have voucher.discount: it is required for a DISCOUNT_COUPONS campaign."),
        (
            {"campaign_type": "GIFT_VOUCHERS"},
            "The body must have voucher.gift: it is required for a GIFT_VOUCHERS campaign.",
        ),
        (
            {"campaign_type": "LOYALTY_PROGRAM"},
            "campaign_type: must be 'DISCOUNT_COUPONS', 'GIFT_VOUCHERS' or 'REFERRAL_PROGRAM'",
        ),
        ({"type": "BULK"}, "type: must be 'STATIC', 'AUTO_UPDATE' or 'STANDALONE'"),
        (
            {"voucher": {"type": "GIFT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 1}}},
            "The body must have voucher.gift: it is required for a GIFT_VOUCHERS campaign.",
        ),
        ({"voucher": {"discount": {"type": "PERCENT"}}}, "voucher.discount: Enter the value."),
        (
            {"voucher": {"discount": {"type": "PERCENT", "percent_off": 101}}},
            "voucher.discount: Enter a percentage above 0 and up to 100.",
        ),
        (
            {"voucher": {"discount": {"type": "PERCENT", "percent_off": "10"}}},
            "voucher.discount.percent_off: must be a number",
        ),
        ({"start_date": "tomorrow"}, "start_date: must be an ISO 8601 time such as 2026-03-01T12:00:00Z"),
        (
            {"start_date": "2026-01-02", "expiration_date": "2026-01-01"},
            "expiration_date: The expiration must be after the start.",
        ),
        ({"vouchers_count": -1}, "vouchers_count: must be at least 0"),
        (
            {"vouchers_count": 10_000_001},
            "vouchers_count: Generate at most 10,000,000 codes at a time; you can add more later.",
        ),
        (
            {"voucher": PERCENT | {"code_config": {"pattern": "NONE"}}},
            "voucher.code_config.pattern: Include at least one #. Each # becomes a random character.",
        ),
        ({"metadata": 5}, "metadata: must be an object"),
        (
            {"activity_duration_after_publishing": "a while"},
            "activity_duration_after_publishing: Write it as “30 days”, “12 hours” or, in ISO 8601, “P30D”.",
        ),
        ({"vouchers_count": 2.5}, "vouchers_count: must be a whole number"),
    ],
)
def test_what_is_wrong_is_named(change, details):
    answer = Api().post("campaigns", {"name": "Coffee", "voucher": PERCENT, **change})

    assert answer.error == (400, "invalid_payload", "Invalid payload", details)
    assert not Campaign.objects.exists()


def test_a_code_space_that_is_too_small():
    voucher = PERCENT | {"code_config": {"pattern": "##", "charset": "0123456789"}}

    answer = Api().post("campaigns", {"name": "Coffee", "voucher": voucher, "vouchers_count": 101})

    assert answer.error[:2] == (400, "invalid_payload")
    assert "vouchers_count: 10 characters in 2 random positions give 100 codes" in answer.error[3]
    assert not Campaign.objects.exists()


def test_how_far_the_making_of_codes_is():
    states = {"Making": ["done", "queued"], "Broken": ["done", "failed"], "Mended": ["failed", "done"], "None": []}
    for name, orders in states.items():
        campaign = CampaignFactory(name=name)
        for n, status in enumerate(orders):
            created = timezone.now() + timedelta(seconds=n)
            CodeOrder.objects.create(campaign=campaign, total=1, status=status, created_at=created)
    caller = Api("read")

    found = {
        campaign["name"]: campaign["vouchers_generation_status"]
        for campaign in caller.get("campaigns").json["campaigns"]
    }

    assert found == {"Making": "IN_PROGRESS", "Broken": "FAILED", "Mended": "DONE", "None": "DONE"}
    assert names(caller.get("campaigns?campaign_status=FAILED")) == ["Broken"]


def test_a_campaign_is_found_by_id_or_name():
    campaign = CampaignFactory(name="$20 OFF / Entire Order", codes=3)
    CampaignFactory(name="Gone", deleted_at=timezone.now())
    caller = Api("read")

    assert caller.get(f"campaigns/{campaign.public_id}").json["vouchers_count"] == 3
    assert caller.get("campaigns/$20%20OFF%20%2F%20Entire%20Order").json["id"] == campaign.public_id
    for reference in ("Nothing", "Gone", "camp_AAAAAAAAAAAAAAAA"):
        answer = caller.get(f"campaigns/{reference}")
        assert answer.error == (404, "not_found", "Resource not found", f"Cannot find campaign with id {reference}")
        assert (answer.json["resource_id"], answer.json["resource_type"]) == (reference, "campaign")


@pytest.fixture
def campaigns():
    """a: running. b: gift, AUTO_UPDATE, disabled, expired. c: referral, not started."""
    now = timezone.now()
    CampaignFactory(name="a", category="autumn", created_at=now - timedelta(days=9))
    CampaignFactory(
        name="b",
        kind="GIFT_VOUCHERS",
        gift_amount=5,
        auto_update=True,
        active=False,
        expiration_date=now - timedelta(days=1),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    CampaignFactory(name="c", kind="REFERRAL_PROGRAM", start_date=now + timedelta(days=1))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("", "abc"),
        ("campaign_type=GIFT_VOUCHERS", "b"),
        ("is_referral_code=true", "c"),
        ("is_referral_code=false", "ab"),
        ("campaign_status=DONE", "abc"),
        ("expand=category", "abc"),
        ("filters[campaigns][conditions][$in][]=a&filters[campaigns][conditions][$in][]=c", "ac"),
        ("filters[campaigns_id][conditions][$is]=camp_nonsense", ""),
        ("filters[campaign_status][conditions][$is]=done", "abc"),
        ("filters[status][conditions][$expired]=", "b"),
        ("filters[status][conditions][before_start]=", "c"),
        ("filters[active][conditions][$enabled]=", "ac"),
        ("filters[active][conditions][$disabled]=", "b"),
        ("filters[active][$active]=", "a"),
        ("filters[is_referral_code][conditions][$is]=TRUE", "c"),
        ("filters[voucher_type][conditions][$is]=GIFT_VOUCHER", "b"),
        ("filters[voucher_type][conditions][$not_in]=GIFT_VOUCHER", "ac"),
        ("filters[categories][conditions][$is]=autumn", "a"),
        ("filters[type][conditions][$is]=AUTO_UPDATE", "b"),
        ("filters[type][conditions][$is]=BULK", "abc"),
        ("filters[type][conditions][$is_not]=AUTO_UPDATE", "ac"),
        ("filters[created_date][conditions][$more_than]=5", "a"),
        ("filters[updated_at][conditions][$has_value]=", "b"),
        ("filters[start_date][conditions][$after]=2000-01-01", "c"),
        ("filters[expiration_date][conditions][$before]=2000-01-01", ""),
    ],
)
def test_filters(campaigns, query, wanted):
    answer = Api("read").get(f"campaigns?{query}&order=created_at")

    assert "".join(names(answer)) == wanted
    assert answer.json["total"] == len(wanted)


@pytest.mark.parametrize(
    ("order", "wanted"), [("-created_at", "cba"), ("created_at", "abc"), ("-updated_at", "bca"), ("updated_at", "bac")]
)
def test_orders(campaigns, order, wanted):
    assert "".join(names(Api("read").get(f"campaigns?order={order}"))) == wanted


@pytest.mark.parametrize("rows", [1, 50])
def test_the_number_of_queries_does_not_grow_with_the_rows(django_assert_num_queries, rows):
    for _ in range(rows):
        CampaignFactory(codes=2)
    caller = Api("read")
    caller.get("campaigns")

    # the key, the total, the page, how many codes
    with django_assert_num_queries(4):
        assert len(names(caller.get("campaigns?limit=100"))) == rows
