"""Looks at everything that staff may have to be told of, and opens or ends the alerts."""

from __future__ import annotations

from django.utils import timezone

from config.alerts.actions.keep_alerts import keep_alerts
from config.alerts.models import Kind
from config.alerts.queries import rule_of
from config.staff.models import ProjectSettings
from config.staff.time_zone import zone
from publications.watch import conditions
from publications.watch.weekly import past_week


def look_around() -> int:
    """How many alerts were opened."""
    with timezone.override(zone(ProjectSettings.current().time_zone)):
        low, still = conditions.low_pools(rule_of(Kind.POOL_LOW))
        empty = conditions.empty_pools()
        # A pool that has become empty is low still: when it is filled up again, both are over.
        opened = keep_alerts(Kind.POOL_LOW, low, still=[*still, *(one.subject for one in empty)])
        opened += keep_alerts(Kind.POOL_EMPTY, empty)
        opened += keep_alerts(Kind.DISTRIBUTION_PAUSED, conditions.paused_distributions())
        opened += keep_alerts(Kind.DISTRIBUTION_FAILED, conditions.failed_distributions())
        opened += keep_alerts(Kind.IMPORT_FAILED, conditions.failed_imports())
        opened += keep_alerts(Kind.EXPORT_FAILED, conditions.failed_exports())
        opened += keep_alerts(Kind.WEBHOOK_PAUSED, conditions.paused_webhooks())
        opened += keep_alerts(Kind.FAILED_ATTEMPTS, conditions.failed_attempts(rule_of(Kind.FAILED_ATTEMPTS)))
        opened += keep_alerts(Kind.TRIED_BY_OTHERS, conditions.tried_by_others())
        opened += keep_alerts(Kind.WEEKLY, past_week(timezone.localtime()))
    return opened
