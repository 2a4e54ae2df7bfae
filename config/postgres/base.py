"""Django's PostgreSQL backend, with a look at a pooled connection that costs no round trip (ADR 0021)."""

from __future__ import annotations

import select

from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params):
        connection = super().get_new_connection(conn_params)
        while self.pool and not _is_alive(connection):
            connection.close()
            self.pool.putconn(connection)  # which makes a new one in its place
            connection = super().get_new_connection(conn_params)
        return connection


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
