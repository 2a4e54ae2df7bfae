"""The queue's own housekeeping. What the apps do in the background is in their own tasks.py."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app

from config.api.actions import delete_old_calls as old_calls
from config.server.take_up_stalled_jobs import take_up_stalled_jobs
from config.staff.sign_in import delete_old_sign_ins as old_sign_ins

# For as long as it takes: a database that is away or busy comes back, and the work goes on where it stopped.
UNTIL_THE_DATABASE_ANSWERS = RetryStrategy(wait=10, retry_exceptions=[OperationalError, InterfaceError])

KEEP_FINISHED_JOBS_HOURS = 24
KEEP_FAILED_JOBS_HOURS = 24 * 30


@app.periodic(cron="* * * * *")
@app.task(pass_context=True, queueing_lock="take_up_stalled", priority=100)
async def take_up_stalled(context: JobContext, timestamp: int) -> None:
    await take_up_stalled_jobs(context.app)


@app.periodic(cron="17 * * * *")
@app.task(pass_context=True, queueing_lock="delete_old_jobs")
async def delete_old_jobs(context: JobContext, timestamp: int) -> None:
    await context.app.job_manager.delete_old_jobs(nb_hours=KEEP_FINISHED_JOBS_HOURS)
    await context.app.job_manager.delete_old_jobs(
        nb_hours=KEEP_FAILED_JOBS_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


@app.periodic(cron="25 3 * * *")
@app.task(queueing_lock="delete_old_calls")
def delete_old_calls(timestamp: int) -> None:
    old_calls.delete_old_calls()


@app.periodic(cron="30 3 * * *")
@app.task(queueing_lock="delete_old_sign_ins")
def delete_old_sign_ins(timestamp: int) -> None:
    old_sign_ins.delete_old_sign_ins()
