"""Says of messages whose sender is gone that nobody knows whether they arrived. A person decides about them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from procrastinate.contrib.django.models import ProcrastinateWorker

from publications.distributions.models import Delivery
from publications.distributions.reasons import DeliveryReason

# Longer than the slowest exchange with a mail server that gives an answer at all: ten minutes for the message itself
# (EMAIL_ANSWER_TIMEOUT), and EMAIL_TIMEOUT for each of the steps before.
DEADLINE = timedelta(minutes=15)
# A worker gives a sign of life every ten seconds.
DEAD_AFTER = timedelta(minutes=1)


def declare_unknown(*, begun_before: datetime | None = None) -> int:
    """How many. A sender that lives after all still records what it knows, as long as nobody has decided.

    At once where its worker gives no sign of life, else after fifteen minutes.
    `begun_before`: for whoever knows that what was being sent then is nobody's any more, without waiting.
    """
    alive = ProcrastinateWorker.objects.filter(pk=OuterRef("worker"), last_heartbeat__gt=Now() - DEAD_AFTER)
    dead = Q(worker__isnull=False, state_at__lte=Now() - DEAD_AFTER) & ~Exists(alive)
    lost = Q(Q(state_at__lte=Now() - DEADLINE) | dead)
    if begun_before:
        lost |= Q(state_at__lt=begun_before)
    return Delivery.objects.filter(lost, state=Delivery.State.SENDING).update(
        state=Delivery.State.UNKNOWN, reason=DeliveryReason.HANDOUT_STOPPED, state_at=Now()
    )
