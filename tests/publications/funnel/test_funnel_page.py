"""The page of the funnel: what it shows of whom, that it tells the truth about what it does not know, and its report."""

import csv
import io
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from publications.exports.actions.write_export import make_export_file
from publications.exports.report import order_report
from publications.funnel.durations import in_words
from publications.funnel.models import FunnelProgress, FunnelTally, FunnelTime
from publications.funnel.pages.filters import weeks_until_today
from publications.funnel.queries.read_funnel import share
from tests.support.distributions import draft
from tests.support.factories import STAFF, CampaignFactory

pytestmark = pytest.mark.django_db
PAGE = "/funnel/"


@pytest.fixture(autouse=True)
def counted(db):
    FunnelProgress.objects.create(id=1, time_zone="UTC", as_of=timezone.now())


def tally(campaign=None, *, ago=0, channel="API", run=None, times=None, **counts):
    """So many codes of that many weeks ago, in the cell of the campaign and in that of everything."""
    values = dict.fromkeys(("published", "messages", "delivered", "redeemed", "amount"), 0) | counts
    week = weeks_until_today(ago + 1)[0]
    for scope, of in ((campaign.pk if campaign else -1, run.pk if run else 0), (0, 0)):
        cell = {"campaign_id": scope, "week": week, "channel": channel, "distribution_id": of}
        row, _ = FunnelTally.objects.get_or_create(**cell, defaults=dict.fromkeys(values, 0))
        for name, value in values.items():
            setattr(row, name, getattr(row, name) + value)
        row.save()
        for step, buckets in (times or {}).items():
            for bucket in buckets:
                took, _ = FunnelTime.objects.get_or_create(**cell, step=step, bucket=bucket, defaults={"codes": 0})
                took.codes += 1
                took.save()


def lines(browser, query=""):
    context = browser.get(PAGE + query).context
    return {str(row.name): row.line.counts[:4] for row in context["lines"] if row.line.counts.published}


def test_before_the_first_count_it_shows_no_figures(signed_in):
    tally(published=3)
    FunnelProgress.objects.update(as_of=None)

    answer = signed_in("Viewer").get(PAGE)

    assert "The codes are being counted" in answer.content.decode()
    assert "funnel" not in answer.context


def test_it_tells_how_far_codes_came_and_after_how_long(signed_in):
    campaign = CampaignFactory(name="Advent")
    run = draft(campaign=campaign)
    tally(campaign, published=10, redeemed=2, amount=1999)
    tally(
        campaign, run=run, channel="Distribution", published=8, messages=8, delivered=6, redeemed=3,
        times={1: [2, 2, 4, 4, 4, 60], 2: [30, 61, 110]},
    )  # fmt: skip

    answer = signed_in("Viewer").get(PAGE)

    page, total = answer.content.decode(), answer.context["total"]
    assert total.counts == (18, 8, 6, 5, 1999)
    assert (total.delivered_share, total.redeemed_share) == ("75%", "27.7%")
    assert (total.delivered_after, total.redeemed_after) == ("4 min", "2 h")
    assert "<b>6</b> of 8 that distributions send, 75%" in page
    assert "19.99 EUR" in page
    assert "as\xa0of" in page


def test_where_nothing_is_sent_delivery_does_not_apply(signed_in):
    tally(CampaignFactory(), published=10)

    page = signed_in("Viewer").get(PAGE).content.decode()

    assert "Does not apply: Handout sent none of these codes itself." in page
    assert page.count("does not apply</span>") == 2  # of the week, and of all


def test_it_is_grouped_and_narrowed(signed_in):
    advent, autumn, browser = CampaignFactory(name="Advent"), CampaignFactory(name="Autumn"), signed_in("Viewer")
    run = draft(campaign=autumn, name="Readers")
    tally(advent, published=5, redeemed=1)
    tally(advent, ago=3, channel="Till", published=4)
    tally(autumn, run=run, channel="Distribution", published=3, messages=3, delivered=2)
    tally(published=2)
    tally(ago=20, published=100)
    this_week, earlier = (str(weeks_until_today(n)[0]) for n in (1, 4))

    assert lines(browser) == {this_week: (10, 3, 2, 1), earlier: (4, 0, 0, 0)}
    assert lines(browser, "?by=campaign") == {
        "Advent": (9, 0, 0, 1), "Autumn": (3, 3, 2, 0), "Codes without a campaign": (2, 0, 0, 0),
    }  # fmt: skip
    assert lines(browser, "?by=channel") == {
        "API": (7, 0, 0, 1), "Till": (4, 0, 0, 0), "Distribution": (3, 3, 2, 0),
    }  # fmt: skip
    assert lines(browser, "?by=distribution") == {"Not by a distribution": (11, 0, 0, 1), "Readers": (3, 3, 2, 0)}
    assert lines(browser, "?by=channel&campaign=Advent") == {"API": (5, 0, 0, 1), "Till": (4, 0, 0, 0)}
    assert lines(browser, f"?by=campaign&distribution={run.public_id}") == {"Autumn": (3, 3, 2, 0)}
    assert lines(browser, "?by=campaign&distribution=Readers") == {"Autumn": (3, 3, 2, 0)}
    assert lines(browser, "?by=campaign&channel=Till") == {"Advent": (4, 0, 0, 0)}
    assert lines(browser, "?by=campaign&weeks=4&channel=API") == {
        "Advent": (5, 0, 0, 1), "Codes without a campaign": (2, 0, 0, 0),
    }  # fmt: skip
    assert lines(browser, "?by=channel&weeks=26")["API"] == (107, 0, 0, 1)


