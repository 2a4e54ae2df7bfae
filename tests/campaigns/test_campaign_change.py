"""Changing a campaign writes what was changed and nothing else."""

from datetime import UTC, datetime

import pytest

from campaigns.actions.change_campaign import CampaignGone, change_campaign
from campaigns.actions.create_campaign import NameTaken
from campaigns.check_value import InvalidFields
from campaigns.models import Campaign
from config.staff.models import AuditEntry
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db


def test_only_what_differs_is_written_and_logged():
    campaign = CampaignFactory(name="Autumn", category="old", description="old")
    Campaign.objects.filter(pk=campaign.pk).update(join_once=True)  # a colleague, after the page was opened

    change_campaign(campaign, {"name": "Autumn", "category": "coffee", "description": "A long text"}, by=STAFF)

    campaign.refresh_from_db()
    assert (campaign.category, campaign.description, campaign.join_once) == ("coffee", "A long text", True)
    assert campaign.pool_version == 1
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object_id, entry.campaign_id) == ("campaign.changed", campaign.public_id, campaign.pk)
    assert entry.details == {
        "changes": {"category": {"from": "old", "to": "coffee"}},
        "texts_changed": ["description"],
    }


def test_no_difference_is_no_change():
    campaign = CampaignFactory(name="Autumn")

    change_campaign(campaign, {"name": " Autumn ", "discount_value": 10}, by=STAFF)

    campaign.refresh_from_db()
    assert (campaign.updated_at, campaign.pool_version, AuditEntry.objects.count()) == (None, 0, 0)


def test_enabling_and_disabling_is_logged_as_such():
    campaign = CampaignFactory()

    change_campaign(campaign, {"active": False}, by=STAFF)
    change_campaign(campaign, {"active": True}, by=STAFF)

    actions = AuditEntry.objects.order_by("id").values_list("action", flat=True)
    assert list(actions) == ["campaign.disabled", "campaign.enabled"]


def test_two_changes_that_are_each_right_cannot_be_wrong_together():
    campaign = CampaignFactory(expiration_date=datetime(2026, 6, 1, tzinfo=UTC))
    opened_before = Campaign.objects.get(pk=campaign.pk)
    change_campaign(campaign, {"expiration_date": datetime(2026, 3, 1, tzinfo=UTC)}, by=STAFF)

    with pytest.raises(InvalidFields) as refused:
        change_campaign(opened_before, {"start_date": datetime(2026, 4, 1, tzinfo=UTC)}, by=STAFF)

    assert refused.value.errors == {"expiration_date": "The expiration must be after the start."}


def test_the_kind_stays():
    with pytest.raises(InvalidFields) as refused:
        change_campaign(CampaignFactory(), {"kind": "GIFT_VOUCHERS"}, by=STAFF)

    assert refused.value.errors == {"kind": "This cannot be changed."}


def test_a_name_of_another_campaign_is_refused():
    CampaignFactory(name="Autumn")

    with pytest.raises(NameTaken):
        change_campaign(CampaignFactory(name="Winter"), {"name": "Autumn"}, by=STAFF)


def test_a_deleted_campaign_is_not_changed():
    campaign = CampaignFactory(deleted_at=datetime(2026, 1, 1, tzinfo=UTC))

    with pytest.raises(CampaignGone):
        change_campaign(campaign, {"name": "Winter"}, by=STAFF)
