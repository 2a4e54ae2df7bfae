"""Fires for whole segments: at a rule's set times, and for those who are in a segment already when a rule begins; and for
the codes of a campaign that expire soon.

In batches by customer, or by code; each is a transaction that also moves the mark on the rule. So whatever is killed goes on where
it was, and nobody is passed twice.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from croniter import croniter
from django.db import transaction
from django.utils import timezone

from config.staff.models import ProjectSettings
from config.staff.quarantine import is_open
from config.staff.time_zone import zone
from customers.models import Customer
from customers.segments.actions.watch_segments import is_getting_ready
from customers.segments.models import WatchedMember
from customers.segments.queries.find_segments import in_segment
from publications.automation.actions.fire import Candidate, fire, lock_rule
from publications.automation.models import Rule
from publications.automation.queries.expiring_codes import expiring_codes

BATCH = 1_000
MOST_BATCHES = 50  # of one rule in one go; the next is seconds away
RANDOM = re.compile(r"\b[rh]\b", re.IGNORECASE)  # croniter's "at any minute": another one each time that it is asked
ALREADY = "already"  # the key of those who were in the segment; the same each time, so that nobody gets it again


class InvalidCron(ValueError):
    """Not five fields of a cron, or one that never comes. The message shows what one looks like."""


def walk_segments() -> int:
    """Starts what is due by the clock, and goes on with what is under way: for how many it fired."""
    _follow_the_time_zone()
    fired = 0
    if is_open():  # the quarantine's end is soon enough
        return fired
    for key in Rule.objects.listening().filter(next_run_at__lte=timezone.now(), walk="").values_list("pk", flat=True):
        _start(key)
    for key in Rule.objects.listening().exclude(walk="").order_by("pk").values_list("pk", flat=True):
        for _ in range(MOST_BATCHES):
            more, fired_now = _step(key)
            fired += fired_now
            if not more:
                break
    return fired


def next_time(cron: str, *, after: datetime | None = None) -> datetime:
    """The next moment that the cron names, in the project's time zone. Raises InvalidCron.

    When clocks are put back an hour comes twice: what names an hour is due in the first, what names each hour in both.
    What falls into an hour that is left out when they are put forward is due right after it.
    """
    here: ZoneInfo = zone(ProjectSettings.current().time_zone)
    try:
        if len(cron.split()) != 5 or RANDOM.search(cron):
            raise ValueError(cron)
        times = croniter(cron, (after or timezone.now()).astimezone(here))
        found = times.get_next(datetime)
        while found.fold and not cron.split()[1].startswith("*"):
            found = times.get_next(datetime)
        return found
    except (ValueError, KeyError, TypeError):
        raise InvalidCron(
            "Write five fields: minute, hour, day of the month, month, day of the week. 0 9 * * 1 is every Monday at 9:00."
        ) from None


def _follow_the_time_zone() -> None:
    """Nine o'clock is another moment once the project's time zone was changed."""
    now = timezone.now()
    for rule in Rule.objects.listening().exclude(cron="").filter(next_run_at__gt=now):
        if (right := next_time(rule.cron, after=now)) != rule.next_run_at:
            Rule.objects.filter(pk=rule.pk, next_run_at=rule.next_run_at).update(next_run_at=right)


def _start(key: int) -> None:
    """However many times have passed meanwhile: once."""
    with transaction.atomic():
        rule = lock_rule(key)
        if rule and not rule.walk and rule.next_run_at and rule.next_run_at <= timezone.now():
            walk = f"time {rule.next_run_at:%Y-%m-%dT%H:%MZ}"
            Rule.objects.filter(pk=key).update(walk=walk, walk_up_to=0, next_run_at=next_time(rule.cron))


def _step(key: int) -> tuple[bool, int]:
    """(whether there is more, for how many it fired)."""
    with transaction.atomic():
        rule = lock_rule(key, unless_locked=True)  # another worker walks already, or an event fires just now
        if not rule or not rule.walk:
            return False, 0
        if rule.trigger == Rule.Trigger.EXPIRES_SOON:
            found = expiring_codes(rule)
            fired = fire(rule, found.candidates)
            return _moved(key, found.up_to), fired
        if rule.walk == ALREADY:
            if is_getting_ready(cast("int", rule.segment_id)):
                return False, 0
            members = WatchedMember.objects.filter(segment=rule.segment_id, since__lte=rule.activated_at)
            people = list(
                members.filter(customer__gt=rule.walk_up_to)
                .order_by("customer")
                .values_list("customer", flat=True)[:BATCH]
            )
        else:
            assert rule.segment is not None  # the constraint rule_trigger_is_complete
            inside = Customer.objects.live().filter(in_segment(rule.segment), pk__gt=rule.walk_up_to)
            people = list(inside.order_by("pk").values_list("pk", flat=True)[:BATCH])
        fired = fire(rule, [Candidate(rule.walk, person) for person in people])
        return _moved(key, people[-1] if len(people) == BATCH else None), fired


def _moved(key: int, up_to: int | None) -> bool:
    """Whether the walk goes on: the mark is moved, or (None) the walk is over."""
    if up_to is None:
        Rule.objects.filter(pk=key).update(walk="", walk_up_to=0)
    else:
        Rule.objects.filter(pk=key).update(walk_up_to=up_to)
    return up_to is not None
