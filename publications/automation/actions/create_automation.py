"""Makes, changes and throws away what an automatic distribution is made of. While it is active, none of that changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.db.models.functions import Now

from config.actor import Actor
from publications.automation.models import Rule
from publications.distributions.actions.change_draft import CALLED
from publications.distributions.actions.change_status import NotPossible, lock_for, record_of
from publications.distributions.models import Distribution
from publications.distributions.states import Act

Status = Distribution.Status
# In the log, where several fields are one thing to staff.
CALLED_HERE = CALLED | {
    "trigger": "trigger",
    "with_those_in_it": "handling of current members",
    "event_name": "event",
    "event_filter": "event conditions",
    "cron": "times",
    "days_before": "days before the last one",
    "every": "referee interval",
    **dict.fromkeys(("only_segment", "only_holders_of", "only_without"), "conditions"),
    **dict.fromkeys(("at_most", "per"), "limit per customer"),
}
# What an action may be when it is first thought of: staff choose codes and message on pages of their own.
NEW = {"audience": Distribution.Audience.TRIGGER, "skip_holders": False}


def create_automation(name: str, *, rule: Mapping[str, Any], by: Actor, **action: Any) -> Distribution:
    """A draft. `rule` are fields of Rule, `action` those of Distribution (campaign, message, …)."""
    with transaction.atomic():
        draft = Distribution.objects.create(
            name=name, kind=Distribution.Kind.AUTOMATIC, **NEW | action,
            actor_kind=by.kind, actor_id=by.id, actor_label=by.label,
        )  # fmt: skip
        Rule.objects.create(distribution=draft, **rule)
        record_of(draft, "created", by=by)
    draft.refresh_from_db()
    return draft


def change_automation(
    distribution: Distribution, *, rule: Mapping[str, Any] | None = None, by: Actor, **changes: Any
) -> list[str]:
    """Writes what differs, and answers with the fields' names. Raises NotPossible while it is active or archived."""
    with transaction.atomic():
        row = lock_for(distribution, Act.CHANGE)
        changed = {name: value for name, value in changes.items() if getattr(row, name) != value}
        held = Rule.objects.get(pk=row.pk)
        of_rule = {name: value for name, value in (rule or {}).items() if getattr(held, name) != value}
        if changed:
            Distribution.objects.filter(pk=row.pk).update(**changed, updated_at=Now())
        if of_rule:
            Rule.objects.filter(pk=row.pk).update(**of_rule)
        fields = [name.removesuffix("_id") for name in (*changed, *of_rule)]
        if fields:
            words = (CALLED_HERE.get(name, name) for name in fields)
            record_of(row, "changed", by=by, fields=list(dict.fromkeys(words)))
    for name, value in changed.items():
        setattr(distribution, name, value)
    return fields


def discard_automation(distribution: Distribution, *, by: Actor) -> None:
    """A draft that never was active. Raises NotPossible."""
    with transaction.atomic():
        row = lock_for(distribution, Act.CHANGE)
        if row.status != Status.DRAFT:
            raise NotPossible("It has been active, so its log must be kept. Archive it instead.")
        try:
            row.delete()
        except (ProtectedError, IntegrityError):
            raise NotPossible("It is part of a referral program. Change the program instead.") from None
        record_of(distribution, "discarded", by=by)
