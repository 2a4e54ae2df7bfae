"""Activates an automatic distribution, and lets go of what an idle one listened to.

To pause, resume and archive one see change_status.py, which knows nothing of rules: what a rule listens to is let go
of behind the act, by the worker, whoever did it. It fires only while its status says so.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from config.actor import Actor
from config.advisory_locks import Lock
from config.events.models import Listener
from config.events.note import listen
from customers.segments.actions.watch_segments import unwatch_segments, watch_segment
from publications.automation.actions.fire_rules import KINDS
from publications.automation.actions.walk_segments import ALREADY, InvalidCron, next_time
from publications.automation.models import Rule
from publications.automation.queries.find_loop import find_loop
from publications.distributions.actions.change_status import lock_for, move
from publications.distributions.actions.schedule import NotReady, what_is_missing
from publications.distributions.models import Distribution
from publications.distributions.states import LISTENING, Act

T = Rule.Trigger


class LoopFound(NotReady):
    """It would start itself, directly or through others; the message names the way round."""

    def __init__(self, way: str) -> None:
        super().__init__([f"This would repeat endlessly: {way}. Change a trigger, or which codes are published."])


def activate(distribution: Distribution, *, by: Actor) -> Distribution:
    """From now on it fires; what happened before, or while staff had paused it, is passed by.

    Raises NotReady (LoopFound among it) and NotPossible; then nothing was changed.
    """
    with transaction.atomic():
        Lock.ACTIVATIONS.hold()  # so that of two that make a loop together the second sees the first
        current = lock_for(distribution, Act.ACTIVATE)
        rule = Rule.objects.select_related("distribution__campaign", "segment", "campaign").get(pk=current.pk)
        if problems := [*what_is_missing(current), *_problems_of(rule)]:
            raise NotReady(problems)
        if way := find_loop(rule):
            raise LoopFound(way)
        _let_go(rule)  # of before it was paused, where the worker has not come to it yet
        _begin(rule)
        return move(current, Act.ACTIVATE, by=by)


def let_go_of_idle_rules() -> int:
    """How many rules stopped listening since the last look. Safe at any time, and when run twice."""
    idle = Rule.objects.exclude(distribution__status__in=LISTENING)
    owners = Listener.objects.filter(owner__startswith=Rule.OWNER).values_list("owner", flat=True)
    listening = [int(owner.removeprefix(Rule.OWNER)) for owner in owners]
    at_it = idle.filter(Q(pk__in=listening) | Q(next_run_at__isnull=False) | ~Q(walk=""))
    return sum(_let_go_if_idle(key) for key in at_it.values_list("pk", flat=True))


def _let_go_if_idle(key: int) -> bool:
    """Under a lock on the distribution's row, for which whoever activates it at this moment waits."""
    with transaction.atomic():
        idle = Distribution.objects.exclude(status__in=LISTENING).filter(pk=key)
        if not idle.select_for_update(no_key=True).first():
            return False
        _let_go(Rule.objects.get(pk=key))
    return True


def _let_go(rule: Rule) -> None:
    unwatch_segments(owner=rule.owner)
    Rule.objects.filter(pk=rule.pk).update(next_run_at=None, walk="", walk_up_to=0)


def _problems_of(rule: Rule) -> list[str]:
    if rule.cron:
        try:
            next_time(rule.cron)
        except InvalidCron as wrong:
            return [str(wrong)]
    if rule.campaign and rule.campaign.deleted_at:
        return [f"The campaign “{rule.campaign.name}” in its trigger was deleted. Choose another."]
    return []


def _begin(rule: Rule) -> None:
    changes: dict = {"activated_at": Now(), "next_run_at": None, "walk": "", "walk_up_to": 0}
    trigger = T(rule.trigger)
    if trigger in (T.SEGMENT_ENTERED, T.SEGMENT_LEFT):
        assert rule.segment is not None  # the constraint rule_trigger_is_complete
        watch_segment(rule.segment, owner=rule.owner)
        if trigger == T.SEGMENT_ENTERED and rule.with_those_in_it:
            changes["walk"] = ALREADY
    elif rule.cron:
        changes["next_run_at"] = next_time(rule.cron)
    else:
        listen(KINDS[trigger], owner=rule.owner)
    Rule.objects.filter(pk=rule.pk).update(**changes)
