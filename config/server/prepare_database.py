"""Brings a database to what this version of Handout expects: at each start, safe to repeat after a crash halfway."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from config.advisory_locks import Lock
from config.postgres.whole_migrations import follow_migrations
from config.staff.quarantine import current

OLDEST_POSTGRES = 14


class DatabaseRefused(Exception):
    """This database cannot be used; the message is one line for the person at the terminal."""


@contextmanager
def alone(*, say: Callable[[str], None]) -> Iterator[None]:
    """Of several machines that start on one database at the same moment, one prepares it and the others wait.

    Checks the server as well. Raises DatabaseRefused.
    """
    try:
        # Past the pool, which would go on trying for a while and then not say why it failed.
        probe = psycopg.connect(**{"connect_timeout": 10} | connection.get_connection_params() | {"autocommit": True})
    except psycopg.OperationalError as problem:
        reason = " ".join(str(problem).split())
        raise DatabaseRefused(f"The database is not responding: {reason} (Check DATABASE_URL.)") from None
    with probe:
        if probe.info.server_version < OLDEST_POSTGRES * 10_000:
            version = probe.info.server_version // 10_000
            raise DatabaseRefused(
                f"Handout needs PostgreSQL {OLDEST_POSTGRES} or newer; the server at DATABASE_URL is {version}."
            )
        if _shares_sessions(probe):
            raise DatabaseRefused(
                "A pooler in transaction mode (PgBouncer) is in front of this database, but workers and migrations "
                "need their own sessions. Give them the direct address: WORKER_DATABASE_URL=postgres://user:password@host:5432/name"
            )
        taken = probe.execute("SELECT pg_try_advisory_lock(%s::bigint)", [Lock.PREPARING.number()]).fetchone()
        if taken != (True,):
            say("Another Handout is preparing the database; waiting for it.")
            probe.execute("SELECT pg_advisory_lock(%s::bigint)", [Lock.PREPARING.number()])
        yield


def _shares_sessions(probe: psycopg.Connection) -> bool:
    """Whether a session is lent for a transaction only: then two connections that do nothing have one and the same."""
    with psycopg.connect(**connection.get_connection_params() | {"autocommit": True}) as other:
        for _ in range(5):
            pids = {_pid(probe), _pid(other)}
            if len(pids) == 1:
                return True
    return False


def _pid(session: psycopg.Connection) -> int:
    return (session.execute("SELECT pg_backend_pid()", prepare=False).fetchone() or (0,))[0]


def prepare_database(*, say: Callable[[str], None]) -> None:
    """Checks the data, then migrates it. Raises DatabaseRefused."""
    executor = MigrationExecutor(connection)
    _refuse_other_data(executor)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        say(f"Bringing the database up to date ({len(missing)} migrations)")
        call_command("migrate", interactive=False, verbosity=0)
    else:
        # Permissions and roles follow the last migration: a start that was cut off in between has left them out.
        follow_migrations(verbosity=0, interactive=False, db=connection.alias)
    if (quarantine := current()) and not quarantine.prepared_at:
        call_command("after_restore", prepare=True)  # a restore that was cut off; by name, since config imports no app


def _refuse_other_data(executor: MigrationExecutor) -> None:
    loader = executor.loader
    if ("config", "0001_initial") in loader.applied_migrations:
        raise DatabaseRefused(
            "This data comes from Handout before its first release and cannot be read: start with an empty HANDOUT_DATA or DATABASE_URL."
        )
    known = set(loader.disk_migrations)
    known.update(old for migration in loader.disk_migrations.values() for old in migration.replaces)
    # An app that is no longer installed left its rows behind; that is not newer data.
    unknown = sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps and (app, name) not in known
    )
    if unknown:
        raise DatabaseRefused(
            f"This data comes from a newer Handout (its database has {', '.join(unknown[:3])}): "
            "start that version, or restore a backup made by this one (docs/operations.md, Upgrading)."
        )


def create_first_administrator(*, say: Callable[[str], None]) -> None:
    """Makes the user `admin` where there is no superuser yet, and says the password if one had to be drawn."""
    users = get_user_model()._default_manager
    if users.filter(is_superuser=True).exists():
        return
    given = os.environ.get("HANDOUT_ADMIN_PASSWORD")
    password = given or secrets.token_urlsafe(12)
    with transaction.atomic():
        users.create_superuser("admin", password=password)
        # Before the commit: a start that is cut off in between makes the user anew and says the new password. The other
        # way round there would be a user whose password nobody has ever seen.
        say(f"Created the user admin with the password {'in HANDOUT_ADMIN_PASSWORD' if given else password}")


def load_demo_data(*, say: Callable[[str], None]) -> None:
    """Into an empty database only. The command does it whole or not at all, so a start cut off halfway does it again."""
    if os.environ.get("DEMO") == "0":
        return
    # By name: config imports no app.
    if any(apps.get_model(model)._default_manager.exists() for model in ("campaigns.Campaign", "customers.Customer")):
        return
    say("Loading the demo data (DEMO=0 starts without)")
    call_command("load_demo")
