"""Cancels, pauses, resumes and stops a manual run; and pauses any run in which something must be put right. The row's own status decides, in the statement that changes it.

What a worker has begun it ends: a message that is on its way when the run is paused is sent and recorded. Nothing new
is begun, since each code and each message is claimed by a statement that looks at the status.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now

from config.actor import SYSTEM, Actor
from config.audit import record
from publications.distributions.check_worth import why_campaign_is_dead
from publications.distributions.models import Distribution
from publications.distributions.reasons import StatusReason, in_words, with_what_to_do

Status = Distribution.Status


class NotPossible(Exception):
    """The run is not in a state for it; nothing was changed. The message says which it is in."""


def cancel(distribution: Distribution, *, by: Actor) -> Distribution:
    """Before it starts, so that nobody has got anything. Raises NotPossible."""
    return _change(distribution, "cancelled", [Status.SCHEDULED], by=by, status=Status.CANCELLED, finished_at=Now())


def pause(distribution: Distribution, *, by: Actor) -> Distribution:
    """A manual one, until it is resumed (of an automatic one see automation/activate.py). Raises NotPossible."""
    return _change(
        distribution, "paused", [Status.RUNNING], by=by, status=Status.PAUSED, status_reason=StatusReason.STAFF,
        status_detail="",
    )  # fmt: skip


def pause_until_mended(distribution: Distribution, reason: StatusReason, detail: str = "") -> None:
    """Handout pauses it, manual or automatic, for staff to put something right. Nothing happens where it has ended or
    was paused meanwhile.
    """
    with transaction.atomic():
        at_work = Distribution.objects.at_work().filter(pk=distribution.pk)
        if at_work.update(status=Status.PAUSED, status_reason=reason, status_detail=detail, updated_at=Now()):
            record_of(distribution, "paused", by=SYSTEM, reason=in_words(reason, detail))


def resume(distribution: Distribution, *, by: Actor) -> Distribution:
    """A manual one goes on where it was; what the mail server did not take is tried again at once. Raises NotPossible,
    also while its campaign's codes are worth nothing.
    """
    if distribution.campaign and (dead := why_campaign_is_dead(distribution.campaign)):
        raise NotPossible(with_what_to_do(dead))
    return _change(
        distribution, "resumed", [Status.PAUSED], by=by, status=Status.RUNNING, status_reason="", status_detail="",
        rests=0, rests_until=None, unknowns=0, started_at=Coalesce("started_at", Now()),
    )  # fmt: skip


def stop(distribution: Distribution, *, by: Actor) -> Distribution:
    """For good: who has got nothing yet gets nothing. Within seconds the worker puts the codes whose message was never
    handed over back into the pool, and retires those of unknown messages (end_run.py). Raises NotPossible.
    """
    return _change(
        distribution, "stopped", [Status.RUNNING, Status.PAUSED], by=by, status=Status.STOPPED,
        status_reason="", status_detail="", finished_at=Now(), release_unsent_by=by.label,
    )  # fmt: skip


def _change(
    distribution: Distribution,
    done: str,
    when: Sequence[str],
    *,
    by: Actor,
    details: dict[str, Any] | None = None,
    **values: Any,
) -> Distribution:
    with transaction.atomic():
        rows = Distribution.objects.manual().filter(pk=distribution.pk, status__in=when)
        changed = rows.update(updated_at=Now(), **values)
        if changed:
            record_of(distribution, done, by=by, **(details or {}))
    now = Distribution.objects.get(pk=distribution.pk)
    if not changed:
        raise NotPossible(f"This distribution is {now.get_status_display().lower()}, so it cannot be {done}.")
    return now


def record_of(distribution: Distribution, done: str, *, by: Actor, **details: Any) -> None:
    """The entry in the audit log: what was done to it, by whom."""
    record(
        f"distribution.{done}", by=by, object_id=distribution.public_id, object_label=distribution.name,
        campaign_id=distribution.campaign_id, **details,
    )  # fmt: skip
