"""Changes a key's name, expiry, allowed networks or daily limit of codes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from config.actor import Actor
from config.api.models import ApiKey
from config.staff.audit import record


def change_api_key(
    key: ApiKey,
    *,
    name: str,
    expires_at: datetime | None,
    networks: Sequence[str],
    codes_per_day: int | None = None,
    by: Actor,
) -> list[str]:
    """Returns the names of what changed. `networks` as from `networks_of()`. A revoked key never changes."""
    wanted = {"name": name, "expires_at": expires_at, "networks": list(networks), "codes_per_day": codes_per_day}
    with transaction.atomic():
        now = ApiKey.objects.select_for_update().filter(pk=key.pk, revoked_at=None).first()
        if not now:
            return []
        changes = {
            field: {"from": _shown(getattr(now, field)), "to": _shown(value)}
            for field, value in wanted.items()
            if getattr(now, field) != value
        }
        if changes:
            ApiKey.objects.filter(pk=key.pk).update(**wanted)
            record("api_key.changed", by=by, object_id=str(now.app_id), object_label=name, changes=changes)
    return list(changes)


def _shown(value: Any) -> Any:
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else value