def test_each_line_leads_to_its_own_funnel(signed_in):
    campaign, browser = CampaignFactory(name="Advent"), signed_in("Viewer")
    tally(campaign, published=5)
    tally(CampaignFactory(), published=1)

    (url, *_) = (row.url for row in browser.get(PAGE + "?by=campaign&weeks=26").context["lines"])

    assert url == f"?campaign={campaign.public_id}&weeks=26"
    assert browser.get(PAGE + url).context["total"].counts.published == 5


@pytest.mark.parametrize(
    "query, error",
    [
        ("?campaign=Nothing", "No campaign has this name or ID"),
        ("?distribution=dist_1", "No distribution has this name or ID"),
        ("?weeks=7", "is not one of the available choices"),
    ],
)
def test_what_does_not_exist_is_told_and_has_no_figures(signed_in, query, error):
    tally(published=5)

    answer = signed_in("Viewer").get(PAGE + query)

    assert error in answer.content.decode()
    assert "funnel" not in answer.context


def test_a_quiet_house_is_told_so(signed_in):
    assert "No codes in this period" in signed_in("Viewer").get(PAGE).content.decode()


@pytest.mark.parametrize("query", ["", "?by=campaign", "?by=distribution", "?by=channel&campaign=Advent"])
def test_it_asks_as_often_however_much_there_is(signed_in, query):
    browser, campaign = signed_in("Manager"), CampaignFactory(name="Advent")

    def asked():
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(PAGE + query).status_code == 200
        return len(queries)

    tally(campaign, run=draft(campaign=campaign), published=3, messages=3, delivered=3, times={1: [1, 2, 3]})
    few = asked()
    for ago in range(12):
        for campaign in CampaignFactory.create_batch(4):
            tally(
                campaign, ago=ago, run=draft(campaign=campaign), published=3, messages=3, delivered=3, times={1: [1, 2]}
            )

    assert asked() == few <= 14


def test_only_those_with_the_most_codes_are_listed(signed_in):
    for n in range(27):
        tally(CampaignFactory(name=f"Campaign {n:02}"), published=100 - n)

    answer = signed_in("Exporter").get(PAGE + "?by=campaign")

    assert [str(row.name) for row in answer.context["lines"]] == [f"Campaign {n:02}" for n in range(25)]
    assert "A report has all of them." in answer.content.decode()
    assert answer.context["total"].counts.published == sum(range(74, 101))


@pytest.mark.parametrize("text, found", [("read", ["Readers"]), ("", []), ("%", [])])
def test_distributions_are_offered_by_name_each_once(signed_in, text, found):
    campaign = CampaignFactory()
    for name in ("Readers", "Readers", "Shops"):
        draft(campaign=campaign, name=name)

    page = signed_in("Viewer").get("/funnel/distributions/suggest", {"q": text}).content.decode()

    assert [name for name in ("Readers", "Shops") for _ in range(page.count(f'data-value="{name}"'))] == found


def test_the_report_has_the_same_figures_for_each_week_campaign_channel_and_distribution():
    advent, autumn = CampaignFactory(name="Advent"), CampaignFactory(name="Autumn")
    tally(advent, published=5, redeemed=2, amount=1250, times={2: [0, 110, 110]})
    tally(
        autumn, run=draft(campaign=autumn, name="Readers"), channel="Distribution", published=4, messages=4, delivered=3,
        times={1: [1, 59, 60]},
    )  # fmt: skip
    tally(autumn, ago=30, published=9)
    week = str(weeks_until_today(1)[0])

    def rows(filters):
        export = order_report("funnel", filters=filters, by=STAFF)
        make_export_file(export.pk)
        export.refresh_from_db()
        assert (export.status, export.error) == ("done", "")
        with export.file.open() as file:
            return [list(row.values()) for row in csv.DictReader(io.StringIO(file.read().decode()))]

    sent = [week, "Autumn", "Distribution", "Readers", "4", "4", "3", "59 min", "0", "", "0"]
    assert rows("") == [sent, [week, "Advent", "API", "", "5", "0", "", "", "2", "5 days", "12.5"]]
    assert rows("distribution=Readers&by=week") == [sent]
    assert rows("campaign=Nothing") == []


@pytest.mark.parametrize(
    "bucket, words",
    [(None, ""), (0, "under 1 min"), (59, "59 min"), (60, "1 h"), (106, "47 h"), (107, "2 days"), (400, "295 days")],
)
def test_durations_in_words(bucket, words):
    assert in_words(bucket) == words


@pytest.mark.parametrize(
    "part, of, words",
    [(0, 0, ""), (0, 5, "0%"), (5, 5, "100%"), (999, 1000, "99.9%"), (99_999, 100_000, "99.9%"), (1, 9999, "under 0.1%"), (1, 8, "12.5%")],
)  # fmt: skip
def test_a_share_is_rounded_down(part, of, words):
    assert share(part, of) == words


def test_weeks_begin_on_mondays():
    weeks = weeks_until_today(3)

    assert [week.weekday() for week in weeks] == [0, 0, 0]
    assert weeks[2] <= timezone.localdate() < weeks[2] + timedelta(days=7)
    assert isinstance(weeks[0], date)
