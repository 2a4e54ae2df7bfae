"""Ends runs: the one that has tried everybody is done; the one that was stopped is wound up."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from campaigns.pool import raise_pool_version
from config.actor import SYSTEM
from publications.distributions.change_run import record_of
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import DeliveryReason
from publications.release import take_back

BATCH = 1_000

State, Status = Delivery.State, Distribution.Status


def end_run(distribution_id: int) -> bool:
    """Done, if nobody waits any more; whether this call ended it. Unknown messages end nothing and hold up nothing.

    The row is locked first and looked at by a second statement: whoever puts messages back does so under the same
    lock, so none is left behind in a run that is done.
    """
    with transaction.atomic():
        running = Distribution.objects.filter(pk=distribution_id, status=Status.RUNNING, audience_complete=True)
        distribution = running.select_for_update(no_key=True).first()
        if not distribution or Delivery.objects.filter(_open(distribution), distribution=distribution).exists():
            return False
        Distribution.objects.filter(pk=distribution_id).update(
            status=Status.DONE, status_reason="", status_detail="", finished_at=Now(), updated_at=Now()
        )
        record_of(distribution, "done", by=SYSTEM)
    return True


def _open(distribution: Distribution) -> Q:
    states = [State.PENDING, State.SENDING]
    if distribution.message != Distribution.Message.NONE:
        states.append(State.PUBLISHED)
    return Q(state__in=states)


def wind_up_stopped() -> int:
    """Of stopped runs: whoever had no turn is left out, and unsent codes return to the pool where that was asked for.

    In batches, each its own transaction; how many deliveries that were. Run it again after any interruption.
    """
    pending = Delivery.objects.filter(distribution=OuterRef("pk"), state=State.PENDING)
    unsent = Delivery.objects.filter(distribution=OuterRef("pk"), publication__isnull=False).filter(
        state__in=[State.PUBLISHED, State.FAILED]
    )
    releases = ~Q(release_unsent_by="") & ~Q(message=Distribution.Message.NONE) & Exists(unsent)
    settled = 0
    for distribution in Distribution.objects.filter(Q(Exists(pending)) | releases, status=Status.STOPPED):
        while count := _leave_out(distribution):
            settled += count
        if distribution.release_unsent_by and distribution.message != Distribution.Message.NONE:
            while count := _release(distribution):
                settled += count
    return settled


def _leave_out(distribution: Distribution) -> int:
    pending = Delivery.objects.filter(distribution=distribution, state=State.PENDING)[:BATCH]
    return Delivery.objects.filter(pk__in=pending.values("pk"), state=State.PENDING).update(
        state=State.SKIPPED, reason=DeliveryReason.STOPPED, state_at=Now()
    )


def _release(distribution: Distribution) -> int:
    """One batch, of publications whose message was not sent."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT d.id, d.publication_id FROM publications_delivery d
                WHERE d.distribution_id = %s AND d.state IN ('published', 'failed') AND d.publication_id IS NOT NULL
                ORDER BY d.id LIMIT %s FOR UPDATE""",
            [distribution.pk, BATCH],
        )
        rows = cursor.fetchall()
        if not rows:
            return 0
        deliveries, publications = [row[0] for row in rows], [row[1] for row in rows]
        released = take_back(
            publications, released_by=distribution.release_unsent_by, back_to_pool=True,
            reason=f"{distribution.name} was stopped before the message was sent",
        )  # fmt: skip
        Delivery.objects.filter(pk__in=deliveries).update(
            state=State.SKIPPED, reason=DeliveryReason.STOPPED_AND_RELEASED, detail="", state_at=Now()
        )
        if released:
            record_of(
                distribution, "codes_released", by=SYSTEM, count=released, asked_by=distribution.release_unsent_by
            )
        if distribution.campaign_id:
            raise_pool_version(distribution.campaign_id)
    return len(rows)
