"""Limits of codes where staff set them and see them, and what distributions, hand-outs and failed attempts say of them."""

import pytest
from django.urls import reverse
from django.utils import timezone

from config.api.actions.create_api_key import create_api_key
from config.api.models import ApiKey
from config.staff.day_limits import InvalidLimits, Kind, Use, parse_channel_limits, use_today
from config.staff.models import AuditEntry, Limit, ProjectSettings
from publications.actions.publish import publish
from publications.distributions.actions.advance import advance
from publications.distributions.models import Delivery, Distribution
from publications.exports.actions.hand_out import DayFull, order_hand_out
from publications.queries.foresee_refusal import foresee_refusal
from publications.refusals import PublishRefused
from tests.campaigns.test_campaign_pages import form_of, page_of
from tests.support.distributions import running
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory

pytestmark = pytest.mark.django_db


def give_to(campaign, customer=None, **more):
    return publish(campaign, customer or CustomerFactory(), **{"origin": "api", "by": STAFF} | more)


def text_of(client, url):
    return " ".join(client.get(url).content.decode().split())


def test_a_manager_limits_a_campaign_and_its_page_shows_the_use(signed_in):
    manager, campaign = signed_in("Manager"), CampaignFactory(codes=5)
    settings = page_of("settings", campaign)

    manager.post(settings, form_of(manager, settings) | {"codes_per_customer": "2", "codes_per_day": "1000"})
    give_to(campaign)

    page = text_of(manager, campaign.get_absolute_url())
    assert "1 of 1,000 today" in page
    assert "at most 2 each at a time" in page
    assert AuditEntry.objects.get(action="campaign.changed").details["changes"] == {
        "codes_per_customer": {"from": None, "to": 2},
        "codes_per_day": {"from": None, "to": 1000},
    }


def test_a_campaign_whose_day_is_full_says_so_before_anybody_tries():
    campaign = CampaignFactory(codes=5, codes_per_day=1)
    assert foresee_refusal(campaign) == []
    give_to(campaign)

    (obstacle,) = foresee_refusal(campaign)

    assert (obstacle.state, obstacle.refuses) == ("Limit reached", True)
    assert obstacle.text == (
        "Today’s limit is reached: the campaign gives out at most 1 code a day. Publishing goes on tomorrow."
    )


def test_a_manager_limits_a_key_and_its_page_shows_the_use(signed_in):
    manager = signed_in("Manager")
    key, _ = create_api_key("Shop", by=STAFF)
    edit = reverse("api:edit-api-key", args=[key.pk])

    manager.post(edit, {"name": "Shop", "codes_per_day": "50"})

    assert ApiKey.objects.get().codes_per_day == 50
    page = reverse("api:api-key-log", args=[key.pk])
    assert "At most 50; not counted yet today" in text_of(manager, page)
    Limit.objects.update(day=timezone.localdate(), used=7)
    assert "7 of 50 today" in text_of(manager, page)
    manager.post(edit, {"name": "Shop", "codes_per_day": ""})
    assert (use_today(Kind.API_KEY, key.pk), "No limit" in text_of(manager, page)) == (None, True)


def test_a_manager_limits_channels_in_the_project_settings(signed_in):
    manager, url = signed_in("Manager"), reverse("staff:settings")

    manager.post(url, form_of(manager, url) | {"channel_limits": "Newsletter: 2\n\n  Till 3 : 1,500 \n"})
    give_to(CampaignFactory(codes=3), channel="Newsletter")

    assert ProjectSettings.current().channel_limits == {"Newsletter": 2, "Till 3": 1500}
    page = text_of(manager, url)
    assert "<dt>Newsletter</dt><dd> 1 of 2 today" in page
    assert use_today(Kind.CHANNEL, "Newsletter") == Use(1, 2)
    before = AuditEntry.objects.filter(action="settings.changed").count()
    manager.post(url, form_of(manager, url))
    assert AuditEntry.objects.filter(action="settings.changed").count() == before == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Newsletter", "“Newsletter”: write the channel, a colon and a number, such as “Newsletter: 500”."),
        (": 5", "“: 5”: write the channel, a colon and a number, such as “Newsletter: 500”."),
        ("Till: 0", "“Till”: enter a number from 1 to 1,000,000,000."),
        ("Till: many", "“Till”: enter a number from 1 to 1,000,000,000."),
        ("Till: 1\nTill: 2", "“Till” is listed twice."),
        ("x" * 101 + ": 1", f"“{'x' * 60}…”: a channel’s name has at most 100 characters."),
        ("\n".join(f"c{n}: 1" for n in range(101)), "Enter at most 100 channels."),
    ],
)
def test_a_line_that_is_no_limit_is_refused_with_what_to_do(text, message):
    with pytest.raises(InvalidLimits) as refused:
        parse_channel_limits(text)
    assert str(refused.value) == message


def test_a_channel_with_a_colon_in_its_name_has_a_limit_too():
    assert parse_channel_limits("Shop: Berlin: 20") == {"Shop: Berlin": 20}


def test_failed_attempts_name_the_limit_and_where_it_is_set(signed_in):
    manager, campaign, ada = signed_in("Manager"), CampaignFactory(codes=5, codes_per_customer=1), CustomerFactory()
    give_to(campaign, ada)
    with pytest.raises(PublishRefused):
        give_to(campaign, ada)

    page = text_of(manager, reverse("publications:failures") + f"?campaign={campaign.public_id}")

    assert "Customer’s limit reached" in page
    assert "Release one of them, or raise the limit." in page
    assert page_of("settings", campaign) in page


def test_a_hand_out_that_is_larger_than_the_rest_of_the_day_is_refused():
    campaign = CampaignFactory(codes=9, codes_per_day=5)
    give_to(campaign)

    with pytest.raises(DayFull) as refused:
        order_hand_out(campaign, count=5, by=STAFF, for_whom="Print shop")

    assert str(refused.value) == (
        "The campaign gives out at most 5 codes a day, and 4 are left today. "
        "Request fewer, try again tomorrow, or raise the limit."
    )
    assert order_hand_out(campaign, count=4, by=STAFF, for_whom="Print shop").total == 4


def test_a_distribution_rests_for_the_day_and_then_goes_on():
    run = running(3, message="none", campaign=CampaignFactory(codes=9, codes_per_day=2))

    advance(run.pk)

    run.refresh_from_db()
    assert (run.status, run.status_reason) == ("running", "limit_reached")
    assert run.rests_until > timezone.now()
    assert Delivery.objects.filter(state="published").count() == 2
    run.campaign.codes_per_day = 3
    run.campaign.save()
    Distribution.objects.update(rests_until=timezone.now())
    advance(run.pk)
    run.refresh_from_db()
    assert (run.status, run.status_reason) == ("done", "")
    assert Delivery.objects.filter(state="published").count() == 3


def test_a_distribution_leaves_out_who_holds_as_many_as_one_may():
    ada, bob = CustomerFactory.create_batch(2)
    campaign = CampaignFactory(codes=9, codes_per_customer=1)
    give_to(campaign, ada)
    run = running([ada, bob], campaign=campaign, message="none", skip_holders=False)

    advance(run.pk)

    told = Delivery.objects.order_by("customer_id").values_list("state", "reason")
    assert list(told) == [("skipped", "holds_too_many"), ("published", "")]
