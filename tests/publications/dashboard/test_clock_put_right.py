"""A clock that ran ahead and was put right: nothing stands still until it comes there again."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.db import connection
from django.utils import timezone
from procrastinate import periodic
from procrastinate.contrib.django import app

from config.postgres.steady_deferrer import SteadyDeferrer
from config.staff.sign_in.sign_in_limit import fails_too_often
from customers.segments.actions.create_segment import create_filter_segment
from customers.segments.actions.watch_segments import look_at_segments, watch_segment
from customers.segments.models import WatchedSegment
from publications.dashboard.put_clock_right import STORED, put_clock_right
from publications.distributions.models import Distribution, EmailGrant
from publications.distributions.sending.grant_emails import grant_emails
from tests.support.distributions import running
from tests.support.factories import STAFF, CustomerFactory

A_DAY_AHEAD = timedelta(days=1)


def the_clock_was_put_back() -> None:
    """What a worker leaves behind that has ordered a job by the clock that ran ahead."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_periodic_defers (task_name, defer_timestamp, periodic_id) VALUES ('t', %s, '')",
            [int(time.time() + 86_400)],
        )


@pytest.mark.django_db
def test_who_enters_a_segment_is_seen_though_it_was_looked_at_tomorrow():
    segment = create_filter_segment("Gold", {"metadata.tier": {"conditions": {"$is": ["gold"]}}}, by=STAFF)
    watch_segment(segment, owner="rule 1")
    look_at_segments()
    WatchedSegment.objects.update(looked_at=timezone.now() + A_DAY_AHEAD)
    CustomerFactory(metadata={"tier": "gold"})

    assert look_at_segments() == 1
    assert WatchedSegment.objects.get().looked_at <= timezone.now()


@pytest.mark.django_db
def test_emails_that_were_granted_tomorrow_use_up_this_minute_only(project):
    project(emails_per_minute=60)
    EmailGrant.objects.create(at=timezone.now() + A_DAY_AHEAD, count=60)

    granted = grant_emails(1)
    EmailGrant.objects.update(at=timezone.now() - timedelta(seconds=61))  # a minute later

    assert granted == 0
    assert grant_emails(1) == 1


@pytest.mark.django_db
def test_what_rests_until_tomorrow_goes_on_now():
    distribution = running(1)
    Distribution.objects.update(rests_until=timezone.now() + A_DAY_AHEAD)
    the_clock_was_put_back()

    put_clock_right()

    distribution.refresh_from_db()
    assert distribution.rests_until <= timezone.now() + timedelta(minutes=5)


@pytest.mark.django_db
def test_who_failed_to_sign_in_tomorrow_is_let_in_after_the_usual_wait(settings):
    settings.SIGN_IN_FAILURES = 5
    AccessAttempt.objects.create(username="ada", ip_address="10.0.0.1", failures_since_start=9)
    AccessAttempt.objects.update(attempt_time=timezone.now() + A_DAY_AHEAD)
    the_clock_was_put_back()

    put_clock_right()
    still_waits = fails_too_often("10.0.0.1")
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - timedelta(minutes=16))

    assert still_waits
    assert not fails_too_often("10.0.0.1")


@pytest.mark.django_db
@pytest.mark.parametrize("stored", STORED, ids=lambda stored: f"{stored.table}.{stored.column}")
def test_each_stored_time_names_a_column_that_exists_and_holds_times(stored):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {stored.column} + interval '1 day' FROM {stored.table} WHERE {stored.where} LIMIT 1")


@pytest.mark.django_db
def test_a_clock_that_was_not_put_back_changes_nothing():
    EmailGrant.objects.create(at=timezone.now() + A_DAY_AHEAD, count=1)

    assert put_clock_right() == 0


@pytest.mark.django_db
def test_the_mending_is_done_once():
    the_clock_was_put_back()
    EmailGrant.objects.create(at=timezone.now() + A_DAY_AHEAD, count=1)

    assert (put_clock_right(), put_clock_right()) == (1, 0)


def ordered(deferrer: SteadyDeferrer, at: float) -> list[tuple[str, int]]:
    return [(task.task.name, time) for task, time in deferrer.get_previous_tasks(at=at)]


def test_periodic_jobs_go_on_when_the_clock_is_put_back_and_are_few_when_it_jumps_ahead():
    registry = periodic.PeriodicRegistry()
    task = app.tasks["segments.watch_segments"]
    registry.register_task(task=task, cron="* * * * * */5", periodic_id="", configure_kwargs={})
    deferrer = SteadyDeferrer(registry)
    noon = 1_800_000_000.0

    moments = [noon + 1, noon + 6, noon + 7, noon + 86_401, noon + 11, noon + 16]
    counts = [len(ordered(deferrer, at)) for at in moments]

    assert counts == [1, 1, 0, 1, 1, 1]


def test_workers_use_it():
    assert periodic.PeriodicDeferrer is SteadyDeferrer
