"""Finds out whether a rule would start itself: what it publishes starts others, which publish what starts it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from publications.automation.models import Rule
from publications.redemptions.count_for_segments import campaigns_published_in

T = Rule.Trigger
# How a code that is published starts another rule.
THROUGH = {T.CODE_PUBLISHED: "", T.CODE_EXPIRED: " may expire, which"}


def find_loop(rule: Rule) -> str:
    """The way round, for staff: "“A” publishes a code of Spring, which starts “B”, which publishes …". "" if there is none.

    By what the others that listen are now. The caller holds the lock of activations, so none is added meanwhile; and what
    it rests on (trigger, segment, campaign) cannot be changed while a rule listens.
    """
    others = Rule.objects.listening().exclude(pk=rule.pk)
    rules = [rule, *others.select_related("distribution__campaign", "segment")]
    for way in _ways(rule, rules, [rule]):
        return _told(way)
    return ""


def _ways(goal: Rule, rules: list[Rule], way: list[Rule]) -> Iterator[list[Rule]]:
    """Each rule is gone through once: whatever can be reached from it was looked at then."""
    seen = {goal.pk}
    stack = [way]
    while stack:
        way = stack.pop()
        for rule in rules:
            if starts(way[-1], rule):
                if rule.pk == goal.pk:
                    yield [*way, rule]
                elif rule.pk not in seen:
                    seen.add(rule.pk)
                    stack.append([*way, rule])


def starts(one: Rule, other: Rule) -> bool:
    """Whether what one publishes may start the other."""
    published = one.distribution.campaign_id
    if published is None:
        return False
    if one.distribution.remind:
        return False
    # A code that expires is replaced by one that expires: that has no end either.
    if other.trigger in THROUGH:
        return other.campaign_id in (None, published)
    if other.trigger in (T.SEGMENT_ENTERED, T.SEGMENT_LEFT) and other.segment:
        return published in campaigns_published_in(other.segment.filter)
    return False


def _told(way: list[Rule]) -> str:
    words = f"“{way[0].distribution}”"
    for one, other in pairwise(way):
        through = (
            THROUGH[T(other.trigger)] if other.trigger in THROUGH else f" changes who is in “{other.segment}”, which"
        )
        words += f" publishes a code of {one.distribution.campaign}, which{through} starts “{other.distribution}”"
        if other is not way[-1]:
            words += ", which"
    return words
