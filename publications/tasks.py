"""What publications do in the background. Tasks are thin: each calls a verb, and bears being run again."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.utils import timezone
from procrastinate import JobContext, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.worker import Worker

from config.events.drain import drain_outbox
from config.imports.delete_old_imports import delete_old_imports
from config.staff.tasks import UNTIL_THE_DATABASE_ANSWERS
from customers.segments.actions.watch_segments import look_at_segments
from publications.actions.import_publications import import_publications
from publications.automation.actions.activate import let_go_of_idle_rules
from publications.automation.actions.walk_segments import walk_segments
from publications.dashboard.put_clock_right import put_clock_right
from publications.distributions.actions.advance import advance, at_work, due, shares_of
from publications.distributions.actions.declare_unknown import declare_unknown
from publications.distributions.actions.end_run import end_run, wind_up_ended
from publications.distributions.actions.hold_place import hold_place
from publications.distributions.actions.start_due import start_due
from publications.distributions.sending.stored_email_backend import delete_old_messages
from publications.exports.actions import delete_old_files as old_files
from publications.exports.actions import write_export
from publications.models import PublicationImport
from publications.redemptions.actions import delete_old_failures as old_failures
from publications.tallies.count_campaigns import count_campaigns
from publications.tallies.count_publications import count_publications
from publications.webhooks.actions import delete_old_deliveries as old_deliveries
from publications.webhooks.actions.notify_managers import tell_managers
from publications.webhooks.actions.send_due import addresses_due, send_due, send_one


@app.task(retry=UNTIL_THE_DATABASE_ANSWERS)
def make_export_file(export_id: int) -> None:
    write_export.make_export_file(export_id)


@app.periodic(cron="40 * * * *")
@app.task(queueing_lock="delete_old_files")
def delete_old_files(timestamp: int) -> None:
    old_files.delete_old_files()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="put_clock_right", priority=100)
def mend_times(timestamp: int) -> None:
    put_clock_right()


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="delete_old_failures")
def delete_old_failures(timestamp: int) -> None:
    old_failures.delete_old_failures()


@app.task(retry=UNTIL_THE_DATABASE_ANSWERS)
def run_publication_import(import_id: int) -> None:
    import_publications(import_id)


@app.periodic(cron="45 3 * * *")
@app.task(queueing_lock="delete_old_publication_imports")
def delete_old_publication_imports(timestamp: int) -> None:
    delete_old_imports(PublicationImport)


# A queue with a worker of its own (config/server/management/commands/run.py): whoever waits for a slow receiver holds up
# neither exports nor imports.
WEBHOOKS = "webhooks"


@app.periodic(cron="* * * * * */5")  # the last field is seconds
@app.task(queue=WEBHOOKS, queueing_lock="pass_events_on")
def pass_events_on(timestamp: int) -> None:
    """Finds all that there is to do, so that nothing hangs on a job that was lost."""
    drain_outbox()
    for address_id in addresses_due():
        _send_soon(address_id)


# Each one at a time: a million customers take minutes, and must not occupy the worker's other places.
@app.periodic(cron="* * * * * */5")
@app.task(queue=WEBHOOKS, queueing_lock="watch_segments", lock="watch_segments")
def watch_segments(timestamp: int) -> None:
    look_at_segments()


@app.periodic(cron="* * * * * */5")
@app.task(queue=WEBHOOKS, queueing_lock="fire_for_segments", lock="fire_for_segments")
def fire_for_segments(timestamp: int) -> None:
    """At the set times of automatic distributions, and for those who are in a segment already."""
    let_go_of_idle_rules()
    walk_segments()


# Counting, too, leaves nothing behind, and takes its turn beside the webhooks rather than behind a long export.
@app.periodic(cron="* * * * * */20")
@app.task(queue=WEBHOOKS, queueing_lock="tally_publications")
def tally_publications(timestamp: int) -> None:
    count_publications()


@app.periodic(cron="* * * * *")
@app.task(queue=WEBHOOKS, queueing_lock="tally_campaigns", lock="tally_campaigns")
def tally_campaigns(timestamp: int) -> None:
    count_campaigns()


@app.task(queue=WEBHOOKS)
def send_webhooks(address_id: int) -> None:
    if send_due(address_id):
        _send_soon(address_id)  # behind the other addresses


@app.task(queue=WEBHOOKS)
def send_webhook(delivery_id: int) -> None:
    send_one(delivery_id)


@app.task(retry=RetryStrategy(max_attempts=5, exponential_wait=30))
def tell_managers_of_pause(address_id: int) -> None:
    tell_managers(address_id)


def _send_soon(address_id: int) -> None:
    """One job for an address waits and one runs, never more: a slow receiver occupies one place of the worker."""
    name = f"webhook address {address_id}"
    with suppress(AlreadyEnqueued):
        send_webhooks.configure(lock=name, queueing_lock=name).defer(address_id=address_id)


@app.periodic(cron="50 3 * * *")
@app.task(queueing_lock="delete_old_deliveries")
def delete_old_deliveries(timestamp: int) -> None:
    old_deliveries.delete_old_deliveries()


# A queue with a worker of its own, for the same reason: the mail server may take its time.
MESSAGES = "messages"
# So that the jobs of a worker that died hold up nobody: another worker's have other locks.
WORKER, STARTED = secrets.token_hex(4), timezone.now()


@app.periodic(cron="* * * * * */5")
@app.task(queue=MESSAGES, queueing_lock="look_after_distributions")
def look_after_distributions(timestamp: int) -> None:
    """Finds all that there is to do, so that nothing hangs on a job that was lost."""
    start_due()
    # A start in the future is that of a clock that has been put right since.
    alone = settings.SENDING_ALONE and timezone.now() >= STARTED
    declare_unknown(begun_before=STARTED if alone else None)
    for distribution in due():
        for share in range(shares_of(distribution)):
            _advance_soon(distribution.pk, share, shares_of(distribution))
    for key in at_work().manual().filter(audience_complete=True).values_list("pk", flat=True):
        end_run(key)
    wind_up_ended()


def in_a_place(call_next: Callable[[], None], context: JobContext, worker: Worker) -> None:
    """Without one for its distribution the job is dropped: the next look queues it again."""
    with hold_place(int(context.job.task_kwargs["distribution_id"]), of=worker.concurrency) as may_work:
        if may_work:
            call_next()


@app.task(queue=MESSAGES, pass_context=True, task_middleware=[in_a_place])
def advance_distribution(context: JobContext, distribution_id: int, share: int, of: int) -> None:
    # A worker that is asked to stop says so to its jobs at once (PROCRASTINATE_WORKER_DEFAULTS).
    worker = context.job.worker_id
    if advance(distribution_id, share=share, of=of, stopping=context.should_abort, worker=worker):
        _advance_soon(distribution_id, share, of)  # behind the other runs


def _advance_soon(distribution_id: int, share: int, of: int) -> None:
    """As many as there are shares run at once for each worker, and one more of each waits."""
    name = f"distribution {distribution_id} share {share} of {of} by {WORKER}"
    with suppress(AlreadyEnqueued):
        advance_distribution.configure(lock=name, queueing_lock=name).defer(
            distribution_id=distribution_id, share=share, of=of
        )


@app.periodic(cron="55 3 * * *")
@app.task(queueing_lock="delete_old_messages")
def delete_old_kept_messages(timestamp: int) -> None:
    delete_old_messages()
