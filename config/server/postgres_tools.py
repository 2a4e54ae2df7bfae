"""Runs pg_dump and its like, which come with the embedded PostgreSQL, on Handout's database wherever that is."""

from __future__ import annotations

import os
import subprocess

from django.db import connection

from config.server.embedded_postgres import binary


class ToolFailed(Exception):
    """The tool ended with an error; the message is what it said."""


def run_tool(name: str, *arguments: str) -> None:
    """`run_tool("pg_dump", "--file=backup.dump")`. Raises ToolFailed."""
    ended = subprocess.run(  # noqa: S603
        command(name, *arguments),
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    if ended.returncode:
        raise ToolFailed(ended.stderr.strip())


def command(name: str, *arguments: str, connected: bool = True) -> list[str]:
    """The command line; `connected`: to Handout's database, in `environment()`."""
    database = [f"--dbname={connection.get_connection_params()['dbname']}"] if connected else []
    return [str(binary(name)), *database, *arguments]


def environment() -> dict[str, str]:
    """How to reach the database. The password goes by the environment, where `ps` shows none."""
    wanted = connection.get_connection_params()
    return os.environ | {
        variable: str(wanted[key])
        for variable, key in (
            ("PGHOST", "host"),
            ("PGPORT", "port"),
            ("PGUSER", "user"),
            ("PGPASSWORD", "password"),
            ("PGSSLMODE", "sslmode"),
            ("PGTARGETSESSIONATTRS", "target_session_attrs"),
            ("PGSSLROOTCERT", "sslrootcert"),
        )
        if wanted.get(key)
    }
