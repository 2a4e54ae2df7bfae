"""Ends runs: the one that has tried everybody is done; the one that was stopped is wound up."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from campaigns.codes.pool import raise_pool_version
from config.actor import SYSTEM
from config.staff.quarantine import is_open
from publications.distributions.actions.change_status import finish, record_of
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import DeliveryReason
from publications.ledger.take_back import take_back

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
        return finish(distribution)


def _open(distribution: Distribution) -> Q:
    states = [State.PENDING, State.SENDING]
    if distribution.message != Distribution.Message.NONE:
        states.append(State.PUBLISHED)
    return Q(state__in=states)


# Of a stopped run: what becomes of a code, by what is known of its message. One that may be in somebody's inbox is nobody
# else's any more.
NEVER_HANDED_OVER = [State.PUBLISHED, State.FAILED, State.SKIPPED, State.KEPT]
MAY_HAVE_ARRIVED = [State.UNKNOWN]


def wind_up_ended() -> int:
    """Of those that were stopped, or archived: whoever had no turn is left out; codes whose message was never handed over return to the pool, and
    those of unknown messages are retired. Where there is no message, a published code is its holder's.

    In batches, each its own transaction; how many deliveries that were. Run it again after any interruption.
    """
    pending = Delivery.objects.filter(distribution=OuterRef("pk"), state=State.PENDING)
    held = Delivery.objects.filter(
        distribution=OuterRef("pk"), publication__voided_at=None, state__in=[*NEVER_HANDED_OVER, *MAY_HAVE_ARRIVED]
    ).exclude(publication=None)
    releases = ~Q(release_unsent_by="") & ~Q(message=Distribution.Message.NONE) & Exists(held)
    settled = 0
    if is_open():  # what was not sent as far as is known may have been sent
        return settled
    ended = Q(status=Status.STOPPED) & (Q(Exists(pending)) | releases) | Q(status=Status.ARCHIVED) & Exists(pending)
    for distribution in Distribution.objects.filter(ended):
        while count := _leave_out(distribution):
            settled += count
        if distribution.release_unsent_by and distribution.message != Distribution.Message.NONE:
            while count := _release(distribution, NEVER_HANDED_OVER, back_to_pool=True):
                settled += count
            while count := _release(distribution, MAY_HAVE_ARRIVED, back_to_pool=False):
                settled += count
    return settled


def _leave_out(distribution: Distribution) -> int:
    pending = Delivery.objects.filter(distribution=distribution, state=State.PENDING)[:BATCH]
    reason = DeliveryReason.STOPPED if distribution.status == Status.STOPPED else DeliveryReason.ARCHIVED
    return Delivery.objects.filter(pk__in=pending.values("pk"), state=State.PENDING).update(
        state=State.SKIPPED, reason=reason, state_at=Now()
    )


def _release(distribution: Distribution, states: Sequence[str], *, back_to_pool: bool) -> int:
    """One batch. What was left out stays so with its own reason, and what is unknown stays unknown."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """SELECT d.id, d.publication_id FROM distributions_delivery d
                 JOIN publications_publication p ON p.id = d.publication_id AND p.voided_at IS NULL
                WHERE d.distribution_id = %s AND d.state = ANY(%s) ORDER BY d.id LIMIT %s FOR UPDATE OF d""",
            [distribution.pk, list(states), BATCH],
        )
        rows = cursor.fetchall()
        if not rows:
            return 0
        deliveries, publications = [row[0] for row in rows], [row[1] for row in rows]
        said = "before the message was sent" if back_to_pool else "and the message may or may not have arrived"
        released = take_back(
            publications, released_by=distribution.release_unsent_by, back_to_pool=back_to_pool,
            reason=f"{distribution.name} was stopped {said}",
        )  # fmt: skip
        Delivery.objects.filter(pk__in=deliveries, state__in=NEVER_HANDED_OVER).exclude(state=State.SKIPPED).update(
            state=State.SKIPPED, reason=DeliveryReason.STOPPED_AND_RELEASED, detail="", state_at=Now()
        )
        if released:
            record_of(
                distribution, "codes_released" if back_to_pool else "codes_retired", by=SYSTEM, count=released,
                asked_by=distribution.release_unsent_by,
            )  # fmt: skip
        if distribution.campaign_id and back_to_pool:
            raise_pool_version(distribution.campaign_id)
    return len(rows)
