"""Empties the database after a test that commits: as Django's `flush` does, but only what is filled, and also while others
are at work there.

A server that the browser tests share, and its worker, may still answer a request whose page is closed, or run a job that
is due. TRUNCATE, which locks every table one after the other, met them in a deadlock now and then.
"""

from __future__ import annotations

import time

from django.db import OperationalError, connections, transaction
from django.test import TransactionTestCase
from psycopg.errors import LockNotAvailable

PATIENCE = 30  # seconds
# Made once, by migrate; a test seldom changes them: content types, roles and what these may do.
STANDING = ("django_content_type", "auth_permission", "auth_group", "auth_group_permissions")
LARGE = 1_000_000  # bytes of a table: only TRUNCATE gives them back, but it takes as long for tables without a row

AT_WORK = """
SELECT pid, state, query FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'"""

_flush = TransactionTestCase._fixture_teardown
_standing_rows: dict[str, list] = {}  # of a database: how many, and their digest


def flush_only_what_is_filled() -> None:
    TransactionTestCase._fixture_teardown = _teardown


def _teardown(case) -> None:
    for name in case._databases_names(include_mirrors=False):
        _empty(connections[name])
        if _standing_rows.get(name) != _look_at_standing_rows(connections[name]):
            _flush(case)  # makes them anew
            _standing_rows[name] = _look_at_standing_rows(connections[name])


def _empty(connection) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        at_work = _run(connection, AT_WORK)
        is_late = time.monotonic() > deadline
        if is_late or not at_work:
            try:
                return _delete_rows(connection)
            except OperationalError as error:
                if is_late or not isinstance(error.__cause__, LockNotAvailable):
                    error.add_note(f"At work in the database that was to be emptied: {at_work}")
                    raise
        time.sleep(0.02)


def _delete_rows(connection) -> None:
    tables = [name for name in connection.introspection.django_table_names(only_existing=True) if name not in STANDING]
    with transaction.atomic(using=connection.alias):
        # Shorter than the second after which PostgreSQL looks for deadlocks, and may break off the other one.
        _run(connection, "SET LOCAL lock_timeout = '300ms'")
        size = "SELECT '{0}', pg_relation_size('{0}') WHERE EXISTS (SELECT FROM {0})"
        filled = dict(_run(connection, " UNION ALL ".join(map(size.format, tables))))
        if not filled:
            return
        [(is_superuser,)] = _run(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if is_superuser and max(filled.values()) < LARGE:
            _run(connection, "SET LOCAL session_replication_role = replica")  # neither foreign keys nor triggers
            _run(connection, "; ".join(f"DELETE FROM {table}" for table in filled))
        else:
            _run(connection, f"TRUNCATE {', '.join(tables)}")


def _look_at_standing_rows(connection) -> list[tuple]:
    digest = "SELECT count(*), md5(string_agg(row::text, ';' ORDER BY row::text)) FROM {} AS row"
    return _run(connection, " UNION ALL ".join(map(digest.format, STANDING)))


def _run(connection, sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []
