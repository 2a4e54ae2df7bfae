"""Carries a run on, one turn at a time: writes down its audience, publishes ahead of the sending, sends, ends it.

What is to be done stands in rows. Turns may be taken by any number of workers at once, and one that is lost costs
nothing but its time (docs/adr/0016).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now

from config.clocks import CLOCKS_DIFFER
from publications.distributions.actions.end_run import end_run
from publications.distributions.actions.publish_batch import publish_batch
from publications.distributions.actions.write_audience import write_audience
from publications.distributions.models import Delivery, Distribution, DistributionQuerySet
from publications.distributions.sending.connections import Connections
from publications.distributions.sending.send_batch import RESTS, send_batch

TURN = 10  # seconds after which another run may have this worker
BREATH = 0.5  # seconds until the limit of e-mails per minute is asked again

State, Message = Delivery.State, Distribution.Message


def advance(
    distribution_id: int,
    *,
    share: int = 0,
    of: int = 1,
    connections: int = 1,
    seconds: float = TURN,
    stopping: Callable[[], bool] = lambda: False,
    worker: int | None = None,
) -> bool:
    """One turn; whether it is worth another at once. `share` of `of`, and `worker`: see send_batch. It ends early when the worker is
    `stopping`: what is on its way is waited for, and nothing new begun.
    """
    ends = time.monotonic() + seconds
    with Connections(connections) as opened:
        while time.monotonic() < ends and not stopping():
            distribution = at_work().filter(pk=distribution_id).select_related("campaign", "webhook").first()
            if not distribution:
                return False
            done = not distribution.audience_complete and write_audience(distribution_id)
            done = bool(publish_batch(distribution_id)) or done
            sent = send_batch(distribution, opened, share=share, of=of, stopping=stopping, worker=worker)
            done = bool(sent) or done
            if done:
                continue
            if end_run(distribution_id) or not due().filter(pk=distribution_id).exists():
                return False
            time.sleep(BREATH)
    return not stopping()


def at_work() -> DistributionQuerySet:
    """Those that run and do not rest."""
    return Distribution.objects.at_work().exclude(
        rests_until__gt=Now(), rests_until__lte=Now() + RESTS[-1] + CLOCKS_DIFFER
    )


def due() -> DistributionQuerySet:
    """Those of them for which there is something to do now."""
    deliveries = Delivery.objects.filter(distribution=OuterRef("pk"))
    to_send = deliveries.filter(Q(next_attempt_at=None) | Q(next_attempt_at__lte=Now()), state=State.PUBLISHED)
    audience = Q(kind=Distribution.Kind.MANUAL, audience_complete=False)
    pending = Exists(deliveries.filter(state=State.PENDING))
    return at_work().filter(audience | Q(pending) | ~Q(message=Message.NONE) & Q(Exists(to_send)))
