"""What staff are told of, each found where it is, and told once."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from campaigns.codes.models import CodeImport
from config.alerts.models import Alert, AlertRule
from config.server import tasks as server_tasks
from config.server.check_health import Check, State
from customers.models import CustomerImport
from publications.distributions.models import Delivery
from publications.exports.models import Export
from publications.models import PublicationImport
from publications.redemptions.actions.redeem import redeem
from publications.tallies.models import DayTally
from publications.watch.actions.look_around import look_around
from publications.watch.weekly import past_week
from publications.webhooks.actions.pause_address import pause_failing, resume_address
from tests.support.distributions import put_all_into, running
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, UserFactory, VoucherFactory, published
from tests.support.webhooks import listening

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def manager():
    return UserFactory(role="Manager")


@pytest.fixture(autouse=True)
def without_the_week():
    """Which is told from Monday on, whatever else is."""
    AlertRule.objects.create(kind="weekly", active=False)


def told():
    look_around()
    look_around()
    return [(alert.kind, alert.title, alert.text) for alert in Alert.objects.filter(ended_at=None).order_by("pk")]


def test_nothing_is_told_of_a_quiet_house():
    assert told() == []


def test_a_distribution_that_handout_paused():
    run = running(1, name="Advent")
    put_all_into("held", status_reason="pool_empty")

    assert told() == [("distribution_paused", "“Advent” is paused", run.__class__.objects.get().why_paused)]

    put_all_into("running", status_reason="")
    assert told() == []


def test_a_distribution_that_ended_without_reaching_everybody():
    run = running(3, name="Advent", message="email")
    for number, state in enumerate(("failed", "unknown", "sent")):
        Delivery.objects.create(
            distribution=run,
            customer=run.listed.all()[number].customer,
            state=state,
            reason="refused" if state != "sent" else "",
        )
    put_all_into("done", finished_at=timezone.now())

    assert [alert[1] for alert in told()] == ["“Advent” finished, but 2 messages may not have arrived"]


def test_imports_and_exports_that_failed():
    failed = {"status": "failed", "error": "The disk is full.", "finished_at": timezone.now()}
    for model in (CodeImport, CustomerImport, PublicationImport):
        model.objects.create(original_name=f"{model.__name__}.csv", size=1, **failed)
    Export.objects.create(kind="codes", file_name="codes.csv", **failed)
    Export.objects.create(kind="codes", file_name="old.csv", **failed | {"finished_at": timezone.now() - timedelta(8)})
    Export.objects.create(kind="codes", file_name="fine.csv", status="done", finished_at=timezone.now())

    assert {(kind, title) for kind, title, text in told() if text == "The disk is full."} == {
        ("import_failed", "The import of CodeImport.csv failed"),
        ("import_failed", "The import of CustomerImport.csv failed"),
        ("import_failed", "The import of PublicationImport.csv failed"),
        ("export_failed", "codes.csv could not be created"),
    }


def test_a_webhook_that_kept_failing():
    address = listening()
    pause_failing(address, after="It responded with 500.")

    ((kind, title, text),) = told()
    assert (kind, title) == ("webhook_paused", "The webhook to https://shop.example.com/webhooks is paused")
    assert "It responded with 500." in text

    resume_address(address, by=STAFF)
    assert told() == []


@pytest.mark.parametrize(
    ("usual", "today", "is_told"), [(0, 49, False), (0, 50, True), (20, 59, False), (20, 60, True)]
)
def test_unusually_many_failed_attempts(usual, today, is_told):
    day = timezone.localdate()
    tallies = [(day, today), *((day - timedelta(days=n), usual) for n in range(1, 15))]
    DayTally.objects.bulk_create(
        DayTally(campaign_id=0, day=day, channel="API", result="FAILURE", publications=n, codes=0, attempts=n)
        for day, n in tallies
    )

    assert bool(told()) == is_told


def test_a_code_tried_by_others_is_told_once_a_day_for_its_campaign():
    holder, others = CustomerFactory(), CustomerFactory.create_batch(2)
    watched = CampaignFactory(name="Autumn", only_holder="record", redemption_limit=None)
    open_to_all = CampaignFactory(redemption_limit=None)
    codes = [VoucherFactory(campaign=campaign) for campaign in (watched, open_to_all)]
    for code in codes:
        published(code, holder)
        redeem(code, customer=holder, by=STAFF)
        redeem(code, by=STAFF)  # by nobody that was named
    redeem(codes[1], customer=others[0], by=STAFF)
    assert told() == []

    for other in others:
        redeem(codes[0], customer=other, by=STAFF)

    assert told() == [
        (
            "tried_by_others",
            "Codes of Autumn were tried by others than their holders",
            "2 attempts today with 1 code so far. They may have been shared or leaked: the page shows by which file or channel "
            "they went out.",
        )
    ]
    Alert.objects.update(title="Told")
    redeem(codes[0], customer=others[0], by=STAFF)
    assert [title for _, title, _ in told()] == ["Told"]


def test_disks_and_queues(monkeypatch):
    full = Check("disk", "Disk space", State.WARNING, "scarce", "Only 900 MB are free.")
    monkeypatch.setattr(server_tasks, "check_health", lambda: [full, Check("worker", "Workers")])
    for _ in range(2):
        server_tasks.watch_health(0)
    alert = Alert.objects.get()
    assert (alert.kind, alert.title, alert.text) == ("server", "Disk space: needs attention", "Only 900 MB are free.")

    monkeypatch.setattr(server_tasks, "check_health", lambda: [Check("disk", "Disk space")])
    server_tasks.watch_health(0)
    assert Alert.objects.get().ended_at is not None


def test_the_week_is_told_from_monday_at_eight():
    moments = {"2026-11-30 07:59": [], "2026-11-30 08:00": ["2026-11-30"], "2026-12-06 23:59": ["2026-11-30"]}
    for moment, subjects in moments.items():
        found = past_week(timezone.make_aware(datetime.fromisoformat(moment)))
        assert [one.subject for one in found] == subjects
    assert found[0].title == "The week from 23 November to 29 November"
    assert found[0].text.startswith("0 codes published, 0 in the week before.\n0 attempts to publish failed.")
