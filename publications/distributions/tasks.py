"""What distributions do in the background."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from django.conf import settings
from django.utils import timezone
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.worker import Worker

from config.background import MESSAGES, UNTIL_THE_DATABASE_ANSWERS, WEBHOOKS
from publications.distributions.actions import keep_reservations as reservations
from publications.distributions.actions.advance import advance, at_work, due
from publications.distributions.actions.declare_unknown import declare_unknown
from publications.distributions.actions.end_run import end_run, wind_up_ended
from publications.distributions.actions.hold_place import hold_place
from publications.distributions.actions.start_due import start_due
from publications.distributions.sending.stored_email_backend import delete_old_messages

# So that the jobs of a worker that died hold up nobody: another worker's have other locks.
WORKER, STARTED = secrets.token_hex(4), timezone.now()
# Of several workers each begins with its own share of what is due, so that most of the time they do not ask for the same.
SHARES = 4


@app.periodic(cron="* * * * * */5")
@app.task(name="distributions.look_after_distributions", queue=MESSAGES, queueing_lock="look_after_distributions")
def look_after_distributions(timestamp: int) -> None:
    """Finds all that there is to do, so that nothing hangs on a job that was lost."""
    start_due()
    # A start in the future is that of a clock that has been put right since.
    alone = settings.SENDING_ALONE and timezone.now() >= STARTED
    declare_unknown(begun_before=STARTED if alone else None)
    for distribution in due():
        _advance_soon(distribution.pk)
    for key in at_work().manual().filter(audience_complete=True).values_list("pk", flat=True):
        end_run(key)
    wind_up_ended()


def in_a_place(call_next: Callable[[], None], context: JobContext, worker: Worker) -> None:
    """Without one for its distribution the job is dropped: the next look queues it again."""
    with hold_place(int(cast("int", context.job.task_kwargs["distribution_id"])), of=worker.concurrency) as may_work:
        if may_work:
            call_next()


@app.task(name="distributions.advance_distribution", queue=MESSAGES, pass_context=True, task_middleware=[in_a_place])
def advance_distribution(context: JobContext, distribution_id: int) -> None:
    # A worker that is asked to stop says so to its jobs at once (PROCRASTINATE_WORKER_DEFAULTS).
    goes_on = advance(
        distribution_id, share=int(WORKER, 16) % SHARES, of=SHARES, connections=settings.EMAIL_CONNECTIONS,
        stopping=context.should_abort, worker=context.job.worker_id,
    )  # fmt: skip
    if goes_on:
        _advance_soon(distribution_id)  # behind the other runs


def _advance_soon(distribution_id: int) -> None:
    """One runs for each worker, and one more of each waits."""
    name = f"distribution {distribution_id} by {WORKER}"
    with suppress(AlreadyEnqueued):
        advance_distribution.configure(lock=name, queueing_lock=name).defer(distribution_id=distribution_id)


# Counting a large audience takes seconds: messages do not wait for it, nor does it wait for a long export.
@app.periodic(cron="* * * * *")
@app.task(
    name="distributions.keep_reservations", queue=WEBHOOKS, queueing_lock="keep_reservations", lock="keep_reservations"
)
def keep_reservations(timestamp: int) -> None:
    reservations.keep_reservations()


@app.task(name="distributions.reserve_codes", queue=WEBHOOKS, retry=UNTIL_THE_DATABASE_ANSWERS)
def reserve_codes(distribution_id: int) -> None:
    reservations.keep_reservation(distribution_id)


@app.periodic(cron="55 3 * * *")
@app.task(name="distributions.delete_old_kept_messages", queueing_lock="delete_old_messages")
def delete_old_kept_messages(timestamp: int) -> None:
    delete_old_messages()
