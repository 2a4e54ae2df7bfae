"""Fixtures that many tests share."""

import gc
import os
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings as django_settings
from django.core.servers.basehttp import WSGIRequestHandler
from django.db import connection, transaction
from django.test import Client

from config.staff.models import ProjectSettings
from tests.support.factories import UserFactory
from tests.support.flush import flush_only_what_is_filled

flush_only_what_is_filled()
gc.disable()  # while the tests are imported: what that makes is there to stay


def pytest_collection_finish() -> None:
    """The half million objects of all tests are not looked at again and again while these run."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """A connection that a test has lost is lost for that one alone, not for all that come after it."""
    if connection.connection is not None and connection.connection.closed and not connection.in_atomic_block:
        connection.close()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """The tests' database is a copy of the one that is migrated already (tests/support/processes/prepared_folder.py)."""
    if django_settings.EMBEDDED_DATABASE:
        connection.settings_dict["TEST"]["TEMPLATE"] = connection.settings_dict["NAME"]


@pytest.fixture(autouse=True)
def unhashed_static_files(settings):
    """Pages are drawn without `collectstatic`, which the hashed names of the real storage need."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}


@pytest.fixture(autouse=True)
def unlogged_calls(settings):
    """Else a thread would write into a test's tables, between its transactions. Tests of the log switch it on."""
    settings.API_LOG = False


@pytest.fixture(autouse=True)
def addresses_as_sent(monkeypatch):
    """`live_server` tells the address as it was sent, as granian does by config/runtime: else %2F was a slash to it."""
    plain = WSGIRequestHandler.get_environ
    monkeypatch.setattr(WSGIRequestHandler, "get_environ", lambda self: plain(self) | {"REQUEST_URI": self.path})


@pytest.fixture(scope="module")
def one_transaction(django_db_setup, django_db_blocker):
    """For a module's own fixtures of that scope: their rows are made once, and each test undoes only what it adds.

    Not beside tests that commit.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def signed_in(db):
    """`signed_in("Operator")` is a browser of somebody with that role; its `.user` is who."""

    def sign_in(role: str | None) -> Client:
        client = Client()
        client.user = UserFactory(role=role)
        client.force_login(client.user)
        return client

    return sign_in


@pytest.fixture
def project(db):
    """`project(time_zone="Asia/Tokyo")` changes the project's settings."""

    def change(**values) -> ProjectSettings:
        return ProjectSettings.objects.update_or_create(id=1, defaults=values)[0]

    return change


@pytest.fixture
def empty_database(django_db_setup, django_db_blocker):
    """The address of an empty database beside the tests' own, on the same server."""
    with django_db_blocker.unblock():
        yield from _database(f"empty_{os.getpid()}", "template1")


@pytest.fixture
def migrated_database(django_db_setup, django_db_blocker):
    """The same, of one that is migrated, with nobody in it; an empty one on a server of somebody else's."""
    with django_db_blocker.unblock():
        yield from _database(f"migrated_{os.getpid()}", connection.settings_dict["TEST"]["TEMPLATE"] or "template1")


def _database(name: str, template: str) -> Iterator[str]:
    server = connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    # The host in the query, where it may be the folder of a socket.
    where = urlencode({"host": server["HOST"], "port": server["PORT"] or 5432})
    password = f":{quote(server['PASSWORD'], safe='')}" if server["PASSWORD"] else ""
    yield f"postgres://{server['USER']}{password}@/{name}?{where}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
