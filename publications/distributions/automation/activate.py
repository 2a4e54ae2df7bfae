"""Activates, pauses and archives an automatic distribution."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from config.actor import Actor
from config.advisory_locks import Lock
from config.note_event import listen
from customers.watch_segments import unwatch_segments, watch_segment
from publications.distributions.automation.find_loop import find_loop
from publications.distributions.automation.fire_rules import KINDS
from publications.distributions.automation.models import Rule
from publications.distributions.automation.walk_segments import ALREADY, InvalidCron, next_time
from publications.distributions.change_run import NotPossible, record_of
from publications.distributions.models import Delivery, Distribution
from publications.distributions.reasons import DeliveryReason, StatusReason
from publications.distributions.schedule import NotReady, what_is_missing

Status, T = Distribution.Status, Rule.Trigger


class LoopFound(NotReady):
    """It would start itself, directly or through others; the message names the way round."""

    def __init__(self, way: str) -> None:
        super().__init__(
            [f"This would go round in a circle for ever: {way}. Change a trigger, or which codes one gives."]
        )


def activate(distribution: Distribution, *, by: Actor) -> Distribution:
    """From now on it fires. Raises NotReady (LoopFound among it) and NotPossible; then nothing was changed.

    Of one that Handout has paused, what was waiting goes on. Of one that staff had paused, what happened meanwhile is
    passed by, as before its first activation.
    """
    with transaction.atomic():
        Lock.ACTIVATIONS.hold()  # so that of two that make a loop together the second sees the first
        current = _lock(distribution)
        if current.status not in (Status.DRAFT, Status.PAUSED):
            raise NotPossible(f"It is {current.get_status_display().lower()}, so it was not activated.")
        rule = Rule.objects.select_related("distribution__campaign", "segment", "campaign").get(pk=current.pk)
        if problems := [*what_is_missing(current), *_problems_of(rule)]:
            raise NotReady(problems)
        if way := find_loop(rule):
            raise LoopFound(way)
        listened_all_along = current.paused_by_handout
        _set(current, Status.ACTIVE, rests=0, rests_until=None, unknowns=0)
        Distribution.objects.filter(pk=current.pk, started_at=None).update(started_at=Now())
        if not listened_all_along:
            _begin(rule)
        record_of(current, "activated", by=by)
    return current


def pause(distribution: Distribution, *, by: Actor) -> Distribution:
    """Nothing more fires, and nothing more is published or sent, until it is activated again. Raises NotPossible."""
    with transaction.atomic():
        current = _lock(distribution)
        if not (current.status == Status.ACTIVE or current.paused_by_handout):
            raise NotPossible(f"It is {current.get_status_display().lower()}, so it was not paused.")
        _set(current, Status.PAUSED, StatusReason.STAFF)
        _end(current)
        record_of(current, "paused", by=by)
    return current


def archive(distribution: Distribution, *, by: Actor) -> Distribution:
    """For good; its log stays. Who was waiting gets nothing. Raises NotPossible."""
    with transaction.atomic():
        current = _lock(distribution)
        if current.status not in (Status.ACTIVE, Status.PAUSED):
            raise NotPossible(f"It is {current.get_status_display().lower()}, so it was not archived.")
        _set(current, Status.ARCHIVED)
        _end(current)
        Distribution.objects.filter(pk=current.pk).update(finished_at=Now())
        waiting = Delivery.objects.filter(distribution=current, state=Delivery.State.PENDING)
        left_out = waiting.update(state=Delivery.State.SKIPPED, reason=DeliveryReason.ARCHIVED, state_at=Now())
        record_of(current, "archived", by=by, left_out=left_out)
    return current


def _lock(distribution: Distribution) -> Distribution:
    automatic = Distribution.objects.automatic().select_related("campaign", "webhook", "segment")
    if current := automatic.select_for_update(of=("self",), no_key=True).filter(pk=distribution.pk).first():
        return current
    raise NotPossible("This distribution does not exist any more.")


def _set(current: Distribution, status: Distribution.Status, reason: StatusReason | str = "", **values: Any) -> None:
    """The locked row, and the object like it."""
    values |= {"status": status, "status_reason": reason, "status_detail": ""}
    Distribution.objects.filter(pk=current.pk).update(updated_at=Now(), **values)
    for name, value in values.items():
        setattr(current, name, value)


def _problems_of(rule: Rule) -> list[str]:
    if rule.trigger == T.SCHEDULE:
        try:
            next_time(rule.cron)
        except InvalidCron as wrong:
            return [str(wrong)]
    if rule.campaign and rule.campaign.deleted_at:
        return [f"The campaign “{rule.campaign.name}” that it waits for was deleted. Choose another."]
    return []


def _begin(rule: Rule) -> None:
    changes: dict = {"activated_at": Now(), "next_run_at": None, "walk": "", "walk_up_to": 0}
    trigger = T(rule.trigger)
    if trigger in (T.SEGMENT_ENTERED, T.SEGMENT_LEFT):
        assert rule.segment is not None  # the constraint rule_trigger_is_complete
        watch_segment(rule.segment, owner=rule.owner)
        if trigger == T.SEGMENT_ENTERED and rule.with_those_in_it:
            changes["walk"] = ALREADY
    elif trigger == T.SCHEDULE:
        changes["next_run_at"] = next_time(rule.cron)
    else:
        listen(KINDS[trigger], owner=rule.owner)
    Rule.objects.filter(pk=rule.pk).update(**changes)


def _end(distribution: Distribution) -> None:
    rule = Rule.objects.get(pk=distribution.pk)
    unwatch_segments(owner=rule.owner)
    Rule.objects.filter(pk=rule.pk).update(next_run_at=None, walk="", walk_up_to=0)
