"""Fires a rule: decides for whom, and notes for each what became of it.

    nothing -> Firing fired, with a Delivery pending     the engine publishes and sends it, as those of a manual run
    nothing -> Firing skipped, with the reason

All in the caller's transaction, which also takes the trigger off the outbox or moves the mark of a walk: so a trigger
fires once, whatever is killed. The rule's row is locked, so that how often it has fired for a customer is counted by
one at a time; unique indexes refuse whatever a mistake would write twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Count
from django.db.models.functions import Now

from campaigns.models import Campaign
from customers.models import Customer
from customers.segments.queries.find_segments import in_segment
from publications.automation.models import Firing, Rule
from publications.distributions.models import Delivery
from publications.distributions.reasons import FiringReason
from publications.models import Publication, PublishedVoucher

PERIODS = {Rule.Per.DAY: timedelta(days=1), Rule.Per.WEEK: timedelta(days=7), Rule.Per.MONTH: timedelta(days=30)}


# Both rows of each, in the order in which they were judged.
WRITE = """
WITH judged AS MATERIALIZED (
    SELECT * FROM unnest(%(keys)s::text[], %(customers)s::bigint[], %(reasons)s::text[], %(details)s::text[],
                         %(reminds)s::bigint[], %(expires)s::timestamptz[])
      WITH ORDINALITY AS judged (key, customer_id, reason, detail, reminds_id, expires_by, n)
), made AS (
    INSERT INTO distributions_delivery (distribution_id, customer_id, firing, reminds_id, expires_by)
    SELECT %(rule)s, customer_id, key, reminds_id, expires_by FROM judged WHERE reason = '' ORDER BY n
    RETURNING id, customer_id, firing
)
INSERT INTO automation_firing (distribution_id, key, customer_id, outcome, reason, detail, delivery_id)
SELECT %(rule)s, j.key, j.customer_id, CASE j.reason WHEN '' THEN 'fired' ELSE 'skipped' END, j.reason, j.detail, made.id
  FROM judged j LEFT JOIN made ON made.customer_id = j.customer_id AND made.firing = j.key
 ORDER BY j.n
"""


class Candidate(NamedTuple):
    key: str  # of the trigger: it fires once for a customer
    customer: int | None
    reminds: int | None = None  # the row of the ledger that a reminder is about
    expires_by: datetime | None = None


class Judged(NamedTuple):
    candidate: Candidate
    reason: FiringReason | None = None  # None: it fires
    detail: str = ""


def fire(rule: Rule, candidates: Sequence[Candidate]) -> int:
    """For how many it fired. The caller has locked the rule (`lock_rule`) in the same transaction."""
    fresh = _not_fired_yet(rule, candidates)
    if not fresh:
        return 0
    people = {candidate.customer for candidate in fresh if candidate.customer is not None}
    alive = _hold(people)
    wrong_segment = alive - _in_only_segment(rule, alive)
    with_one, without = (_holders(of, alive) for of in (rule.only_holders_of, rule.only_without))
    fired_before = _count_fired(rule, alive)
    judged: list[Judged] = []
    for candidate in fresh:
        who = candidate.customer
        if who is None:
            judged.append(Judged(candidate, FiringReason.NOBODY))
        elif who not in alive:
            judged.append(Judged(candidate, FiringReason.ERASED))
        elif who in wrong_segment:
            judged.append(Judged(candidate, FiringReason.NOT_IN_SEGMENT, str(rule.only_segment)))
        elif rule.only_holders_of and who not in with_one:
            judged.append(Judged(candidate, FiringReason.HOLDS_NO_CODE, str(rule.only_holders_of)))
        elif rule.only_without and who in without:
            judged.append(Judged(candidate, FiringReason.HOLDS_A_CODE, str(rule.only_without)))
        elif rule.at_most is not None and fired_before[who] >= rule.at_most:
            judged.append(Judged(candidate, FiringReason.TOO_OFTEN, _how_often(rule)))
        else:
            judged.append(Judged(candidate))
            fired_before[who] += 1
    _write(rule, judged)
    return sum(each.reason is None for each in judged)


def lock_rule(key: int, *, unless_locked: bool = False) -> Rule | None:
    """Until the end of the transaction; None where it does not listen any more, or (`unless_locked`) another has it."""
    rules = Rule.objects.listening().select_related(
        "distribution", "segment", "only_segment", "only_holders_of", "only_without"
    )
    return rules.select_for_update(of=("self",), no_key=True, skip_locked=unless_locked).filter(pk=key).first()


def _not_fired_yet(rule: Rule, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Without those for whom this very trigger was noted before: a segment that is walked through once more."""
    keys = {candidate.key for candidate in candidates}
    known = Firing.objects.filter(
        distribution_id=rule.pk, key__in=keys, customer__in=[candidate.customer for candidate in candidates]
    )
    seen = set(known.values_list("key", "customer"))
    return [candidate for candidate in dict.fromkeys(candidates) if candidate[:2] not in seen]


def _hold(people: Iterable[int]) -> set[int]:
    """Those who are not erased, and will not be until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM customers_customer WHERE id = ANY(%s) AND erased_at IS NULL ORDER BY id FOR KEY SHARE",
            [sorted(people)],
        )
        return {key for (key,) in cursor.fetchall()}


def _in_only_segment(rule: Rule, people: set[int]) -> set[int]:
    if not rule.only_segment or not people:
        return people
    return set(Customer.objects.filter(in_segment(rule.only_segment), pk__in=people).values_list("pk", flat=True))


def _holders(campaign: Campaign | None, people: set[int]) -> set[int]:
    """Of these people. A code that was released is held no more."""
    if not campaign or not people:
        return set()
    held = Publication.objects.filter(campaign=campaign, customer__in=people, result="SUCCESS", voided_at=None)
    settled = PublishedVoucher.objects.filter(settled_to__in=people, released_at=None, publication__campaign=campaign)
    return {*held.values_list("customer", flat=True), *settled.values_list("settled_to", flat=True)}


def _count_fired(rule: Rule, people: set[int]) -> Counter[int]:
    """Within the rule's period. Who was left out after all (holds a code, …) has got nothing, so that does not count."""
    if rule.at_most is None:
        return Counter()
    fired = Firing.objects.filter(distribution_id=rule.pk, outcome=Firing.Outcome.FIRED, customer__in=people)
    if rule.per in PERIODS:
        fired = fired.filter(created_at__gt=Now() - PERIODS[Rule.Per(rule.per)])
    fired = fired.exclude(delivery__state=Delivery.State.SKIPPED, delivery__publication=None).order_by()
    return Counter(dict(fired.values_list("customer").annotate(Count("pk"))))


def _how_often(rule: Rule) -> str:
    times = "once" if rule.at_most == 1 else f"{rule.at_most:,} times"
    return f"at most {times} {'' if rule.per == Rule.Per.EVER else rule.get_per_display()}".strip()


def _write(rule: Rule, judged: Sequence[Judged]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE,
            {
                "rule": rule.pk,
                "keys": [each.candidate.key for each in judged],
                "customers": [each.candidate.customer for each in judged],
                "reasons": [each.reason.value if each.reason else "" for each in judged],
                "details": [each.detail[:300] for each in judged],
                "reminds": [each.candidate.reminds for each in judged],
                "expires": [each.candidate.expires_by for each in judged],
            },
        )
