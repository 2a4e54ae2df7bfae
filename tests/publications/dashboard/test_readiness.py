"""On Home a Manager sees what is to be done before real use, until all of it is."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from config.actor import SYSTEM
from config.alerts.models import Alert
from config.staff.audit import record
from config.staff.models import AuditEntry, ProjectSettings
from publications.dashboard.queries.readiness import readiness
from tests.support.factories import UserFactory, published

pytestmark = pytest.mark.django_db
HEADING = "Before you use it for real"


def open_steps():
    return [step.title for step in readiness() if not step.done]


def test_a_new_installation_has_everything_to_do(signed_in, settings):
    settings.EMAIL_IS_SENT = settings.HTTPS = False
    manager = signed_in("Manager")
    empty = manager.get("/").content.decode()
    published()
    page = manager.get("/").content.decode()

    assert HEADING in empty and HEADING in page
    assert open_steps() == ["A backup every week or more often", "E-mail", "HTTPS", "A second Manager"]
    assert 'href="/settings/email"' in page


def test_who_may_not_manage_is_not_bothered(signed_in):
    published()

    assert HEADING not in signed_in("Operator").get("/").content.decode()


def test_it_is_gone_once_all_is_done(signed_in, settings):
    settings.EMAIL_IS_SENT = settings.HTTPS = True
    manager = signed_in("Manager")
    UserFactory(role="Manager")
    record("backup.made", by=SYSTEM, object_label="handout.dump")
    published()

    assert readiness() == []
    assert HEADING not in manager.get("/", secure=True).content.decode()


def test_an_inactive_manager_is_no_second_one_and_an_administrator_is(settings):
    UserFactory(role="Manager")
    UserFactory(role="Manager", is_active=False)
    assert "A second Manager" in open_steps()
    UserFactory(is_superuser=True)
    assert "A second Manager" not in open_steps()


def test_a_backup_lasts_eight_days_unless_the_database_is_backed_up_otherwise():
    step = "A backup every week or more often"
    old = AuditEntry(action="backup.made", actor_kind="system", created_at=timezone.now() - timedelta(days=9))
    old.save()
    assert step in open_steps()
    ProjectSettings.current()
    ProjectSettings.objects.update(backed_up_elsewhere=True)
    assert step not in open_steps()


def test_a_backup_that_failed_is_an_alert_and_no_backup(tmp_path):
    with pytest.raises(CommandError):
        call_command("dump_database", tmp_path / "nowhere" / "handout.dump")

    (alert,) = Alert.objects.all()
    assert (alert.kind, alert.title) == ("backup_failed", "The backup handout.dump failed")
    assert not AuditEntry.objects.filter(action="backup.made").exists()
