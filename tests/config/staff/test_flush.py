"""A test that commits leaves nothing behind, whoever else is at work in its database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection, connections, transaction
from django.test import TransactionTestCase

from campaigns.models import Campaign
from config.staff.models import ProjectSettings
from publications.models import PublishedVoucher
from tests.support import flush
from tests.support.factories import CampaignFactory, UserFactory, published

pytestmark = pytest.mark.django_db(transaction=True)


def teardown() -> None:
    flush._teardown(TransactionTestCase(methodName="__init__"))


@pytest.mark.parametrize("large", [flush.LARGE, 0], ids=["deleted", "truncated"])
def test_all_rows_go_and_the_roles_stay(large, monkeypatch):
    teardown()
    monkeypatch.setattr(flush, "LARGE", large)
    roles = set(Group.objects.values_list("id", "name", "permissions"))
    published()
    UserFactory(role="Manager")
    ProjectSettings.objects.create(id=1, name="Another")

    teardown()

    tables = set(connection.introspection.django_table_names(only_existing=True)) - set(flush.STANDING)
    assert {name for name in tables if flush._run(connection, f"SELECT FROM {name} LIMIT 1")} == set()
    assert set(Group.objects.values_list("id", "name", "permissions")) == roles
    assert {name for _, name, _ in roles} == {"Till", "Viewer", "Operator", "Exporter", "Manager"}


def test_roles_that_a_test_has_changed_are_made_anew():
    teardown()
    may = Permission.objects.get(codename="manage")
    Group.objects.get(name="Viewer").permissions.add(may)

    teardown()

    assert not Group.objects.filter(name="Viewer", permissions__codename="manage").exists()
    assert Group.objects.filter(name="Manager", permissions__codename="manage").exists()


@pytest.mark.parametrize("large", [flush.LARGE, 0], ids=["deleted", "truncated"])
def test_a_request_that_still_runs_is_waited_for_and_what_it_writes_goes_too(large, monkeypatch):
    monkeypatch.setattr(flush, "LARGE", large)
    published()
    is_reading, is_waited_for = Event(), Event()
    counted = []

    def request() -> None:
        with transaction.atomic():
            counted.append(PublishedVoucher.objects.count())
            is_reading.set()
            is_waited_for.wait(1)
            CampaignFactory()  # TRUNCATE, which waits for the first table, has locked this one
        connections.close_all()

    with ThreadPoolExecutor() as threads:
        running = threads.submit(request)
        assert is_reading.wait(60)
        teardown()
        running.result()

    assert [model.objects.count() for model in (PublishedVoucher, Campaign)] == [0, 0]
    assert counted == [1]
