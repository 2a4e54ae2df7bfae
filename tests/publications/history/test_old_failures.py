"""Failed attempts are kept for the days in the project's settings, successful ones for good."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.staff.models import ProjectSettings
from publications.actions.publish import publish
from publications.models import Publication
from publications.redemptions.actions import delete_old_failures as old_failures
from publications.refusals import NoVoucherSuitable
from tests.support.factories import STAFF, CampaignFactory, CustomerFactory, published

pytestmark = pytest.mark.django_db


def failed(*, days_ago):
    with pytest.raises(NoVoucherSuitable):
        publish(CampaignFactory(), CustomerFactory(), origin="api", by=STAFF)
    row = Publication.objects.latest("pk")
    Publication.objects.filter(pk=row.pk).update(created_at=timezone.now() - timedelta(days=days_ago))
    return row


def test_failures_go_when_their_days_are_over(monkeypatch):
    monkeypatch.setattr(old_failures, "BATCH", 1)
    ProjectSettings.objects.update_or_create(id=1, defaults={"keep_failures_days": 30})
    failed(days_ago=31), failed(days_ago=40)
    recent = failed(days_ago=29)
    old_success = published()
    Publication.objects.filter(pk=old_success.pk).update(created_at=timezone.now() - timedelta(days=400))

    assert old_failures.delete_old_failures() == 2

    assert set(Publication.objects.all()) == {recent, old_success}
