"""The queue's own housekeeping."""

from __future__ import annotations

from django.urls import reverse
from procrastinate import JobContext
from procrastinate.contrib.django import app

from config.alerts.actions.keep_alerts import Found, keep_alerts
from config.alerts.models import Kind
from config.server.check_health import State, check_health
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


@app.periodic(cron="* * * * *")
@app.task(name="server.watch_health", queueing_lock="watch_health", lock="watch_health")
def watch_health(timestamp: int) -> None:
    """Disks and queues, as the page Status shows them. (Of a database that is away nobody can be told by it.)"""
    found = [
        Found(check.name, f"{check.title}: {check.state.value.lower()}", check.words, reverse("server:status"))
        for check in check_health()
        if check.state is not State.GOOD
    ]
    keep_alerts(Kind.SERVER, found)
