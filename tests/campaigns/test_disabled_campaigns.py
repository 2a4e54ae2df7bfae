"""A disabled campaign publishes as Voucherify's do, unless the project's settings refuse it."""

import pytest

from campaigns.codes.models import Voucher
from campaigns.models import Campaign
from config.staff.models import ProjectSettings
from publications.actions.publish import publish, publish_code
from publications.exports.actions.hand_out import CampaignOver, order_hand_out
from publications.models import Publication
from publications.queries.foresee_refusal import foresee_refusal
from publications.refusals import CampaignDisabled
from tests.support.api.calls import Api
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db
HOW = {"channel": "API", "origin": "api", "by": STAFF}


@pytest.fixture
def campaign():
    return CampaignFactory(codes=2, active=False, auto_update=True)


def test_it_publishes_where_nobody_has_said_otherwise(campaign):
    publish(campaign, CustomerFactory(), **HOW)

    assert [found.refuses for found in foresee_refusal(campaign)] == [False]


def test_it_is_refused_everywhere_where_the_project_says_so(campaign, project):
    project(refuse_disabled_campaigns=True)

    with pytest.raises(CampaignDisabled):
        publish(campaign, CustomerFactory(), **HOW)
    with pytest.raises(CampaignDisabled):
        publish_code(campaign.vouchers.first(), CustomerFactory(), **HOW)
    with pytest.raises(CampaignOver):
        order_hand_out(campaign, count=1, by=STAFF, for_whom="Print shop")

    assert set(Publication.objects.values_list("failure_reason", flat=True)) == {"campaign_disabled"}
    assert Voucher.objects.filter(published_at=None).count() == Voucher.objects.count() == 2
    assert [found.refuses for found in foresee_refusal(campaign)] == [True]
    Campaign.objects.update(active=True)
    publish(Campaign.objects.get(), CustomerFactory(), **HOW)


def test_a_repeat_is_answered_with_the_first_publication(campaign, project):
    ada = CustomerFactory()
    first = publish(campaign, ada, source_id="order-1", **HOW)
    project(refuse_disabled_campaigns=True)

    assert publish(campaign, ada, source_id="order-1", **HOW).pk == first.pk


def test_the_api_says_why(campaign, project):
    project(refuse_disabled_campaigns=True)

    answer = Api("publish").post("publications", {"campaign": {"name": campaign.name}, "customer": {"source_id": "a"}})

    assert (answer.status, answer.json["key"]) == (400, "voucher_cannot_be_published")
    assert answer.json["details"] == "The campaign is disabled. Enable it to publish from it."


def test_the_settings_page_switches_it(signed_in):
    signed_in("Manager").post(
        "/settings/project",
        {
            "name": "Handout", "time_zone": "UTC", "currency": "EUR", "keep_failures_days": 90, "keep_files_days": 30,
            "undo_minutes": 10, "refuse_disabled_campaigns": "on",
        },
    )  # fmt: skip

    assert ProjectSettings.objects.get().refuse_disabled_campaigns
