"""Changes the project's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from config.actor import Actor
from config.staff.audit import record
from config.staff.models import ProjectSettings


def change_settings(changes: Mapping[str, Any], *, by: Actor) -> list[str]:
    """Writes the (clean) settings that differ and returns their names; the audit log records old and new values.

    The row is locked first, so that two Managers who save at once are both recorded with the values they really
    replaced.
    """
    ProjectSettings.current()  # makes the row on a database that has none yet
    with transaction.atomic():
        settings = ProjectSettings.objects.select_for_update().get(id=1)
        before = {name: getattr(settings, name) for name in changes}
        changed = [name for name, value in changes.items() if value != before[name]]
        if changed:
            for name in changed:
                setattr(settings, name, changes[name])
            settings.save(update_fields=changed)
            record(
                "settings.changed",
                by=by,
                object_label=settings.name,
                changes={name: {"from": before[name], "to": changes[name]} for name in changed},
            )
    return changed
