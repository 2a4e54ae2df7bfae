"""Fills an empty database from a dump, and opens a quarantine, in one transaction: neither ever stands without the other."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

from config.server.postgres_tools import ToolFailed, command, environment

OPEN_QUARANTINE = """
INSERT INTO public.staff_quarantine (cause, lost_since) VALUES ('restore', '{moment}') ON CONFLICT DO NOTHING;
COMMIT;
"""
NEWER_THAN_17 = b"SET transaction_timeout = 0;\n"  # which pg_restore writes, whatever the server knows


def restore(dump: Path) -> datetime:
    """All of it or nothing. Returns the moment of the dump: what came later is not in it. Raises ToolFailed."""
    moment = moment_of(dump)
    psql = subprocess.Popen(  # noqa: S603
        command("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    reader = subprocess.Popen(  # noqa: S603
        [*command("pg_restore", connected=False), "--file=-", "--no-owner", "--no-privileges", str(dump)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        _pass_on(reader, psql, OPEN_QUARANTINE.format(moment=moment.isoformat()).encode())
    finally:
        for process in (reader, psql):
            process.kill()  # a connection that is closed without a commit leaves nothing behind
            process.wait()
    return moment


def moment_of(dump: Path) -> datetime:
    """When the dump was begun, by its own words. Raises ToolFailed, also where it is no dump of Handout."""
    listed = subprocess.run(  # noqa: S603
        [*command("pg_restore", connected=False), "--list", str(dump)],
        env=environment() | {"TZ": "UTC"},
        capture_output=True,
        text=True,
    )
    found = re.search(r"Archive created at (\S+ \S+)", listed.stdout)
    if listed.returncode or not found:
        raise ToolFailed(listed.stderr.strip() or f"{dump} does not say when it was created.")
    if not re.search(r"\bTABLE public staff_quarantine\b", listed.stdout):
        raise ToolFailed(
            f"{dump} is not a dump of Handout, or of one from before its first release, which this one cannot read."
        )
    return datetime.fromisoformat(found[1]).replace(tzinfo=UTC)


def _pass_on(reader: subprocess.Popen, psql: subprocess.Popen, end: bytes) -> None:
    """The statements of the dump, then `end`; which psql is sent only where the dump could be read to its end."""
    assert reader.stdout and psql.stdin
    old_server = connection.pg_version < 170_000  # type: ignore[attr-defined]  # of the PostgreSQL backend
    problem = ""
    try:
        psql.stdin.write(b"BEGIN;\n")
        first = True
        while part := reader.stdout.read(1 << 20):
            psql.stdin.write(part.replace(NEWER_THAN_17, b"", 1) if first and old_server else part)
            first = False
        if reader.wait():
            problem = reader.stderr.read().decode(errors="replace") if reader.stderr else "pg_restore failed"
        else:
            psql.stdin.write(end)
            psql.stdin.close()
    except BrokenPipeError:  # psql has ended at an error, and says which
        pass
    if not problem and psql.wait():
        problem = psql.stderr.read().decode(errors="replace") if psql.stderr else "psql failed"
    if problem:
        raise ToolFailed(problem.strip())
