"""How the API behaves when the database is slow, away or busy."""

import threading
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from config.api.models import ApiKey
from tests.support.api.calls import Api

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def setting(name, value):
    """A setting of this connection. It goes back into the pool afterwards, for other tests."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET {name} = '{value}'")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"RESET {name}")


def test_a_database_that_gives_up_is_a_503(monkeypatch):
    def take_too_long(publications):
        with setting("statement_timeout", "1ms"), connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(10)")

    monkeypatch.setattr("publications.api.publications.attach_codes", take_too_long)

    answer = Api().get("publications")

    assert answer.error[:2] == (503, "service_unavailable")
    assert answer.headers["Retry-After"] == "1"


def test_noting_the_last_use_of_a_key_waits_for_nobody():
    caller = Api()
    locked, done = threading.Event(), threading.Event()

    def hold_the_key():
        with transaction.atomic():
            ApiKey.objects.select_for_update().get()
            locked.set()
            done.wait(60)
        connection.close()

    holder = threading.Thread(target=hold_the_key)
    holder.start()
    assert locked.wait(60)

    with setting("lock_timeout", "1ms"):  # whoever waits fails
        answer = caller.get("publications")
    done.set()
    holder.join()

    caller.key.refresh_from_db()
    assert (answer.status, caller.key.last_used_at) == (200, None)
