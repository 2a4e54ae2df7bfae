"""How moments, money and values are written on pages."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template
from django.utils import timezone

from campaigns.models import Campaign
from config.staff.models import ProjectSettings
from config.staff.templatetags.charts import legend, stacked_bars
from config.staff.templatetags.handout import channel, channel_series, relative, when

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "moment, words",
    [
        (datetime(2026, 3, 10, 15, 29, 31, tzinfo=UTC), "just now"),
        (datetime(2026, 3, 10, 15, 29, tzinfo=UTC), "1 min ago"),
        (datetime(2026, 3, 10, 14, 31, tzinfo=UTC), "59 min ago"),
        (datetime(2026, 3, 10, 14, 30, tzinfo=UTC), "1 h ago"),
        (datetime(2026, 3, 10, 2, 0, tzinfo=UTC), "today 02:00"),
        (datetime(2026, 3, 9, 23, 59, tzinfo=UTC), "yesterday 23:59"),
        (datetime(2026, 3, 8, 23, 59, tzinfo=UTC), "8 Mar 23:59"),
        (datetime(2025, 3, 10, 12, 0, tzinfo=UTC), "10 Mar 2025"),
        (datetime(2026, 3, 10, 18, 0, tzinfo=UTC), "today 18:00"),
        (datetime(2026, 3, 11, 9, 5, tzinfo=UTC), "tomorrow 09:05"),
        (datetime(2026, 4, 1, 0, 0, tzinfo=UTC), "1 Apr 00:00"),
    ],
)
def test_a_moment_in_words(moment, words):
    assert relative(moment, NOW) == words


def test_the_exact_time_is_the_title_in_the_active_time_zone():
    with timezone.override(ZoneInfo("Asia/Tokyo")):
        written = when(datetime(2020, 1, 31, 20, 15, 5, tzinfo=UTC))

    assert written == (
        '<time datetime="2020-01-31T20:15:05+00:00" title="Saturday 1 February 2020, 05:15:05 JST">1 Feb 2020</time>'
    )


def test_pages_speak_the_project_s_time_zone(signed_in, project, settings):
    client = signed_in("Manager")
    project(time_zone="Asia/Tokyo")

    page = client.get(f"/admin/auth/user/{client.user.pk}/change/").content.decode()

    local = client.user.date_joined.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{local.day} {local:%b %Y, %H:%M}" in page


def test_a_time_zone_that_the_machine_does_not_know_is_utc(signed_in, project):
    project(time_zone="Mars/Olympus")

    assert signed_in("Viewer").get("/password/").status_code == 200


@pytest.mark.parametrize(
    "campaign, words",
    [
        (Campaign(discount_type="PERCENT", discount_value=Decimal("20.0000")), "20% off"),
        (Campaign(discount_type="PERCENT", discount_value=Decimal("12.5000")), "12.5% off"),
        (Campaign(discount_type="PERCENT", discount_value=Decimal("100")), "100% off"),
        (Campaign(discount_type="AMOUNT", discount_value=Decimal("1500.5")), "1,500.50 CHF off"),
        (Campaign(discount_type="UNIT", discount_value=Decimal("2"), unit_type="coffee"), "2 × coffee free"),
        (Campaign(discount_type="FIXED", discount_value=Decimal("9.9")), "9.90 CHF fixed price"),
        (Campaign(gift_amount=Decimal("50")), "50.00 CHF gift"),
        (Campaign(), ""),
    ],
)
def test_what_a_campaign_is_worth(rf, campaign, words):
    request = rf.get("/")
    request.project = ProjectSettings(currency="CHF")

    written = Template("{% worth campaign %}").render(Context({"campaign": campaign, "request": request}))

    assert written == words


def test_a_channel_keeps_its_colour():
    built_in = [channel_series(name) for name in ("API", "Dashboard", "Automation", "CSV", "Import", "Distribution")]
    others = {channel_series(f"newsletter {n}") for n in range(100)}

    assert built_in == [1, 2, 3, 4, 7, 10]
    assert others == {6, 8, 9, 11, 12}  # none of theirs, and not the grey of "Other"
    assert channel_series("newsletter_November") == 6  # today, tomorrow, and on every page


def test_no_two_channels_of_a_chart_share_a_colour_while_there_are_others():
    names = [f"newsletter {n}" for n in range(5)]
    assert len({channel_series(name) for name in names}) < 5  # by their names alone, some would

    drawn = legend({"series": [{"name": name} for name in ["API", *names]]})["series"]

    assert drawn[0]["n"] == 1
    assert {one["n"] for one in drawn[1:]} == {6, 8, 9, 11, 12}


def test_the_name_of_a_channel_breaks_after_an_underscore():
    assert channel("news_<b>") == '<span class="chan s11"><span>news_<wbr>&lt;b&gt;</span></span>'


def test_bars_stand_on_each_other_and_fill_the_axis():
    chart = {
        "labels": [NOW.date()],
        "series": [{"name": "API", "values": [20]}, {"name": "CSV", "values": [10]}],
    }

    drawn = stacked_bars(chart, "Publications")

    assert [line["value"] for line in drawn["grid"]] == [0, 5, 10, 15, 20, 25, 30]
    assert drawn["columns"][0]["total"] == 30
    assert [(bar["n"], bar["value"], bar["y"]) for bar in drawn["columns"][0]["segments"]] == [
        (1, 20, "70.7"),
        (4, 10, "8.0"),
    ]


def test_a_chart_of_nothing_has_an_axis():
    drawn = stacked_bars({"labels": [NOW.date()], "series": []}, "Publications")

    assert [line["value"] for line in drawn["grid"]] == [0, 1, 2, 3, 4]
