"""The queue's own housekeeping."""

from __future__ import annotations

from procrastinate import JobContext
from procrastinate.contrib.django import app

from config.server.take_up_stalled_jobs import take_up_stalled_jobs

KEEP_FINISHED_JOBS_HOURS = 24


KEEP_FAILED_JOBS_HOURS = 24 * 30


@app.periodic(cron="* * * * *")
@app.task(name="server.take_up_stalled", pass_context=True, queueing_lock="take_up_stalled", priority=100)
async def take_up_stalled(context: JobContext, timestamp: int) -> None:
    await take_up_stalled_jobs(context.app)


@app.periodic(cron="17 * * * *")
@app.task(name="server.delete_old_jobs", pass_context=True, queueing_lock="delete_old_jobs")
async def delete_old_jobs(context: JobContext, timestamp: int) -> None:
    await context.app.job_manager.delete_old_jobs(nb_hours=KEEP_FINISHED_JOBS_HOURS)
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )
