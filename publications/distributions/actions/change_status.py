"""Changes the status of a distribution, manual or automatic: the only text that writes it, and one verb for each act.

The row's own status decides, in the statement that changes it (states.py has the table), so of two who do something at
once one is told that it is too late. Two verbs look at more before they come here: `schedule` (schedule.py) and
`activate` (automation/activate.py).

What a worker has begun it ends: a message that is on its way when the distribution is paused is sent and recorded.
Nothing new is begun, since each code and each message is claimed by a statement that looks at the status.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, Q, Value, When
from django.db.models.functions import Coalesce, Now

from campaigns.codes.actions.reserve_codes import give_back
from config.actor import SYSTEM, Actor
from config.events.kinds import DISTRIBUTION_ENDED, DISTRIBUTION_PAUSED
from config.events.note import note_if_heard
from config.staff.audit import record
from config.staff.quarantine import open_one
from publications.distributions.models import Delivery, Distribution
from publications.distributions.queries.check_worth import why_nothing_can_be_sent
from publications.distributions.reasons import FOR_GOOD, DeliveryReason, StatusReason, in_words, with_what_to_do
from publications.distributions.states import AT_WORK, ENDED, Act, acts_open_to, moves_of, why_not

EVENT_OF = {
    Act.PAUSE: DISTRIBUTION_PAUSED,
    Act.HOLD: DISTRIBUTION_PAUSED,
    Act.FINISH: DISTRIBUTION_ENDED,
    Act.STOP: DISTRIBUTION_ENDED,
    Act.ARCHIVE: DISTRIBUTION_ENDED,
}


class NotPossible(Exception):
    """It is in no state for it; nothing was changed. The message, for staff, says which it is in."""


def cancel(distribution: Distribution, *, by: Actor) -> Distribution:
    """Before it starts, so that nobody has got anything. Raises NotPossible."""
    return move(distribution, Act.CANCEL, by=by)


def start(distribution: Distribution) -> bool:
    """If its time has come, and there is no quarantine; whether this call did."""
    due = Q(starts_at__lte=Now()) & ~Q(open_one())
    return _move(distribution, Act.START, by=SYSTEM, where=due)


def pause(distribution: Distribution, *, by: Actor) -> Distribution:
    """Until it is resumed, or activated again: nothing more is published or sent, and an automatic one passes by what
    happens meanwhile. Raises NotPossible.
    """
    return move(distribution, Act.PAUSE, by=by)


def hold(distribution: Distribution, reason: StatusReason, detail: str = "", *, where: Q | None = None) -> bool:
    """Handout pauses it, for staff to put something right; whether this call did. Nothing happens where it has ended or
    was paused meanwhile; nor in a quarantine, which itself holds what was at work (and says so by `where`).
    """
    return _move(
        distribution, Act.HOLD, by=SYSTEM, where=~Q(open_one()) if where is None else where,
        details={"reason": in_words(reason, detail)}, status_reason=reason, status_detail=detail,
    )  # fmt: skip


def resume(distribution: Distribution, *, by: Actor) -> Distribution:
    """It goes on where it was; what the mail server did not take is tried again at once. Raises NotPossible, also while
    its campaign's codes are worth nothing or its webhook is deleted.
    """
    current = Distribution.objects.select_related("campaign", "webhook").filter(pk=distribution.pk).first()
    if current and Act.RESUME in acts_open_to(current) and (obstacle := _why_it_cannot_go_on(current)):
        raise NotPossible(with_what_to_do(obstacle, automatic=current.kind == Distribution.Kind.AUTOMATIC))
    return move(distribution, Act.RESUME, by=by)


def stop(distribution: Distribution, *, by: Actor) -> Distribution:
    """For good: who has got nothing yet gets nothing. Within seconds the worker puts the codes whose message was never
    handed over back into the pool, and retires those of unknown messages (end_run.py). Raises NotPossible.
    """
    return move(distribution, Act.STOP, by=by, release_unsent_by=by.label)


def archive(distribution: Distribution, *, by: Actor) -> Distribution:
    """For good; its log stays. Who was waiting gets nothing. Raises NotPossible."""
    with transaction.atomic():
        archived = move(distribution, Act.ARCHIVE, by=by, log=False)
        waiting = Delivery.objects.filter(distribution=archived, state=Delivery.State.PENDING)
        left_out = waiting.update(state=Delivery.State.SKIPPED, reason=DeliveryReason.ARCHIVED, state_at=Now())
        record_of(archived, Act.ARCHIVE.label, by=by, left_out=left_out)
    return archived


def finish(distribution: Distribution) -> bool:
    """Whether this call did. The caller holds the row, and knows that nobody waits (end_run.py)."""
    return _move(distribution, Act.FINISH, by=SYSTEM)


def reopen(distribution: Distribution, *, by: Actor) -> bool:
    """One that was done has messages to send again, which the caller has put back and logs."""
    return _move(distribution, Act.SEND_AGAIN, by=by, where=Q(status=Distribution.Status.DONE), log=False)


def lock_for(distribution: Distribution, act: Act) -> Distribution:
    """The row, until the end of the caller's transaction, in a status from which the act is possible. Raises NotPossible."""
    rows = Distribution.objects.select_related("customer", "segment", "campaign", "webhook")
    current = rows.select_for_update(of=("self",), no_key=True).filter(pk=distribution.pk).first()
    if not current:
        raise NotPossible("This distribution no longer exists.")
    if act not in acts_open_to(current):
        raise NotPossible(why_not(current, act))
    return current


def move(
    distribution: Distribution,
    act: Act,
    *,
    by: Actor,
    log: bool = True,
    details: dict[str, Any] | None = None,
    **values: Any,
) -> Distribution:
    """As it is afterwards. `values` of other columns are written with the status, `details` with the entry in the audit
    log. Raises NotPossible.
    """
    with transaction.atomic():
        if not _move(distribution, act, by=by, log=log, details=details, **values):
            lock_for(distribution, act)  # says why not
            raise NotPossible("Someone else changed this distribution just now. Please look again.")
        return Distribution.objects.get(pk=distribution.pk)


def _move(
    distribution: Distribution,
    act: Act,
    *,
    by: Actor,
    where: Q | None = None,
    log: bool = True,
    details: dict[str, Any] | None = None,
    **values: Any,
) -> bool:
    """Whether this call did it."""
    moved = moves_of(act)
    status = Case(*(When(kind=kind, status=old, then=Value(new)) for kind, old, new in moved), output_field=CharField())
    changes: dict[str, Any] = {"status": status, "status_reason": "", "status_detail": "", "updated_at": Now()}
    if any(new in ENDED for _, _, new in moved):
        changes |= {"finished_at": Now()}
    elif any(new in AT_WORK for _, _, new in moved):
        at_once = {"rests": 0, "rests_until": None, "unknowns": 0}
        changes |= {"started_at": Coalesce("started_at", Now()), "finished_at": None, **at_once}
    allowed = reduce(or_, (Q(kind=kind, status=old) for kind, old, _ in moved))
    with transaction.atomic():
        rows = Distribution.objects.filter(allowed, where or Q(), pk=distribution.pk)
        changed = rows.update(**changes | values)
        if changed and _takes_no_more_codes(changes | values, moved):
            give_back([distribution.pk])
        if changed and act in EVENT_OF:
            note_if_heard(EVENT_OF[act], distribution.pk)
        if changed and log:
            record_of(distribution, act.label, by=by, **(details or {}))
    return bool(changed)


def _takes_no_more_codes(changes: dict[str, Any], moved: Sequence[tuple[Any, Any, Any]]) -> bool:
    return changes["status_reason"] in FOR_GOOD or any(new in ENDED for _, _, new in moved)


def _why_it_cannot_go_on(distribution: Distribution) -> StatusReason | None:
    if (
        distribution.message == Distribution.Message.WEBHOOK
        and distribution.webhook
        and distribution.webhook.deleted_at
    ):
        return StatusReason.WEBHOOK_DELETED
    return why_nothing_can_be_sent(distribution)


def record_of(distribution: Distribution, done: str, *, by: Actor, **details: Any) -> None:
    """The entry in the audit log: what was done to it, by whom."""
    record(
        f"distribution.{done}", by=by, object_id=distribution.public_id, object_label=distribution.name,
        campaign_id=distribution.campaign_id, **details,
    )  # fmt: skip
