"""Changes who gets a kind of alert, and at which limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import transaction

from config.actor import Actor
from config.alerts.models import AlertRule, Kind
from config.staff.audit import record


def change_rule(
    kind: Kind, values: dict[str, Any], *, roles: Sequence[Group], people: Sequence[User], by: Actor
) -> None:
    """`values` are columns of AlertRule. Applies to alerts that begin from now on."""
    with transaction.atomic():
        rule, _ = AlertRule.objects.update_or_create(kind=kind, defaults=values)
        rule.roles.set(roles)
        rule.people.set(people)
        record(
            "alerts.changed", by=by, object_label=str(kind.label), roles=sorted(role.name for role in roles), **values
        )
