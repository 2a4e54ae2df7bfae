"""Django's PostgreSQL backend, with a look at a pooled connection that costs no round trip (ADR 0021)."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool

from config.postgres.lines import watch

# A client that vanished, or was cut off, shall not hold its locks for the two hours that servers wait by default.
FORGET_LOST_CLIENTS = """
SELECT set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false),
       set_config('tcp_keepalives_count', '3', false), set_config('tcp_user_timeout', '20s', false),
       set_config('client_connection_check_interval', '5s', false)"""


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):
        if watch.is_silent(conn_params):
            raise OperationalError("The database does not answer any more.")
        connection = super().get_new_connection(conn_params)
        while self.pool and not _is_alive(connection):
            connection.close()
            self.pool.putconn(connection)  # which makes a new one in its place
            connection = super().get_new_connection(conn_params)
        return connection

    def _configure_connection(self, connection):
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
