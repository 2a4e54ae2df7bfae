"""Why attempts failed is counted by reason, channel, day and campaign: before and after the tallies have them."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from publications.models import Publication
from publications.redemptions.actions.delete_old_failures import delete_old_failures
from publications.refusals import FailureReason
from publications.tallies.models import DayTally
from publications.tallies.tally_failures import COLOURS, SHOWN_CAMPAIGNS, SHOWN_CHANNELS, tally_failures
from tests.publications.tallies.test_tallies import count_all, disagreements
from tests.support.factories import CampaignFactory, failed

pytestmark = pytest.mark.django_db


def told(failures):
    return (
        {(row.reason, row.attempts, tuple(row.campaigns)) for row in failures.reasons()},
        [(row.channel, row.attempts, row.reasons) for row in failures.channels()],
    )


def test_they_are_the_same_before_and_after_they_are_tallied():
    first, second = CampaignFactory(), CampaignFactory()
    failed(FailureReason.POOL_EMPTY, first, attempts=3)
    failed(FailureReason.POOL_EMPTY, second, channel="Till")
    failed(FailureReason.CODE_EXPIRED, None, attempts=2)
    failed(FailureReason.POOL_EMPTY, first, days_ago=100)
    expected = (
        {
            (FailureReason.POOL_EMPTY, 4, ((first, 3), (second, 1))),
            (FailureReason.CODE_EXPIRED, 2, ()),
        },
        [
            ("API", 5, [(FailureReason.POOL_EMPTY, 3), (FailureReason.CODE_EXPIRED, 2)]),
            ("Till", 1, [(FailureReason.POOL_EMPTY, 1)]),
        ],
    )

    before = tally_failures(days=28)
    count_all()
    after = tally_failures(days=28)
    failed(FailureReason.RETIRED, second)

    assert told(before) == told(after) == expected
    assert disagreements() == 0
    of_second = tally_failures(days=28, campaign=second)
    assert told(of_second)[1] == [
        ("API", 1, [(FailureReason.RETIRED, 1)]),
        ("Till", 1, [(FailureReason.POOL_EMPTY, 1)]),
    ]
    assert tally_failures(days=28, channel="Till").attempts == 1
    assert tally_failures(days=90).attempts == 7


def test_a_chart_has_a_series_for_each_reason_with_a_colour_of_its_own():
    failed(FailureReason.POOL_EMPTY, CampaignFactory(), attempts=2, days_ago=1)
    failed(FailureReason.OTHER, CampaignFactory())

    chart = tally_failures(days=7).chart()

    assert [(one["name"], one["values"]) for one in chart["series"]] == [
        ("Pool empty", [0, 0, 0, 0, 0, 2, 0]),
        ("Other", [0, 0, 0, 0, 0, 0, 1]),
    ]
    assert len(set(COLOURS.values())) == len(FailureReason)


def test_no_more_channels_and_campaigns_come_back_than_are_shown():
    for number in range(SHOWN_CHANNELS + 3):
        failed(FailureReason.POOL_EMPTY, CampaignFactory(), channel=f"Shop {number:02}")

    failures = tally_failures(days=7)

    assert [row.channel for row in failures.channels()][-2:] == [f"Shop {SHOWN_CHANNELS - 1:02}", ""]
    assert failures.channels()[-1].attempts == 3
    assert len(failures.reasons()[0].campaigns) == SHOWN_CAMPAIGNS


def test_old_failures_leave_the_tally_of_their_reason(django_capture_on_commit_callbacks):
    campaign = CampaignFactory()
    failed(FailureReason.POOL_EMPTY, campaign, days_ago=400)
    failed(FailureReason.ALREADY_JOINED, campaign, days_ago=1)
    count_all()

    delete_old_failures()

    assert set(DayTally.objects.values_list("reason", flat=True)) == {"already_joined"}
    assert disagreements() == 0


def test_the_upgrade_tallies_failures_by_reason():
    """The statement of the migration comes to what counting comes to."""
    migration = __import__("publications.tallies.migrations.0002_failure_reasons", fromlist=["BY_REASON"])
    failed(FailureReason.POOL_EMPTY, CampaignFactory(), attempts=3)
    failed(FailureReason.POOL_EMPTY, None)
    failed(FailureReason.RETIRED, None)
    count_all()
    counted = set(DayTally.objects.values_list("campaign_id", "channel", "reason", "publications", "attempts"))
    DayTally.objects.all().delete()
    DayTally.objects.create(
        campaign_id=0,
        day=timezone.localdate() - timedelta(days=1),
        channel="API",
        result="FAILURE",
        publications=9,
        codes=0,
        attempts=9,
    )

    with connection.cursor() as cursor:
        cursor.execute(migration.BY_REASON)

    assert set(DayTally.objects.values_list("campaign_id", "channel", "reason", "publications", "attempts")) == counted
    assert Publication.objects.count() == 3
    assert disagreements() == 0
