"""Pooled connections to the database (config/postgres, ADR 0017)."""

from __future__ import annotations

import pytest
from django.db import close_old_connections, connection, connections

from campaigns.models import Campaign

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_connection_that_the_server_closed_is_replaced_before_it_is_used():
    assert not Campaign.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (killed,) = cursor.fetchone()
    connection.close()  # back to the pool, as at the end of a request
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [killed])
    other.close()
    close_old_connections()

    seen = set()
    for _ in range(5):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            seen.add(cursor.fetchone()[0])
        connection.close()

    assert killed not in seen
