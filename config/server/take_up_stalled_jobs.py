"""Jobs of a worker that died stay marked as running; this hands them to the workers that live."""

from __future__ import annotations

from django.db import connection
from procrastinate import App
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Status

STALLED_AFTER = 30  # seconds without a heartbeat; a worker gives one every ten


async def take_up_stalled_jobs(app: App) -> int:
    """Puts every job whose worker gives no heartbeat back into the queue; returns how many.

    Such a job may have done its work but for the last step, so every task must bear being run again.
    """
    taken = 0
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        try:
            await app.job_manager.retry_job(job)
            taken += 1
        except UniqueViolation:  # its queueing lock says that one like it waits already, which will do
            await app.job_manager.finish_job(job, Status.ABORTED, delete_job=False)
        except ConnectorException:  # it ended, or another process took it up, in between
            continue
    return taken


def declare_workers_dead() -> None:
    """For whoever knows that no worker lives: their jobs count as stalled at once and not after STALLED_AFTER."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_workers")
