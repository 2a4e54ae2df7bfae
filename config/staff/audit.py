"""The audit log: who did what. Each entry is written in the transaction of the act, so that neither exists without the
other.
"""

from __future__ import annotations

from typing import Any

from config.actor import Actor
from config.staff.models import AuditEntry


def record(
    action: str,
    *,
    by: Actor,
    object_id: str = "",
    object_label: str = "",
    campaign_id: int | None = None,
    **details: Any,
) -> None:
    """Adds one entry. `action` is noun, dot, verb in the past ("code.released"); `object_id` a public id.

    `object_label` and `details` must hold no personal value (no name, no e-mail): entries outlive an erased customer.
    """
    AuditEntry.objects.create(
        action=action,
        actor_kind=by.kind,
        actor_id=by.id,
        actor_label=by.label,
        object_id=object_id,
        object_label=object_label[:200],
        campaign_id=campaign_id,
        details=details,
    )
