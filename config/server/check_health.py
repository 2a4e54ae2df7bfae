"""Whether all is well: what `/readyz` tells a load balancer, and the page Status tells staff in words."""

from __future__ import annotations

import os
from collections.abc import Callable
from enum import Enum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.files.storage import FileSystemStorage, storages
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

MEGABYTE = 1024 * 1024
SCARCE = 10  # times the least room: from there on staff are told


class State(Enum):
    GOOD = "Good"
    WARNING = "Needs attention"
    BAD = "Not ready"


class Check(NamedTuple):
    """How one part is. `short` is for machines; `words` say what it means, and what to do, unless all is well."""

    name: str
    title: str
    state: State = State.GOOD
    short: str = "ok"
    words: str = ""


def check_health() -> list[Check]:
    """Each part, or as many as can be asked: nobody waits on a database that has just failed to answer."""
    checks = []
    for check in (_database, _migrations, _worker, _backlog):
        try:
            checks.append(check())
        except Error as problem:
            checks.append(
                Check(
                    check.__name__.strip("_"),
                    TITLES[check],
                    State.BAD,
                    f"no answer: {' '.join(str(problem).split())[:200]}",
                    "The database is not responding, so codes cannot be published. See its log.",
                )
            )
            break
    return [*checks, _disk()]


READ_ONLY = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute(READ_ONLY)
        in_recovery, read_only = cursor.fetchone()
    if not in_recovery and not read_only:
        return Check("database", "Database")
    why = "it is a standby" if in_recovery else "transactions are read-only by default"
    todo = (
        "Point DATABASE_URL at the primary, or promote this server."
        if in_recovery
        else "An administrator of the database has set default_transaction_read_only, perhaps because its disk is full."
    )
    return Check(
        "database", "Database", State.BAD, f"read-only: {why}", f"The database is read-only, so codes cannot be published: {why}. {todo}"
    )  # fmt: skip


def _migrations() -> Check:
    missing = sorted(_migrations_of_this_code() - MigrationRecorder(connection).applied_migrations().keys())
    if not missing:
        return Check("migrations", "Tables")
    names = ", ".join(".".join(key) for key in missing[:5])
    return Check(
        "migrations", "Tables", State.BAD, f"not applied: {names}",
        f"The database is not up to date with this version of Handout ({names}). Run manage.py migrate.",
    )  # fmt: skip


@cache
def _migrations_of_this_code() -> set[tuple[str, str]]:
    return set(MigrationLoader(None).graph.nodes)


# Each queue has a job that is due every minute or more often. Busy is not missing: who works through a long backlog, or
# has all hands full, has a job of that queue in hand.
LEFT_LYING = """
    SELECT DISTINCT job.queue_name FROM procrastinate_jobs job
     WHERE job.status = 'todo'
       AND greatest(job.scheduled_at, (SELECT max(at) FROM procrastinate_events event WHERE event.job_id = job.id))
           < now() - interval '1 minute'
       AND NOT EXISTS (
           SELECT FROM procrastinate_jobs busy JOIN procrastinate_workers worker ON worker.id = busy.worker_id
            WHERE busy.status = 'doing' AND busy.queue_name = job.queue_name
              AND worker.last_heartbeat > now() - interval '1 minute')
     ORDER BY 1"""


def _worker() -> Check:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '1 minute')"
        )
        (seen,) = cursor.fetchone()
        if not seen:
            return _no_worker("no worker seen within a minute", "No worker is running")
        cursor.execute(LEFT_LYING)
        missing = ", ".join(queue for (queue,) in cursor)
    if not missing:
        return Check("worker", "Workers")
    return _no_worker(f"no worker for queue: {missing}", f"No worker is running for the queue {missing}")


def _no_worker(short: str, what: str) -> Check:
    words = f"{what}, so imports, exports, messages or webhooks are stuck. Start the workers, and see their log for why they stopped."
    return Check("worker", "Workers", State.BAD, short, words)


# How long the oldest job that could be done has waited for a worker that is busy with others.
BACKLOG = """
    SELECT job.queue_name, extract(epoch FROM now() - min(greatest(job.scheduled_at, event.at)))::int / 60
      FROM procrastinate_jobs job
      JOIN LATERAL (SELECT max(at) AS at FROM procrastinate_events WHERE job_id = job.id) event ON true
     WHERE job.status = 'todo' AND greatest(job.scheduled_at, event.at) < now() - interval '15 minutes'
       AND NOT EXISTS (SELECT FROM procrastinate_jobs other WHERE other.status = 'doing' AND other.lock = job.lock)
     GROUP BY 1 ORDER BY 1"""


def _backlog() -> Check:
    with connection.cursor() as cursor:
        cursor.execute(BACKLOG)
        behind = [f"{queue} ({minutes} minutes)" for queue, minutes in cursor]
    if not behind:
        return Check("backlog", "Queues")
    queues = ", ".join(behind)
    words = f"Jobs are waiting longer than usual: {queues}. The workers are busy with large files or distributions, or stuck."
    return Check("backlog", "Queues", State.WARNING, f"behind: {queues}", words)


TITLES: dict[Callable[[], Check], str] = {
    _database: "Database", _migrations: "Tables", _worker: "Workers", _backlog: "Queues",
}  # fmt: skip


def _disk() -> Check:
    """The fullest of the disks that Handout itself writes to; the embedded database lies on the first."""
    found = [(_free(folder), folder) for folder in _folders()]
    free, folder = min(found)
    least = settings.LEAST_FREE_MB
    if free >= least * SCARCE:
        return Check("disk", "Disk space")
    room = f"{free:,} MB are free on the disk that holds {folder}"
    if free >= least:
        return Check(
            "disk",
            "Disk space",
            State.WARNING,
            f"scarce: {free} MB free in {folder}",
            f"Only {room}. Free up space soon.",
        )
    words = f"Only {room}. The database, imports and exports will fail when it is full. Free up space; publishing resumes immediately."
    return Check("disk", "Disk space", State.BAD, f"full: {free} MB free in {folder}", words)


def _folders() -> set[Path]:
    files = storages["files"]
    return {settings.HANDOUT_DATA} | ({Path(files.location)} if isinstance(files, FileSystemStorage) else set())


def _free(folder: Path) -> int:
    """Megabytes that we may still write; none where the disk has no room for one more file."""
    while not folder.exists():  # made with the first file
        folder = folder.parent
    disk = os.statvfs(folder)
    if disk.f_files and not disk.f_favail:
        return 0
    return disk.f_bavail * disk.f_frsize // MEGABYTE
