"""Forecasts of pools: what is counted, what is left out, and the sentence that people read."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from campaigns.models import Campaign
from config.alerts.models import Alert, AlertRule
from publications.distributions.actions.keep_reservations import keep_reservations
from publications.distributions.actions.schedule import schedule
from publications.tallies.count_campaigns import count_campaigns
from publications.tallies.models import DayTally
from publications.watch.actions.forecast_pools import forecast_pools
from publications.watch.actions.look_around import look_around
from publications.watch.in_words import day_in_words, in_words
from publications.watch.models import PoolForecast
from publications.watch.queries.pools_at_risk import pools_at_risk
from tests.support.distributions import draft, put_all_into
from tests.support.factories import STAFF, CampaignFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_the_week(db):
    """Which is told from Monday on, whatever else is."""
    AlertRule.objects.create(kind="weekly", active=False)


def with_pace(codes: int, a_day: int, *, days: int = 28, channel: str = "API", name: str = "Autumn") -> Campaign:
    """A campaign of which so many codes were published on each of the last days."""
    campaign = CampaignFactory(codes=codes, name=name)
    Campaign.objects.filter(pk=campaign.pk).update(created_at=timezone.now() - timedelta(days=60))
    today = timezone.localdate()
    DayTally.objects.bulk_create(
        DayTally(
            campaign_id=campaign.pk, day=today - timedelta(days=n), channel=channel, result="SUCCESS",
            publications=a_day, codes=a_day, attempts=a_day,
        )
        for n in range(1, days + 1)
    )  # fmt: skip
    campaign.refresh_from_db()
    return campaign


def forecast(campaign):
    forecast_pools()
    return PoolForecast.objects.filter(campaign=campaign).first()


def test_a_pool_is_empty_after_what_is_left_at_its_pace():
    found = forecast(with_pace(100, 10))

    assert (found.left, found.pace_week, found.pace_month) == (100, 10, 10)
    assert found.empty_on == timezone.localdate() + timedelta(days=9)


def test_the_pace_of_a_week_and_of_four_are_both_told():
    found = forecast(with_pace(100, 10, days=7))

    assert (found.pace_week, found.pace_month) == (10, 2.5)
    assert found.empty_on_month - found.empty_on_week == timedelta(days=30)


def test_a_young_campaign_is_reckoned_by_its_own_days():
    campaign = with_pace(100, 10, days=2)
    Campaign.objects.filter(pk=campaign.pk).update(created_at=timezone.now() - timedelta(days=2))

    assert forecast(campaign).pace_week == 10


@pytest.mark.parametrize("channel", ["CSV", "Distribution", "Import"])
def test_what_goes_out_at_once_is_no_pace(channel):
    assert forecast(with_pace(100, 10, channel=channel)).empty_on is None


def test_campaigns_without_an_end_to_their_pool_are_left_out():
    for values in ({"auto_update": True}, {"standalone": True}, {"active": False}, {"deleted_at": timezone.now()}):
        Campaign.objects.filter(pk=with_pace(5, 1, name=str(values)).pk).update(**values)
    Campaign.objects.filter(pk=with_pace(5, 1, name="over").pk).update(expiration_date=timezone.now())

    forecast_pools()

    assert PoolForecast.objects.count() == 0


def test_a_campaign_that_ends_first_is_never_empty():
    campaign = with_pace(100, 10)
    Campaign.objects.filter(pk=campaign.pk).update(expiration_date=timezone.now() + timedelta(days=3))

    assert forecast(campaign).empty_on is None


def test_what_a_scheduled_distribution_will_take_is_reckoned_with():
    campaign = with_pace(5, 0)
    run = draft(8, campaign=campaign, codes_each=1, message="none")
    run.__class__.objects.filter(pk=run.pk).update(
        status="scheduled", starts_at=timezone.now() + timedelta(days=2), name="Advent"
    )

    found = forecast(campaign)

    assert (found.planned, found.short_by, found.short_for_id) == (8, 3, run.pk)
    assert in_words(found).endswith(f"3 codes short for the distribution Advent on {in_words(found).split(' on ')[-1]}")


def test_what_is_reserved_is_gone_for_everybody_else_and_can_be_short_but_not_become_so():
    campaign = with_pace(30, 2)
    run = draft(10, campaign=campaign, message="none", name="Advent")
    schedule(run, at=timezone.now() + timedelta(days=20), by=STAFF)
    keep_reservations()

    found = forecast(campaign)
    assert (found.left, found.reserved, found.planned, found.short_by) == (30, 10, 10, 0)
    assert found.empty_on == timezone.localdate() + timedelta(days=9)

    campaign.vouchers.filter(pk__in=campaign.vouchers.values("pk")[:23]).update(active=False)
    keep_reservations()
    found = forecast(campaign)
    assert (found.left, found.reserved, found.short_by, found.short_for_id) == (7, 7, 3, run.pk)
    day = timezone.localdate(run.__class__.objects.get(pk=run.pk).starts_at)
    assert in_words(found) == (
        f"All codes left are reserved for distributions. 3 codes short for the distribution Advent on {day_in_words(day)}."
    )


def test_the_sentences():
    day = date(timezone.localdate().year + 1, 3, 7)
    found = PoolForecast(left=5, total=9, pace_week=42.4, pace_month=0.5, empty_on_week=day, empty_on_month=None)

    assert in_words(found) == f"Empty on {day:%A} 7 March {day.year} at the pace of the last 7 days (42 a day)."
    found.empty_on_week, found.empty_on_month = None, timezone.localdate()
    assert in_words(found) == "Empty on today at the pace of the last 28 days (0.5 a day)."
    assert in_words(PoolForecast(left=0, total=9)) == "The pool is empty."
    assert in_words(PoolForecast(left=5, total=9)) == ""


def test_the_first_page_shows_what_will_be_empty_soon():
    with_pace(1000, 100)
    with_pace(1000, 1, name="Lasts")
    forecast_pools()

    (risk,) = pools_at_risk()

    assert (risk.campaign.name, risk.left) == ("Autumn", 1000)
    assert "at the pace of the last 7 days (100 a day)" in risk.forecast


def test_the_campaigns_page_tells_it(signed_in):
    campaign = with_pace(100, 10)
    forecast_pools()

    page = signed_in("Viewer").get(campaign.get_absolute_url()).content.decode()

    assert "at the pace of the last 7 days (10 a day)" in page


def test_staff_are_told_of_a_pool_that_will_be_empty_within_days_and_again_only_after_it_was_full():
    UserFactory(role="Manager")
    campaign = with_pace(1000, 200)
    for _ in range(2):
        forecast_pools()
        look_around()

    (alert,) = Alert.objects.filter(kind="pool_low")
    assert (alert.title, alert.subject) == ("1,000 codes left in Autumn", campaign.public_id)
    assert "200 a day" in alert.text

    AlertRule.objects.create(kind="pool_low", fewest_days=4)  # just over the limit: not over yet
    look_around()
    assert Alert.objects.get(kind="pool_low").ended_at is None

    DayTally.objects.all().delete()
    forecast_pools()
    look_around()
    assert Alert.objects.get(kind="pool_low").ended_at is not None


def test_an_empty_pool_is_its_own_alert_and_the_low_one_goes_on():
    UserFactory(role="Manager")
    campaign = with_pace(1000, 200)
    forecast_pools(), look_around()
    campaign.vouchers.update(active=False, updated_at=timezone.now())
    forecast_pools(), look_around()

    assert set(Alert.objects.filter(ended_at=None).values_list("kind", "title")) == {
        ("pool_low", "1,000 codes left in Autumn"),
        ("pool_empty", "No codes left in Autumn"),
    }


def test_a_small_pool_is_low_when_half_of_it_is_gone():
    UserFactory(role="Manager")
    campaign = with_pace(20, 0)
    forecast_pools(), look_around()
    assert Alert.objects.count() == 0

    campaign.vouchers.filter(pk__in=campaign.vouchers.values("pk")[:11]).update(active=False)
    forecast_pools(), look_around()
    assert Alert.objects.get().title == "9 codes left in Autumn"


def test_the_list_of_campaigns_tells_the_day_and_is_sorted_by_it(signed_in):
    soon, _, _ = with_pace(100, 50, name="Soon"), with_pace(100, 5, name="Late"), with_pace(100, 0, name="Never")
    count_campaigns()
    forecast_pools()
    browser = signed_in("Viewer")

    def order(sort):
        return [row.record.name for row in browser.get("/campaigns/", {"sort": sort}).context["table"].page.object_list]

    assert order("empty_on") == ["Soon", "Late", "Never"]
    assert order("-empty_on") == ["Never", "Late", "Soon"]
    page = browser.get("/campaigns/", {"q": "Soon"}).content.decode()
    day = PoolForecast.objects.get(campaign=soon).empty_on
    assert f'{day.day} {day:%b %Y} <small class="muted">as\xa0of\xa0<time' in page

    Campaign.objects.filter(pk=soon.pk).update(auto_update=True)
    forecast_pools()
    assert order("empty_on") == ["Late", "Soon", "Never"]


@pytest.mark.parametrize("rows", [1, 20])
def test_a_batch_takes_the_same_number_of_queries_however_large_it_is(django_assert_num_queries, rows):
    for n in range(rows):
        draft(1, campaign=with_pace(2, 1, name=f"Campaign {n}"), message="none")
    put_all_into("running", started_at=timezone.now())

    # the settings; forecasts of what has none any more, twice; campaigns; their codes, pace, reservations and distributions, whose
    # deliveries; kept; told to the list of campaigns
    with django_assert_num_queries(14):
        forecast_pools()

    assert PoolForecast.objects.count() == rows
