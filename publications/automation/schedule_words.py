"""Schedules as people say them, "every Monday at 08:00", and the crontab lines that they are stored as."""

from __future__ import annotations

import re
from datetime import time
from typing import NamedTuple

from django.db.models import TextChoices


class Often(TextChoices):
    DAILY = "daily", "Every day"
    WORKDAYS = "workdays", "Monday to Friday"
    WEEKLY = "weekly", "Every week"
    MONTHLY = "monthly", "Every month"
    CRONTAB = "crontab", "By a crontab line"


DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]  # as crontab numbers them
LAST_OF_EVERY_MONTH = 28  # the day that no month lacks


class Schedule(NamedTuple):
    often: Often
    at: time | None = None  # None: only of a crontab line that says no single time
    weekday: int = 1
    month_day: int = 1


SIMPLE = re.compile(r"(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* (\*|[0-7]|1-5)", re.ASCII)


def to_cron(schedule: Schedule) -> str:
    """Of all but CRONTAB."""
    assert schedule.at is not None
    days = {
        Often.DAILY: "* * *",
        Often.WORKDAYS: "* * 1-5",
        Often.WEEKLY: f"* * {schedule.weekday}",
        Often.MONTHLY: f"{schedule.month_day} * *",
    }[schedule.often]
    return f"{schedule.at.minute} {schedule.at.hour} {days}"


def from_cron(cron: str) -> Schedule:
    """CRONTAB where it says more than the others can."""
    found = SIMPLE.fullmatch(" ".join(cron.split()))
    if not found:
        return Schedule(Often.CRONTAB)
    minute, hour, month_day, weekday = found.groups()
    if int(hour) > 23 or int(minute) > 59:
        return Schedule(Often.CRONTAB)
    at = time(int(hour), int(minute))
    match month_day, weekday:
        case "*", "*":
            return Schedule(Often.DAILY, at)
        case "*", "1-5":
            return Schedule(Often.WORKDAYS, at)
        case "*", day:
            return Schedule(Often.WEEKLY, at, weekday=int(day) % 7)
        case day, "*" if 1 <= int(day) <= LAST_OF_EVERY_MONTH:
            return Schedule(Often.MONTHLY, at, month_day=int(day))
    return Schedule(Often.CRONTAB)


def schedule_in_words(cron: str) -> str:
    """ "Every Monday at 08:00"; "On the schedule 0 9 1,15 * *" where it says more than that."""
    schedule = from_cron(cron)
    if schedule.at is None:
        return f"On the schedule {cron}"
    when = {
        Often.DAILY: "Every day",
        Often.WORKDAYS: "Monday to Friday",
        Often.WEEKLY: f"Every {DAYS[schedule.weekday]}",
        Often.MONTHLY: f"On day {schedule.month_day} of every month",
    }[schedule.often]
    return f"{when} at {schedule.at:%H:%M}"
