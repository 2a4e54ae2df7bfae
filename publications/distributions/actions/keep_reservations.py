"""Keeps codes for the distributions that will take them: how many each still needs is counted here, time and again, as its
audience grows and shrinks. How a pool holds them back is campaigns/codes/actions/reserve_codes.py.

Whatever is killed, the next look a minute later puts it right, and codes that are kept for nobody are given back.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from campaigns.codes.actions.reserve_codes import give_back, move_border, reserve
from campaigns.codes.models import Reservation
from publications.distributions.models import Delivery, Distribution, DistributionQuerySet
from publications.distributions.queries.dry_run import dry_run
from publications.distributions.reasons import FOR_GOOD

Status = Distribution.Status

MOST = 500  # distributions that codes are kept for, the ones that start first
# A large audience takes seconds to count: counting never takes more than a twentieth of a processor.
GOOD_FOR, TIMES_ITS_COST = timedelta(minutes=1), 20


def keep_reservations() -> int:
    """For how many distributions codes are kept. May be interrupted, and run again."""
    gone = Reservation.objects.exclude(Exists(takers().filter(pk=OuterRef("taker"), campaign=OuterRef("campaign"))))
    give_back(gone.values_list("taker", flat=True))
    kept = list(takers().order_by("starts_at", "pk")[:MOST].values_list("pk", flat=True))
    for key in kept:
        keep_reservation(key)
    for campaign in Reservation.objects.order_by("campaign").values_list("campaign", flat=True).distinct():
        move_border(campaign)
    return len(kept)


def takers() -> DistributionQuerySet:
    """Those that codes are kept for: started by staff, and still to take some, also while they are paused."""
    open_ones = [Status.SCHEDULED, Status.RUNNING, Status.PAUSED, Status.HELD]
    return Distribution.objects.manual().filter(
        ~Q(status_reason__in=FOR_GOOD), status__in=open_ones, campaign__isnull=False, remind=False
    )


def keep_reservation(distribution_id: int) -> None:
    """Counts what it needs, and keeps that."""
    seen = takers().select_related("campaign", "segment").filter(pk=distribution_id).first()
    if seen is None:
        return
    began = time.monotonic()
    counted = dry_run(seen).codes_needed if _by_its_audience(seen) else None
    seconds = time.monotonic() - began
    with transaction.atomic():
        rows = takers().select_related("campaign").select_for_update(of=("self",), no_key=True)
        now = rows.filter(pk=distribution_id).first()
        if now is None or not now.campaign or not now.starts_at:
            return
        if now.audience_complete:
            # Nobody publishes meanwhile: whoever does holds the row.
            pending = Delivery.objects.filter(distribution=now, state=Delivery.State.PENDING)
            needed = pending.count() * now.codes_each
        elif counted is not None and now.status == seen.status:
            needed = counted
        else:
            return
        reserve(now.campaign, taker=now.pk, label=now.name, due_at=now.starts_at, needed=needed, seconds=seconds)


def _by_its_audience(distribution: Distribution) -> bool:
    """Whether to count whom it is for. While those are written down the count from before goes down with each code."""
    if distribution.audience_complete:
        return False
    kept = Reservation.objects.filter(taker=distribution.pk).first()
    if kept is None:
        return True
    return distribution.status == Status.SCHEDULED and _is_old(kept.counted_at, kept.seconds)


def _is_old(counted_at: datetime, seconds: float) -> bool:
    age = timezone.now() - counted_at
    return not timedelta(0) <= age < max(GOOD_FOR, TIMES_ITS_COST * timedelta(seconds=seconds))
