"""What the bell shows, and who gets which alerts."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.db.models import QuerySet

from config.alerts.models import DEFAULT_ROLE, AlertRule, Kind, Notice

COUNTED = 100  # the bell says 99+ from here on


def count_unread(user: User | AnonymousUser) -> int:
    """The user's unread notices, up to COUNTED."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT FROM alerts_notice WHERE user_id = %s AND read_at IS NULL LIMIT %s) AS n",
            [user.pk, COUNTED],
        )
        return cursor.fetchone()[0]


def notices_of(user: User) -> QuerySet[Notice]:
    return Notice.objects.filter(user=user).select_related("alert")


class RuleInForce(NamedTuple):
    """A kind with its rule, or the defaults if nobody has changed them."""

    kind: Kind
    rule: AlertRule
    told: list[str]  # roles, then people


def rules_in_force() -> list[RuleInForce]:
    """The rules of all kinds, in three queries."""
    stored = {rule.kind: rule for rule in AlertRule.objects.prefetch_related("roles", "people")}
    return [
        RuleInForce(kind, stored[kind], _told(stored[kind]))
        if kind in stored
        else RuleInForce(kind, AlertRule(kind=kind), [DEFAULT_ROLE])
        for kind in Kind
    ]


def rule_of(kind: Kind) -> AlertRule:
    """The stored one, or an unsaved one with the defaults."""
    return AlertRule.objects.filter(kind=kind).first() or AlertRule(kind=kind)


def _told(rule: AlertRule) -> list[str]:
    people = [user.get_full_name() or user.get_username() for user in rule.people.all()]
    return [*sorted(group.name for group in rule.roles.all()), *sorted(people)]
