"""Making a campaign: the rules, the first codes, and the name that the database keeps unique."""

import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection

from campaigns.actions.create_campaign import NameTaken, create_campaign
from campaigns.check_value import InvalidFields
from campaigns.codes.code_space import CodeSpaceTooSmall
from campaigns.codes.models import CodeOrder
from campaigns.models import Campaign
from config.staff.models import AuditEntry
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db

TENTH_OFF = {"discount_type": "PERCENT", "discount_value": 10}


def test_a_campaign_is_made_with_an_order_of_its_first_codes():
    campaign = create_campaign({"name": "Autumn", **TENTH_OFF, "activity_duration": "30 days"}, count=500, by=STAFF)

    campaign.refresh_from_db()
    assert (campaign.name, campaign.discount_value, campaign.activity_duration) == ("Autumn", Decimal(10), "P30D")
    assert (campaign.actor_kind, campaign.actor_label) == ("user", "Test Staff")
    assert CodeOrder.objects.get(campaign=campaign).total == 500
    assert [e.action for e in AuditEntry.objects.order_by("id")] == ["campaign.created", "campaign.codes_ordered"]


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"kind": "LOTTERY"}, "kind"),
        ({"kind": "GIFT_VOUCHERS"}, "gift_amount"),
        ({"kind": "GIFT_VOUCHERS", "gift_amount": 0}, "gift_amount"),
        ({"discount_value": 10}, "discount_type"),
        ({"discount_type": "PERCENT"}, "discount_value"),
        ({"discount_type": "PERCENT", "discount_value": 101}, "discount_value"),
        ({"discount_type": "AMOUNT", "discount_value": Decimal("1.005")}, "discount_value"),
        ({"discount_type": "UNIT", "discount_value": 1}, "unit_type"),
        ({"discount_type": "UNIT", "discount_value": Decimal("1.5"), "unit_type": "coffee"}, "discount_value"),
        ({"start_date": datetime(2026, 2, 1, tzinfo=UTC), "expiration_date": datetime(2026, 2, 1, tzinfo=UTC)}, "expiration_date"),
        ({"activity_duration": "soon"}, "activity_duration"),
        ({"redemption_limit": 0}, "redemption_limit"),
        ({"auto_update": True, "reserve": 100_001}, "reserve"),
        ({"code_charset": "AA"}, "code_charset"),
        ({"code_pattern": "PLAIN"}, "code_pattern"),
        ({"metadata": ["no", "object"]}, "metadata"),
        ({"metadata": {"text": "x" * 33_000}}, "metadata"),
        ({"pool_version": 7}, "pool_version"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(fields, wrong):
    with pytest.raises(InvalidFields) as refused:
        create_campaign({"name": "Autumn"} | fields, by=STAFF)

    assert list(refused.value.errors) == [wrong]
    assert Campaign.objects.count() == 0


def test_what_does_not_belong_to_the_kind_is_left_out():
    gift = create_campaign({"name": "Gift", "kind": "GIFT_VOUCHERS", "gift_amount": 25, **TENTH_OFF}, by=STAFF)
    coupon = create_campaign({"name": "Coupon", **TENTH_OFF, "gift_amount": 25, "unit_type": "month"}, by=STAFF)

    assert (gift.discount_type, gift.discount_value, gift.gift_amount) == (None, None, 25)
    assert (coupon.gift_amount, coupon.unit_type) == (None, "")


@pytest.mark.parametrize(
    ("kind", "limit"), [("DISCOUNT_COUPONS", 1), ("GIFT_VOUCHERS", None), ("REFERRAL_PROGRAM", None)]
)
def test_unless_told_only_a_discount_is_for_one_use(kind, limit):
    value = {"gift_amount": 20} if kind == "GIFT_VOUCHERS" else {"discount_type": "PERCENT", "discount_value": 10}

    campaign = create_campaign({"name": "Autumn", "kind": kind, **value}, by=STAFF)

    assert campaign.redemption_limit == limit


def test_too_small_a_code_space_leaves_no_campaign_behind():
    with pytest.raises(CodeSpaceTooSmall):
        create_campaign({"name": "Autumn", "code_length": 1}, count=33, by=STAFF)

    assert Campaign.objects.count() == CodeOrder.objects.count() == AuditEntry.objects.count() == 0


def test_the_name_of_a_deleted_campaign_is_free():
    CampaignFactory(name="Autumn", deleted_at=datetime(2026, 1, 1, tzinfo=UTC))

    create_campaign({"name": "Autumn"}, by=STAFF)

    with pytest.raises(NameTaken) as refused:
        create_campaign({"name": "Autumn"}, by=STAFF)
    assert str(refused.value) == "There is already a campaign called “Autumn”. Choose another name."


@pytest.mark.django_db(transaction=True)
def test_of_many_who_take_a_name_at_once_one_gets_it():
    outcomes = []
    ready = threading.Barrier(8)

    def create():
        ready.wait()
        try:
            outcomes.append(create_campaign({"name": "Autumn"}, by=STAFF).name)
        except NameTaken:
            outcomes.append("taken")
        connection.close()

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["Autumn"] + ["taken"] * 7
    assert Campaign.objects.count() == 1
