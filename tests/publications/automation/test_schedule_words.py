"""Schedules are chosen and shown in words, and stored as crontab lines."""

from datetime import time

import pytest

from publications.automation.actions.walk_segments import next_time
from publications.automation.models import Rule
from publications.automation.schedule_words import Often, Schedule, from_cron, schedule_in_words, to_cron
from tests.publications.automation.test_automation_triggers import gold_segment
from tests.support.automations import automation

pytestmark = pytest.mark.django_db
LIST = "/automations/"

SAID = [
    (Schedule(Often.DAILY, time(8, 0)), "0 8 * * *", "Every day at 08:00"),
    (Schedule(Often.WORKDAYS, time(17, 30)), "30 17 * * 1-5", "Monday to Friday at 17:30"),
    (Schedule(Often.WEEKLY, time(8, 5), weekday=1), "5 8 * * 1", "Every Monday at 08:05"),
    (Schedule(Often.WEEKLY, time(0, 0), weekday=0), "0 0 * * 0", "Every Sunday at 00:00"),
    (Schedule(Often.MONTHLY, time(8, 30), month_day=28), "30 8 28 * *", "On day 28 of every month at 08:30"),
]


@pytest.mark.parametrize(("schedule", "cron", "words"), SAID)
def test_what_is_said_is_the_same_there_and_back(schedule, cron, words):
    assert to_cron(schedule) == cron
    assert from_cron(cron) == schedule
    assert schedule_in_words(cron) == words
    assert next_time(cron)


@pytest.mark.parametrize(
    "cron",
    ["*/5 * * * *", "0 9 1,15 * *", "0 9 31 * *", "0 9 1 * 1", "0 9 1 2 *", "0 25 * * *", "0 9 * * 2-4", "0 9 * * mon"],
)
def test_what_words_cannot_say_stays_a_crontab_line(cron):
    assert from_cron(cron) == Schedule(Often.CRONTAB)
    assert schedule_in_words(cron) == f"On the schedule {cron}"


def test_sunday_is_the_seventh_day_too():
    assert schedule_in_words("0 9 * * 7") == "Every Sunday at 09:00"


@pytest.mark.parametrize(
    ("chosen", "cron"),
    [
        ({"often": "weekly", "weekday": "1", "at": "08:00"}, "0 8 * * 1"),
        ({"often": "weekly", "weekday": "0", "at": "08:00"}, "0 8 * * 0"),
        ({"often": "monthly", "month_day": "3", "at": "23:59", "cron": "left over"}, "59 23 3 * *"),
        ({"often": "crontab", "at": "08:00", "cron": "*/5  9 * * 1"}, "*/5 9 * * 1"),
        ({"cron": "0 9 * * 1"}, "0 9 * * 1"),
    ],
)
def test_a_schedule_is_chosen_in_words_and_shown_again(signed_in, chosen, cron):
    operator, segment = signed_in("Operator"), gold_segment()

    made = operator.post(f"{LIST}new", {"name": "Weekly", "trigger": "schedule", "segment": segment.pk, **chosen})

    rule = Rule.objects.get()
    assert made.status_code == 302
    assert rule.cron == cron
    page = f"{LIST}{rule.distribution.public_id}/"
    assert schedule_in_words(cron) in operator.get(page).content.decode()
    assert operator.get(f"{page}rule").context["form"].initial["often"] == from_cron(cron).often


@pytest.mark.parametrize(
    ("chosen", "field", "words"),
    [
        ({"often": "daily", "at": ""}, "at", "Enter a time, such as 08:00."),
        ({"often": "daily", "at": "25:00"}, "at", "Enter a valid time."),
        ({"often": "monthly", "at": "08:00", "month_day": "31"}, "month_day", "less than or equal to 28"),
        ({"often": "weekly", "at": "08:00", "weekday": "9"}, "weekday", "not one of the available choices"),
        ({"often": "hourly", "at": "08:00"}, "often", "not one of the available choices"),
    ],
)
def test_nonsense_is_refused_beside_its_field(signed_in, chosen, field, words):
    sent = {"name": "Weekly", "trigger": "schedule", "segment": gold_segment().pk, **chosen}

    answer = signed_in("Operator").post(f"{LIST}new", sent)

    assert words in answer.context["form"].errors[field][0]
    assert not Rule.objects.exists()


def test_an_old_rule_keeps_its_line(signed_in):
    draft = automation("schedule", segment=gold_segment(), cron="0 9 1,15 * *", active=False)
    operator = signed_in("Operator")

    page = operator.get(f"{LIST}{draft.public_id}/rule")

    assert page.context["form"].initial["cron"] == "0 9 1,15 * *"
