"""Applies each migration and records it in one transaction, so that a power cut leaves either both or neither.

Django records a migration after its commit wherever it has deferred SQL (indexes, foreign keys). A process that dies in
between leaves tables that no record tells of, and every later start fails: "relation … already exists".
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

from django.core.management.sql import emit_post_migrate_signal
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from config.advisory_locks import Lock


class WholeMigrationExecutor(MigrationExecutor):
    """Used by the command `migrate` of config, in place of Django's own."""

    def migrate(
        self,
        targets: Any,
        plan: Any = None,
        state: ProjectState | None = None,
        fake: bool = False,
        fake_initial: bool = False,
    ) -> ProjectState:
        if plan != []:
            with _alone(self.connection):
                self.recorder.ensure_schema()
        return super().migrate(targets, plan, state, fake, fake_initial)

    def apply_migration(
        self, state: ProjectState, migration: Migration, fake: bool = False, fake_initial: bool = False
    ) -> ProjectState:
        if fake or fake_initial:  # these run no SQL of the migration's own
            return super().apply_migration(state, migration, fake=fake, fake_initial=fake_initial)
        self._progress("apply_start", migration)
        with self.connection.schema_editor(atomic=migration.atomic) as editor:
            # A process that was killed may have left its server still at work on this very migration, and two machines may
            # migrate at once: whoever comes second waits here, and then finds it done.
            _hold_lock(self.connection)
            if self._is_recorded(migration):
                state = migration.mutate_state(state, preserve=False)
            else:
                state = migration.apply(state, editor)
                _run_deferred(editor)
                self.record_migration(migration)  # type: ignore[call-arg, arg-type]  # the stubs are of an older Django
        self._progress("apply_success", migration)
        return state

    def unapply_migration(self, state: ProjectState, migration: Migration, fake: bool = False) -> ProjectState:
        if fake:
            return super().unapply_migration(state, migration, fake=fake)
        self._progress("unapply_start", migration)
        with self.connection.schema_editor(atomic=migration.atomic) as editor:
            _hold_lock(self.connection)
            state = migration.unapply(state, editor)
            _run_deferred(editor)
            for app, name in migration.replaces or []:
                self.recorder.record_unapplied(app, name)
            self.recorder.record_unapplied(migration.app_label, migration.name)
        self._progress("unapply_success", migration)
        return state

    def _is_recorded(self, migration: Migration) -> bool:
        recorded = self.recorder.migration_qs.values_list("app", "name")
        names = set(migration.replaces or [(migration.app_label, migration.name)])
        return names <= set(recorded.filter(app__in={app for app, _ in names}))

    def _progress(self, step: str, migration: Migration) -> None:
        if self.progress_callback:
            self.progress_callback(step, migration, False)


def follow_migrations(verbosity: int, interactive: bool, db: str, **kwargs: Any) -> None:
    """Makes what stands in rows of its own: content types, permissions, roles. Whole, and safe to repeat."""
    with _alone(connections[db]):
        emit_post_migrate_signal(verbosity, interactive, db, **kwargs)


@contextmanager
def _alone(connection: BaseDatabaseWrapper) -> Any:
    with transaction.atomic(connection.alias):
        _hold_lock(connection)
        yield


def _hold_lock(connection: BaseDatabaseWrapper) -> None:
    """Until the end of the transaction; a lock of the session would stay behind in a pooler."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [Lock.MIGRATING.number()])


def _run_deferred(editor: Any) -> None:
    """What the schema editor would do itself, but only on its way to the commit."""
    for statement in editor.deferred_sql:
        editor.execute(statement, None)
    editor.deferred_sql.clear()
