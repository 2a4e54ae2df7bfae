"""A draft is scheduled once it is complete; until it starts it can be cancelled; duplicates are drafts again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.staff.models import AuditEntry
from publications.distributions.actions.change_status import NotPossible, cancel, pause, resume, stop
from publications.distributions.actions.duplicate import duplicate
from publications.distributions.actions.schedule import NotReady, schedule
from publications.distributions.actions.start_due import start_due
from publications.distributions.models import Distribution
from tests.support.distributions import draft, running
from tests.support.factories import STAFF

pytestmark = pytest.mark.django_db


def test_now_means_after_the_undo_window(project):
    project(undo_minutes=15)
    made = draft(2, codes=2)

    scheduled = schedule(made, at=None, by=STAFF)

    assert scheduled.status == "scheduled"
    assert timedelta(minutes=14) < scheduled.starts_at - timezone.now() < timedelta(minutes=15)
    assert start_due() == 0


def test_a_run_starts_when_its_time_has_come():
    scheduled = schedule(draft(1, codes=1), at=timezone.now() + timedelta(days=1), by=STAFF)
    Distribution.objects.update(starts_at=timezone.now() - timedelta(seconds=1))

    assert (start_due(), start_due()) == (1, 0)

    scheduled.refresh_from_db()
    assert (scheduled.status, scheduled.started_at is not None) == ("running", True)


def test_what_is_missing_is_told_all_at_once():
    made = draft(message="email", subject="", body="Hi {{ customer.nme }}, {{ code }}", audience="segment")

    with pytest.raises(NotReady) as refused:
        schedule(made, at=timezone.now() - timedelta(hours=1), by=STAFF)

    assert [problem[:27] for problem in refused.value.problems] == [
        "Choose a segment.", "Write a subject.", "In the message: Line 1: {{ ", "The start time has passed. ",
    ]  # fmt: skip
    assert Distribution.objects.get().status == "draft"


def test_the_changes_of_a_run_and_their_order():
    made = draft(1, codes=1)
    with pytest.raises(NotPossible, match="This distribution is a draft, so it cannot be cancelled"):
        cancel(made, by=STAFF)
    schedule(made, at=None, by=STAFF)
    with pytest.raises(NotPossible):
        pause(made, by=STAFF)
    assert cancel(made, by=STAFF).status == "cancelled"

    run = running(1, codes=1)
    with pytest.raises(NotPossible):
        cancel(run, by=STAFF)
    assert pause(run, by=STAFF).status == "paused"
    assert resume(run, by=STAFF).status == "running"
    assert stop(run, by=STAFF).status == "stopped"
    with pytest.raises(NotPossible):
        resume(run, by=STAFF)

    entries = AuditEntry.objects.filter(object_id=run.public_id).order_by("id").values_list("action", "actor_label")
    assert list(entries) == [
        ("distribution.recipients_listed", "Test Staff"), ("distribution.scheduled", "Test Staff"),
        ("distribution.started", "Handout"), ("distribution.paused", "Test Staff"),
        ("distribution.resumed", "Test Staff"), ("distribution.stopped", "Test Staff"),
    ]  # fmt: skip


def test_a_duplicate_is_a_draft_with_the_same_audience_codes_and_message():
    run = running(3, codes=3, codes_each=1)

    copy = duplicate(run, by=STAFF)

    assert (copy.name, copy.status, copy.starts_at) == ("Autumn (copy)", "draft", None)
    assert (copy.campaign, copy.subject, copy.body) == (run.campaign, run.subject, run.body)
    assert list(copy.listed.values_list("line", "customer")) == list(run.listed.values_list("line", "customer"))


def test_real_e_mail_needs_an_address_for_the_link_to_unsubscribe(settings):
    settings.EMAIL_IS_SENT, settings.SITE_URL = True, ""

    with pytest.raises(NotReady, match="SITE_URL is not set"):
        schedule(draft(1, codes=1), at=None, by=STAFF)
