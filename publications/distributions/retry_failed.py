"""Tries the messages once more that failed for good, and sends those that were kept here."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from config.actor import Actor
from publications.distributions.change_run import NotPossible, record_of
from publications.distributions.models import Delivery, Distribution

State = Delivery.State
# A message can be tried while its run goes on, rests, or has come to its end; after a stop for good it is over.
OPEN = ("running", "paused", "done", "active")


def retry_failed(distribution: Distribution, *, by: Actor) -> int:
    """Puts every failed message back, with all its attempts; how many. A run that was done runs again.

    Raises NotPossible, also where nothing has failed.
    """
    with transaction.atomic():
        locked = lock_open(distribution)
        count = put_back(Delivery.objects.filter(distribution=locked, state=State.FAILED), locked)
        if not count:
            raise NotPossible("No message has failed.")
        record_of(locked, "failed_retried", by=by, count=count)
    return count


def send_kept(distribution: Distribution, *, by: Actor) -> int:
    """Puts back every message that was kept here while there was no mail server; how many. Raises NotPossible, also where
    there is none of either.
    """
    if not settings.EMAIL_IS_SENT:
        raise NotPossible("E-mail is still not set up: EMAIL_URL is empty.")
    with transaction.atomic():
        locked = lock_open(distribution)
        count = put_back(Delivery.objects.filter(distribution=locked, state=State.KEPT), locked)
        if not count:
            raise NotPossible("No message is kept here.")
        record_of(locked, "kept_sent", by=by, count=count)
    return count


def lock_open(distribution: Distribution) -> Distribution:
    """Locked, so that the worker does not end the run in between. Raises NotPossible."""
    locked = Distribution.objects.select_for_update(no_key=True).get(pk=distribution.pk)
    if locked.status not in OPEN:
        raise NotPossible(
            f"This distribution is {locked.get_status_display().lower()}: nothing is sent any more. Duplicate it instead."
        )
    return locked


def put_back(deliveries: QuerySet[Delivery], locked: Distribution) -> int:
    count = deliveries.update(
        state=State.PUBLISHED, reason="", detail="", attempts=0, next_attempt_at=None, state_at=Now(),
        claim=None, worker=None,
    )  # fmt: skip
    if count and locked.status == Distribution.Status.DONE:
        Distribution.objects.filter(pk=locked.pk).update(
            status=Distribution.Status.RUNNING, finished_at=None, updated_at=Now()
        )
    return count
