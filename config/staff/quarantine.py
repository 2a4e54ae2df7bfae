"""The quarantine: while one is open nothing is published, since part of what was given is lost (ADR 0026).

Every statement that publishes looks at it itself, so that nothing that was known a moment ago is trusted. It reads a table
that is empty in nearly every installation. `publications/quarantine/` opens, walks through and ends one.
"""

from __future__ import annotations

from datetime import UTC

from django.db import connection
from django.db.models import Exists

from config.staff.models import Quarantine

IS_OPEN = "EXISTS (SELECT FROM staff_quarantine WHERE ended_at IS NULL)"
NOT_OPEN = f"NOT {IS_OPEN}"


def current() -> Quarantine | None:
    return Quarantine.objects.filter(ended_at=None).first()


def is_open() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {IS_OPEN}")
        return cursor.fetchone()[0]


def open_one() -> Exists:
    """The same for querysets."""
    return Exists(Quarantine.objects.filter(ended_at=None))


def reason(quarantine: Quarantine) -> str:
    """Why nothing is published, for people and for clients of the API."""
    since = quarantine.lost_since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        f"{quarantine.get_cause_display()}, so Handout does not know which codes were published since {since}: someone could "
        "already have the next code. Nothing is published until a Manager has reviewed these codes."
    )
