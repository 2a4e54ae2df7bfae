"""Runs pg_dump and pg_restore, which come with the embedded PostgreSQL, on Handout's database wherever that is."""

from __future__ import annotations

import os
import subprocess

from django.db import connection

from config.embedded_postgres import binary


class ToolFailed(Exception):
    """The tool ended with an error; the message is what it said."""


def run_tool(name: str, *arguments: str) -> None:
    """`run_tool("pg_dump", "--file=backup.dump")`. The password goes by the environment, where `ps` shows none.

    Raises ToolFailed.
    """
    wanted = connection.get_connection_params()
    environment = os.environ | {
        variable: str(wanted[key])
        for variable, key in (
            ("PGHOST", "host"),
            ("PGPORT", "port"),
            ("PGUSER", "user"),
            ("PGPASSWORD", "password"),
            ("PGSSLMODE", "sslmode"),
            ("PGSSLROOTCERT", "sslrootcert"),
        )
        if wanted.get(key)
    }
    ended = subprocess.run(  # noqa: S603
        [str(binary(name)), f"--dbname={wanted['dbname']}", *arguments],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    if ended.returncode:
        raise ToolFailed(ended.stderr.strip())
