"""Tries the messages once more that failed for good, and decides about those whose fate is unknown."""

from __future__ import annotations

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
        locked = _open(distribution)
        count = _put_back(Delivery.objects.filter(distribution=locked, state=State.FAILED), locked)
        if not count:
            raise NotPossible("No message has failed.")
        record_of(locked, "failed_retried", by=by, count=count)
    return count


def resolve_unknown(delivery: Delivery, *, as_sent: bool, by: Actor) -> Delivery:
    """A person has found out: the message arrived (`as_sent`), or did not and is sent again. Raises NotPossible."""
    with transaction.atomic():
        locked = _open(delivery.distribution)
        unknown = Delivery.objects.filter(pk=delivery.pk, state=State.UNKNOWN)
        arrived = {"state": State.SENT, "reason": "", "detail": "", "state_at": Now()}
        if not (unknown.update(**arrived) if as_sent else _put_back(unknown, locked)):
            raise NotPossible("This message is not unknown any more.")
        record_of(
            locked, "unknown_resolved", by=by, customer=delivery.customer.public_id,
            as_="arrived" if as_sent else "to be sent again",
        )  # fmt: skip
    delivery.refresh_from_db()
    return delivery


def _open(distribution: Distribution) -> Distribution:
    """Locked, so that the worker does not end the run in between. Raises NotPossible."""
    locked = Distribution.objects.select_for_update(no_key=True).get(pk=distribution.pk)
    if locked.status not in OPEN:
        raise NotPossible(
            f"This distribution is {locked.get_status_display().lower()}: nothing is sent any more. Duplicate it instead."
        )
    return locked


def _put_back(deliveries: QuerySet[Delivery], locked: Distribution) -> int:
    count = deliveries.update(
        state=State.PUBLISHED, reason="", detail="", attempts=0, next_attempt_at=None, state_at=Now()
    )
    if count and locked.status == Distribution.Status.DONE:
        Distribution.objects.filter(pk=locked.pk).update(
            status=Distribution.Status.RUNNING, finished_at=None, updated_at=Now()
        )
    return count
