"""Django's PostgreSQL backend, with a look at a pooled connection that costs no round trip (ADR 0017)."""

from __future__ import annotations

import select
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.backends.utils import CursorDebugWrapper, CursorWrapper
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg import Connection, errors
from psycopg_pool import ConnectionPool

from config.postgres.lines import watch

# A client that vanished, or was cut off, shall not hold its locks for the two hours that servers wait by default.
FORGET_LOST_CLIENTS = """
SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '20s', false),
       set_config('client_connection_check_interval', '5s', false)"""


# Trouble that passes, though the driver does not call it operational: the server that took this transaction is, or is
# just becoming, one that only reads; or a transaction stood still for longer than an administrator allows.
PASSING = (errors.ReadOnlySqlTransaction, errors.IdleInTransactionSessionTimeout)


class Errors(DatabaseErrorWrapper):
    """Everything that passes is an OperationalError, which jobs try again and the API answers by 503."""

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        if exc_type is not None and issubclass(exc_type, PASSING):
            self.wrapper.errors_occurred = True  # type: ignore[attr-defined]
            if "," in self.wrapper.settings_dict["HOST"]:  # type: ignore[attr-defined]
                self.wrapper.connection.close()  # type: ignore[attr-defined]  # another server may be the primary now
            raise OperationalError(*exc_value.args).with_traceback(traceback) from exc_value
        super().__exit__(exc_type, exc_value, traceback)


class _Copies:
    """Django hands out the driver's own COPY, whose errors pass by every `except OperationalError`."""

    @contextmanager
    def copy(self, statement: Any, *arguments: Any) -> Any:
        with self.db.wrap_database_errors, self.cursor.copy(statement, *arguments) as copy:  # type: ignore[attr-defined]
            yield copy


class Cursor(_Copies, CursorWrapper):
    pass


class DebugCursor(_Copies, CursorDebugWrapper):
    @contextmanager
    def copy(self, statement: Any, *arguments: Any) -> Any:
        with self.debug_sql(statement), super().copy(statement, *arguments) as copy:
            yield copy


class DatabaseWrapper(base.DatabaseWrapper):
    @cached_property
    def wrap_database_errors(self) -> Errors:
        return Errors(self)

    def make_cursor(self, cursor: CursorWrapper) -> Cursor:
        return Cursor(cursor, self)

    def make_debug_cursor(self, cursor: CursorWrapper) -> DebugCursor:
        return DebugCursor(cursor, self)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        if watch.is_silent(conn_params):
            raise OperationalError("The database is not responding.")
        connection = super().get_new_connection(conn_params)
        while self.pool and not _is_alive(connection):
            connection.close()
            self.pool.putconn(connection)  # which makes a new one in its place
            connection = super().get_new_connection(conn_params)
        return connection

    def _configure_connection(self, connection: Any) -> Any:
        if connection.info.server_version >= 14_00_00:
            connection.execute(FORGET_LOST_CLIENTS)
        return super()._configure_connection(connection)  # type: ignore[misc]  # which the stubs do not know


def _is_alive(connection: Connection) -> bool:
    """A server that ended has closed its end, and that can be read: only then is the server asked.

    With CONN_HEALTH_CHECKS it would be asked each time: a fifth of the round trips of a call that publishes.
    """
    look = select.poll()  # select() itself knows only the first 1,024 files of a process
    look.register(connection.fileno(), select.POLLIN)
    if not look.poll(0):
        return True
    try:
        ConnectionPool.check_connection(connection)
    except Exception:
        return False
    return True
